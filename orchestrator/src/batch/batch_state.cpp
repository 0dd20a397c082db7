#include "batch/batch_state.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::int32_t application = 0x656e6342;  // "encB"
constexpr std::int32_t version = 1;
constexpr const char* kind = "a state of enough's batches";
// `shares` are of a budget of calls; `need` is null unless the item waits for its next call; `earlier` counts the calls
// of tries that were begun anew. The index `sums` spares those who count the texts. `key` is the id as equal JSON
// values have it in common; a result's long text stands last.
constexpr const char* schema = R"(
CREATE TABLE batch (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (number INTEGER PRIMARY KEY, line INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, id TEXT,
  inputs TEXT NOT NULL, expected TEXT);
CREATE TABLE results (number INTEGER PRIMARY KEY, status TEXT NOT NULL, calls INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  usd REAL NOT NULL, report TEXT NOT NULL);
CREATE INDEX sums ON results (status, calls, input_tokens, cached_input_tokens, output_tokens, usd);
CREATE TABLE earlier (calls INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usd REAL);
CREATE TABLE waste (key TEXT PRIMARY KEY, calls INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER,
  output_tokens INTEGER, usd REAL) WITHOUT ROWID;
CREATE TABLE events (item INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (item, number)) WITHOUT ROWID;
CREATE TABLE shares (number INTEGER PRIMARY KEY, granted INTEGER NOT NULL, earlier INTEGER NOT NULL, need INTEGER,
  usd REAL NOT NULL DEFAULT 0);
CREATE INDEX needs ON shares (granted, need DESC, number) WHERE need IS NOT NULL;
CREATE TABLE evenly (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE set_aside (line INTEGER PRIMARY KEY, fault TEXT NOT NULL, text TEXT NOT NULL);
)";
constexpr const char* sums =
    "coalesce(sum(calls), 0), coalesce(sum(input_tokens), 0), "
    "coalesce(sum(cached_input_tokens), 0), coalesce(sum(output_tokens), 0), "
    "coalesce(sum(usd), 0)";

constexpr std::size_t largest_page = 4 << 20;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// 1 and 1.0 are the same id.
std::string key_of(const json& id) {
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (!id.is_number_float()) return text_of(id);
    const double number = id.get<double>();
    if (number != std::floor(number) || std::abs(number) >= exact) return text_of(id);
    return text_of(static_cast<std::int64_t>(number));
}

double real(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::int64_t one_number(SqliteDatabase& database, std::string_view sql) {
    SqliteStatement statement = database.prepare(sql);
    return statement.step() ? statement.number(0) : 0;
}

}  // namespace

RunTotals totals_in(const SqliteStatement& row, int first) {
    return {row.number(first), row.number(first + 1), row.number(first + 2), row.number(first + 3),
            real(row.text(first + 4))};
}

SqliteDatabase open_batch_state(const std::filesystem::path& file) {
    SqliteDatabase database(file);
    database.become(application, version, schema, kind);
    // A crash of the process loses nothing; one of the machine at most the last moments, and never the file.
    database.execute("PRAGMA synchronous = NORMAL");
    return database;
}

BatchState BatchState::look(const std::filesystem::path& file) {
    SqliteDatabase database(file);
    if (one_number(database, "PRAGMA application_id") != application ||
        one_number(database, "PRAGMA user_version") != version)
        throw std::runtime_error(fmt::format("{} is not {} of this program", file.string(), kind));
    return BatchState(std::move(database));
}

BatchState::BatchState(const std::filesystem::path& file) : BatchState(open_batch_state(file)) {}

BatchState::BatchState(SqliteDatabase database)
    : database_(std::move(database)),
      add_(database_.prepare("INSERT OR IGNORE INTO items (line, key, id, inputs, expected) VALUES (?, ?, ?, ?, ?)")) {}

std::optional<BatchIdentity> BatchState::identity() {
    SqliteStatement all = database_.prepare("SELECT name, value FROM batch");
    std::map<std::string, std::string> values;
    while (all.step())
        values[all.text(0)] = all.text(1);
    if (values.empty()) return std::nullopt;
    return BatchIdentity{values["workflow"], values["workflow_hash"], values["data_hash"], values["begun"],
                         values["id"],       values["calls_per_item"]};
}

void BatchState::set_identity(const BatchIdentity& identity) {
    SqliteStatement set = database_.prepare("INSERT OR REPLACE INTO batch (name, value) VALUES (?, ?)");
    set.bind(1, "workflow").bind(2, identity.workflow).step();
    set.bind(1, "workflow_hash").bind(2, identity.workflow_hash).step();
    set.bind(1, "data_hash").bind(2, identity.data_hash).step();
    set.bind(1, "begun").bind(2, identity.begun).step();
    set.bind(1, "id").bind(2, identity.id).step();
    set.bind(1, "calls_per_item").bind(2, identity.calls_per_item).step();
}

BatchState::Added BatchState::add(const DataItem& item) {
    const std::string key = key_of(item.id);
    const std::string id = text_of(item.id);
    add_.bind(1, std::int64_t{item.line}).bind(2, key).bind(4, text_of(item.inputs));
    id == key ? add_.bind_null(3) : add_.bind(3, id);
    item.expected.is_null() ? add_.bind_null(5) : add_.bind(5, text_of(item.expected));
    add_.step();
    if (database_.changes() > 0) return {true, item.line};
    SqliteStatement find = database_.prepare("SELECT line FROM items WHERE key = ?");
    find.bind(1, key).step();
    return {false, find.number(0)};
}

void BatchState::set_aside(std::int64_t line, const std::string& fault, const std::string& text) {
    SqliteStatement add = database_.prepare("INSERT INTO set_aside (line, fault, text) VALUES (?, ?, ?)");
    add.bind(1, line).bind(2, fault).bind(3, text).step();
}

void BatchState::put_items_away() {
    database_.execute("CREATE TEMP TABLE old_items AS SELECT number, key, inputs FROM main.items");
    database_.execute("DELETE FROM items; DELETE FROM set_aside");
}

void BatchState::keep_results() {
    database_.execute(R"(
CREATE TEMP TABLE same AS SELECT o.number AS was, i.number AS number FROM temp.old_items o
  JOIN main.items i ON i.key = o.key AND i.inputs = o.inputs;
CREATE TEMP TABLE kept AS SELECT s.number, r.status, r.calls, r.input_tokens, r.cached_input_tokens, r.output_tokens,
  r.usd, r.report FROM temp.same s JOIN main.results r ON r.number = s.was;
INSERT INTO earlier SELECT sum(calls), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(usd)
  FROM results WHERE number NOT IN (SELECT was FROM temp.same);
CREATE TEMP TABLE kept_events AS SELECT s.number AS item, e.number, e.body FROM temp.same s
  JOIN main.events e ON e.item = s.was;
DELETE FROM results;
INSERT INTO results SELECT * FROM temp.kept;
DELETE FROM events;
INSERT INTO events SELECT * FROM temp.kept_events;
DROP TABLE temp.kept_events;
DROP TABLE temp.kept;
DROP TABLE temp.same;
DROP TABLE temp.old_items;
)");
}

void BatchState::begin_shares_anew(std::string_view which) {
    database_.execute(
        fmt::format("UPDATE shares SET earlier = earlier + granted, granted = 0, need = {}, usd = 0 WHERE {}",
                    order_of_need(neediest), which));
}

void BatchState::retry_failed() {
    SqliteTransaction all(database_);
    database_.execute(
        "INSERT INTO earlier SELECT sum(calls), sum(input_tokens), sum(cached_input_tokens), "
        "sum(output_tokens), sum(usd) FROM results WHERE status = 'failed'");
    begin_shares_anew("number IN (SELECT number FROM results WHERE status = 'failed')");
    for (const char* kept : {"events WHERE item", "evenly WHERE number"})
        database_.execute(fmt::format("DELETE FROM {} IN (SELECT number FROM results WHERE status = 'failed')", kept));
    database_.execute("DELETE FROM results WHERE status = 'failed'");
    all.commit();
}

void BatchState::add_earlier(const RunTotals& totals) {
    SqliteStatement add = database_.prepare("INSERT INTO earlier VALUES (?, ?, ?, ?, ?)");
    add.bind(1, totals.calls).bind(2, totals.input_tokens).bind(3, totals.cached_input_tokens);
    add.bind(4, totals.output_tokens).bind(5, fmt::format("{}", totals.usd)).step();
}

void BatchState::forget_events(const std::function<RunTotals(const std::vector<Event>&)>& used) {
    std::vector<std::int64_t> items;  // that were under way at once, or all that wait for a call: a number each
    SqliteStatement rows =
        database_.prepare("SELECT DISTINCT item FROM events WHERE item NOT IN (SELECT number FROM results)");
    while (rows.step())
        items.push_back(rows.number(0));
    SqliteTransaction all(database_);
    for (const std::int64_t item : items)
        add_earlier(used(events(item)));
    begin_shares_anew("number NOT IN (SELECT number FROM results)");
    database_.execute("DELETE FROM events; DELETE FROM evenly");
    all.commit();
}

void BatchState::set_inputs(std::int64_t item, const nlohmann::json& inputs) {
    SqliteStatement set = database_.prepare("UPDATE items SET inputs = ? WHERE number = ?");
    set.bind(1, text_of(inputs)).bind(2, item).step();
}

bool BatchState::add_waste(const std::string& key, const RunTotals& totals) {
    SqliteStatement add = database_.prepare("INSERT OR IGNORE INTO waste VALUES (?, ?, ?, ?, ?, ?)");
    add.bind(1, key).bind(2, totals.calls).bind(3, totals.input_tokens).bind(4, totals.cached_input_tokens);
    add.bind(5, totals.output_tokens).bind(6, fmt::format("{}", totals.usd)).step();
    return database_.changes() > 0;
}

BatchCounts BatchState::counts() {
    BatchCounts counts;
    SqliteStatement by_status =
        database_.prepare(std::string("SELECT status, count(*), ") + sums + " FROM results GROUP BY status");
    while (by_status.step()) {
        counts.count(status_named(by_status.text(0)).value_or(Status::failed), by_status.number(1));
        counts.used += totals_in(by_status, 2);
    }
    counts.items = one_number(database_, "SELECT count(*) FROM items");
    counts.set_aside = one_number(database_, "SELECT count(*) FROM set_aside");
    const auto all_of = [&](const char* table) {
        SqliteStatement row = database_.prepare(fmt::format("SELECT {} FROM {}", sums, table));
        return row.step() ? totals_in(row, 0) : RunTotals();
    };
    counts.earlier = all_of("earlier");
    counts.wasted = all_of("waste");
    SqliteStatement waiting = database_.prepare("SELECT coalesce(sum(usd), 0) FROM shares");
    if (waiting.step()) counts.waiting_usd = real(waiting.text(0));
    return counts;
}

std::int64_t BatchState::under_way() {
    return one_number(database_,
                      "SELECT count(DISTINCT item) FROM events WHERE item NOT IN (SELECT number FROM results)");
}

std::vector<BatchItem> BatchState::waiting(std::int64_t after, std::size_t most) {
    SqliteStatement rows = database_.prepare(
        "SELECT number, coalesce(id, key), inputs FROM items i WHERE number > ?1 AND NOT EXISTS "
        "(SELECT 1 FROM results r WHERE r.number = i.number) ORDER BY number LIMIT ?2");
    rows.bind(1, after).bind(2, static_cast<std::int64_t>(most));
    std::vector<BatchItem> items;
    for (std::size_t bytes = 0; bytes < largest_page && rows.step();) {
        const std::string inputs = rows.text(2);
        bytes += inputs.size();
        items.push_back({rows.number(0), json::parse(rows.text(1)), json::parse(inputs), {}});
    }
    rows.reset();
    for (BatchItem& item : items)
        item.recorded = events(item.number);
    return items;
}

BatchItem BatchState::item(std::int64_t number) {
    SqliteStatement row = database_.prepare(
        "SELECT coalesce(i.id, i.key), i.inputs, s.usd FROM items i LEFT JOIN shares s ON s.number = i.number "
        "WHERE i.number = ?");
    if (!row.bind(1, number).step()) throw std::runtime_error(fmt::format("the batch has no item {}", number));
    BatchItem item{number, json::parse(row.text(0)), json::parse(row.text(1)), events(number)};
    item.spent_usd = real(row.text(2));
    return item;
}

std::vector<Event> BatchState::events(std::int64_t item) {
    SqliteStatement rows = database_.prepare("SELECT body FROM events WHERE item = ? ORDER BY number");
    rows.bind(1, item);
    std::vector<Event> events;
    while (rows.step())
        events.push_back(event_from_json(json::parse(rows.text(0))));
    return events;
}

void BatchState::each_set_aside(
    const std::function<void(std::int64_t line, const std::string& fault, const std::string& text)>& visit) {
    SqliteStatement rows = database_.prepare("SELECT line, fault, text FROM set_aside ORDER BY line");
    while (rows.step())
        visit(rows.number(0), rows.text(1), rows.text(2));
}

void BatchState::each_result(const std::function<void(const std::string& id, const std::string& report)>& visit) {
    SqliteStatement rows = database_.prepare(
        "SELECT coalesce(i.id, i.key), r.report FROM items i JOIN results r ON r.number = i.number ORDER BY i.number");
    while (rows.step())
        visit(rows.text(0), rows.text(1));
}

void BatchState::each_labelled(const std::function<void(const DataItem& item, const json& report)>& visit) {
    SqliteStatement rows = database_.prepare(
        "SELECT coalesce(i.id, i.key), i.inputs, i.expected, i.line, r.report FROM items i JOIN results r "
        "ON r.number = i.number WHERE i.expected IS NOT NULL ORDER BY i.number");
    while (rows.step())
        visit({json::parse(rows.text(0)), json::parse(rows.text(1)), json::parse(rows.text(2)),
               static_cast<int>(rows.number(3))},
              json::parse(rows.text(4)));
}

}  // namespace enough
