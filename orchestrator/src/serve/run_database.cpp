#include "serve/run_database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace enough {
namespace {

constexpr std::int32_t application = 0x656e6352;  // "encR"
constexpr std::int32_t version = 1;
constexpr const char* kind = "a store of enough's runs";
// The long texts stand last, so that a look at the rest does not read them.
constexpr const char* schema = R"(
CREATE TABLE runs (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, hash TEXT NOT NULL,
  status TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER, calls INTEGER, input_tokens INTEGER,
  cached_input_tokens INTEGER, output_tokens INTEGER, usd REAL, report TEXT);
CREATE INDEX runs_by_begin ON runs (created, id);
CREATE INDEX runs_by_end ON runs (ended) WHERE ended IS NOT NULL;
CREATE TABLE events (run INTEGER NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (run, number));
)";
constexpr std::chrono::milliseconds patience{2'000};  // with another program that holds the file

SqliteDatabase opened(const std::filesystem::path& file) {
    SqliteSettings settings;
    settings.busy_timeout = patience;
    SqliteDatabase database(file, settings);
    database.become(application, version, schema, kind);
    return database;
}

std::int64_t microseconds(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime wall_time(std::int64_t microseconds) {
    return WallTime(std::chrono::microseconds(microseconds));
}

/// Of a row: id, workflow, hash, status, created, report.
StoredRun run_of(const SqliteStatement& row) {
    StoredRun run;
    run.id = row.text(0);
    run.workflow = row.text(1);
    run.workflow_hash = row.text(2);
    run.status = row.text(3);
    run.created = wall_time(row.number(4));
    run.report = row.text(5);
    return run;
}

}  // namespace

RunWriter::RunWriter(const std::filesystem::path& file)
    : database_(opened(file)),
      add_run_(database_.prepare(
          "INSERT INTO runs (id, workflow, hash, status, created) VALUES (?, ?, ?, 'running', ?) RETURNING row")),
      add_event_(database_.prepare("INSERT INTO events (run, number, type, body) VALUES (?, ?, ?, ?)")),
      end_(database_.prepare("UPDATE runs SET status = ?2, ended = ?3, calls = ?4, input_tokens = ?5, "
                             "cached_input_tokens = ?6, output_tokens = ?7, usd = ?8, report = ?9 WHERE row = ?1")),
      reopen_(database_.prepare("UPDATE runs SET status = 'running', ended = NULL WHERE row = ?")),
      row_(database_.prepare("SELECT row FROM runs WHERE id = ? AND status = 'interrupted'")),
      remove_events_(database_.prepare("DELETE FROM events WHERE run = ?")),
      remove_run_(database_.prepare("DELETE FROM runs WHERE row = ?")),
      count_(database_.prepare("SELECT count(*) FROM runs WHERE ended IS NOT NULL")),
      earliest_(database_.prepare("SELECT row, ended FROM runs WHERE ended IS NOT NULL ORDER BY ended LIMIT ?")) {
    // What a client was told has ended survives a power cut, too.
    database_.execute("PRAGMA synchronous = FULL");
}

void RunWriter::mark_interrupted(WallTime now) {
    auto mark = database_.prepare("UPDATE runs SET status = 'interrupted', ended = ? WHERE ended IS NULL");
    SqliteTransaction all(database_);
    mark.bind(1, microseconds(now)).step();
    all.commit();
}

RunRow RunWriter::add(const StoredRun& run) {
    add_run_.bind(1, run.id).bind(2, run.workflow).bind(3, run.workflow_hash).bind(4, microseconds(run.created));
    add_run_.step();
    const RunRow row = add_run_.number(0);
    add_run_.reset();
    return row;
}

void RunWriter::add(RunRow run, const StoredEvent& event) {
    add_event_.bind(1, run).bind(2, static_cast<std::int64_t>(event.number)).bind(3, event.type).bind(4, event.body);
    add_event_.step();
}

void RunWriter::end(RunRow run, const std::string& status, WallTime now, const RunTotals& totals,
                    const std::string& report) {
    end_.bind(1, run).bind(2, status).bind(3, microseconds(now)).bind(4, totals.calls);
    end_.bind(5, totals.input_tokens).bind(6, totals.cached_input_tokens).bind(7, totals.output_tokens);
    end_.bind(8, fmt::format("{}", totals.usd)).bind(9, report);
    end_.step();
}

std::optional<RunRow> RunWriter::reopen(const std::string& id) {
    row_.bind(1, id);
    if (!row_.step()) return std::nullopt;
    const RunRow row = row_.number(0);
    row_.reset();
    reopen_.bind(1, row).step();
    return row;
}

void RunWriter::remove(RunRow run) {
    remove_events_.bind(1, run).step();
    remove_run_.bind(1, run).step();
}

std::vector<RunRow> RunWriter::outlived(std::size_t keep, std::optional<WallTime> ended_before, std::size_t most) {
    count_.step();
    const auto count = static_cast<std::size_t>(count_.number(0));
    count_.reset();
    const std::size_t beyond = count > keep ? count - keep : 0;
    std::vector<RunRow> rows;
    earliest_.bind(1, static_cast<std::int64_t>(most));
    while (earliest_.step()) {
        const bool old = ended_before && earliest_.number(1) < microseconds(*ended_before);
        if (!old && rows.size() >= beyond) break;
        rows.push_back(earliest_.number(0));
    }
    earliest_.reset();
    return rows;
}

RunReader::RunReader(const std::filesystem::path& file)
    : database_(opened(file)),
      find_(database_.prepare("SELECT id, workflow, hash, status, created, report FROM runs WHERE id = ?")),
      list_(database_.prepare("SELECT id, workflow, hash, status, created, report FROM runs WHERE ended IS NOT NULL "
                              "AND created >= ?1 AND created <= ?2 ORDER BY created DESC, id DESC")),
      events_(database_.prepare("SELECT number, type, body FROM events WHERE run = (SELECT row FROM runs WHERE id = "
                                "?1) AND number > ?2 ORDER BY number")),
      interrupted_(database_.prepare("SELECT id FROM runs WHERE status = 'interrupted' ORDER BY created, id")) {}

std::optional<StoredRun> RunReader::find(const std::string& id) {
    find_.bind(1, id);
    if (!find_.step()) return std::nullopt;
    StoredRun run = run_of(find_);
    find_.reset();
    return run;
}

std::vector<StoredRun> RunReader::list(const RunFilter& filter,
                                       const std::function<bool(const std::string& id)>& known) {
    std::int64_t latest = std::numeric_limits<std::int64_t>::max();
    if (filter.until) latest = std::min(latest, microseconds(*filter.until));
    if (filter.before) latest = std::min(latest, microseconds(filter.before->first));
    list_.bind(1, filter.since ? microseconds(*filter.since) : std::numeric_limits<std::int64_t>::min());
    list_.bind(2, latest);
    std::vector<StoredRun> runs;
    while (runs.size() <= filter.limit && list_.step()) {
        const RunKey key(wall_time(list_.number(4)), list_.text(0));
        if (filter.wants(list_.text(1), list_.text(3), key) && !known(key.second)) runs.push_back(run_of(list_));
    }
    list_.reset();
    return runs;
}

std::vector<StoredEvent> RunReader::events(const std::string& id, std::uint64_t after, std::size_t bytes) {
    const auto number = std::min<std::uint64_t>(after, std::numeric_limits<std::int64_t>::max());
    events_.bind(1, id).bind(2, static_cast<std::int64_t>(number));
    std::vector<StoredEvent> events;
    for (std::size_t read = 0; read < bytes && events_.step();) {
        events.push_back({static_cast<std::uint64_t>(events_.number(0)), events_.text(1), events_.text(2)});
        read += events.back().body.size();
    }
    events_.reset();
    return events;
}

std::vector<std::string> RunReader::interrupted() {
    std::vector<std::string> ids;
    while (interrupted_.step())
        ids.push_back(interrupted_.text(0));
    return ids;
}

}  // namespace enough
