#pragma once

#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/sqlite/database.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// What a batch is: other data or another workflow is another batch.
struct BatchIdentity {
    std::string workflow;
    std::string workflow_hash;
    std::string data_hash;
    std::string begun;           ///< RFC 3339
    std::string id;              ///< letters and digits
    std::string calls_per_item;  ///< of a batch with a budget of calls; else empty

    bool operator==(const BatchIdentity&) const = default;
};

/// A batch's file: its lines, and what became of them. For one thread; `BatchWriter` writes the results on another,
/// with a connection of its own. All that fails throws `SqliteError`.
class BatchState {
public:
    /// Makes the file if it is not there. Throws `std::runtime_error` for a file of something else.
    explicit BatchState(const std::filesystem::path& file);
    /// Never waits for those who write; to be read only. Throws `std::runtime_error` for a file of something else.
    static BatchState look(const std::filesystem::path& file);

    /// Absent until the data has been taken in whole.
    std::optional<BatchIdentity> identity();
    void set_identity(const BatchIdentity& identity);

    /// Everything from here to `commit` happens together or not at all.
    SqliteTransaction transaction() { return SqliteTransaction(database_); }

    /// Adds a line; false if its id (compared as a JSON value) is there already, on the line given back.
    struct Added {
        bool added = false;
        std::int64_t line = 0;  ///< of the first with that id
    };
    Added add(const DataItem& item);
    void set_aside(std::int64_t line, const std::string& fault, const std::string& text);

    /// Before other data is taken in: items are forgotten. `keep_results` afterwards gives those that are there again,
    /// with the same inputs, their results and events back; what the others used is kept with `BatchCounts::earlier`.
    void put_items_away();
    void keep_results();

    /// Failed items are to be begun anew; what they used is kept with `BatchCounts::earlier`.
    void retry_failed();
    /// Items that have not ended are begun anew. `used` says of each run that was cut off what it has used; kept with
    /// `BatchCounts::earlier`.
    void forget_events(const std::function<RunTotals(const std::vector<Event>&)>& used);

    /// False: it is known already.
    bool add_waste(const std::string& key, const RunTotals& totals);

    BatchCounts counts();
    std::int64_t under_way();

    void set_inputs(std::int64_t item, const nlohmann::json& inputs);

    /// Items without a result, after the number `after`, in order; `most` at most, and fewer if they are large.
    std::vector<BatchItem> waiting(std::int64_t after, std::size_t most);

    /// One item, with what was recorded of it.
    BatchItem item(std::int64_t number);

    /// In the order of the lines.
    void each_set_aside(
        const std::function<void(std::int64_t line, const std::string& fault, const std::string& text)>& visit);
    /// In the order of the data: id and report, both JSON.
    void each_result(const std::function<void(const std::string& id, const std::string& report)>& visit);
    /// In the order of the data, items that have ended and have an `expected`.
    void each_labelled(const std::function<void(const DataItem& item, const nlohmann::json& report)>& visit);

private:
    explicit BatchState(SqliteDatabase database);

    std::vector<Event> events(std::int64_t item);
    void add_earlier(const RunTotals& totals);
    void begin_shares_anew(std::string_view which);

    SqliteDatabase database_;
    SqliteStatement add_;
};

/// The five columns of a row from `first` on, in the order of `RunTotals`.
RunTotals totals_in(const SqliteStatement& row, int first);

/// The connection of the thread that writes.
SqliteDatabase open_batch_state(const std::filesystem::path& file);

}  // namespace enough
