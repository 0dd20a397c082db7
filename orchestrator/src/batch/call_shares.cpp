#include "batch/call_shares.hpp"

#include "batch/batch_state.hpp"

namespace enough {
namespace {

std::int64_t one_number(SqliteDatabase& database, std::string_view sql) {
    SqliteStatement statement = database.prepare(sql);
    return statement.step() ? statement.number(0) : 0;
}

std::vector<CallShare> all_of(SqliteStatement& rows) {
    std::vector<CallShare> shares;
    while (rows.step())
        shares.push_back({rows.number(0), static_cast<int>(rows.number(1)), rows.number(2)});
    return shares;
}

}  // namespace

CallShares::CallShares(const std::filesystem::path& state) : database_(open_batch_state(state)) {}

void CallShares::hand_out() {
    SqliteStatement add = database_.prepare(
        "INSERT OR IGNORE INTO shares (number, granted, earlier, need) SELECT number, 0, 0, ? FROM items i "
        "WHERE NOT EXISTS (SELECT 1 FROM results r WHERE r.number = i.number)");
    add.bind(1, order_of_need(neediest)).step();
}

std::int64_t CallShares::granted() {
    return one_number(database_, "SELECT coalesce(sum(granted + earlier), 0) FROM shares");
}

std::int64_t CallShares::granted_earlier() {
    return one_number(database_, "SELECT coalesce(sum(earlier), 0) FROM shares");
}

std::optional<int> CallShares::fewest() {
    SqliteStatement least = database_.prepare("SELECT min(granted) FROM shares WHERE need IS NOT NULL");
    if (!least.step() || least.is_null(0)) return std::nullopt;
    return static_cast<int>(least.number(0));
}

std::int64_t CallShares::waiting() {
    return one_number(database_, "SELECT count(*) FROM shares WHERE need IS NOT NULL");
}

std::vector<CallShare> CallShares::under_way(std::int64_t after_item, std::size_t most) {
    SqliteStatement rows = database_.prepare(
        "SELECT number, granted, 0 FROM shares s WHERE need IS NULL AND number > ?1 AND NOT EXISTS "
        "(SELECT 1 FROM results r WHERE r.number = s.number) ORDER BY number LIMIT ?2");
    rows.bind(1, after_item).bind(2, static_cast<std::int64_t>(most));
    return all_of(rows);
}

std::vector<CallShare> CallShares::in_need(int granted, const std::optional<CallShare>& after, std::size_t most) {
    SqliteStatement rows = database_.prepare(
        after ? "SELECT number, granted, need FROM shares WHERE need IS NOT NULL AND granted = ?1 AND "
                "(need < ?3 OR (need = ?3 AND number > ?4)) ORDER BY need DESC, number LIMIT ?2"
              : "SELECT number, granted, need FROM shares WHERE need IS NOT NULL AND granted = ?1 "
                "ORDER BY need DESC, number LIMIT ?2");
    rows.bind(1, std::int64_t{granted}).bind(2, static_cast<std::int64_t>(most));
    if (after) rows.bind(3, after->order).bind(4, after->item);
    return all_of(rows);
}

std::vector<CallShare> CallShares::waiting(std::int64_t after_item, std::size_t most) {
    SqliteStatement rows = database_.prepare(
        "SELECT number, granted, need FROM shares WHERE need IS NOT NULL AND number > ?1 ORDER BY number LIMIT ?2");
    rows.bind(1, after_item).bind(2, static_cast<std::int64_t>(most));
    return all_of(rows);
}

std::vector<CallShares::Count> CallShares::histogram() {
    SqliteStatement rows = database_.prepare(
        "SELECT s.granted, count(*), sum(r.status = 'accepted') FROM shares s JOIN results r ON r.number = s.number "
        "GROUP BY s.granted ORDER BY s.granted");
    std::vector<Count> counts;
    while (rows.step())
        counts.push_back({static_cast<int>(rows.number(0)), rows.number(1), rows.number(2)});
    return counts;
}

}  // namespace enough
