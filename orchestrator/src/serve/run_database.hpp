#pragma once

#include "serve/run_record.hpp"

#include <enough/sqlite/database.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// A run's number in its file.
using RunRow = std::int64_t;

/// The writing half of a file of runs, for one thread. All that fails throws `SqliteError`. Each function is one
/// statement or a few: whoever calls them decides what is one transaction.
class RunWriter {
public:
    /// Makes the file if it is not there. Throws `std::runtime_error` for a file of something else, a damaged one and
    /// one that can't be written.
    explicit RunWriter(const std::filesystem::path& file);

    /// Runs that nobody ended are `interrupted` from now on: to be called where nothing runs yet.
    void mark_interrupted(WallTime now);

    SqliteTransaction transaction() { return SqliteTransaction(database_); }

    RunRow add(const StoredRun& run);
    void add(RunRow run, const StoredEvent& event);
    void end(RunRow run, const std::string& status, WallTime now, const RunTotals& totals, const std::string& report);
    /// An interrupted run goes on; absent if there is none by that id.
    std::optional<RunRow> reopen(const std::string& id);
    void remove(RunRow run);

    /// Runs that have ended, the earliest first, beyond the latest `keep` or ended before `ended_before`; `most` at
    /// most.
    std::vector<RunRow> outlived(std::size_t keep, std::optional<WallTime> ended_before, std::size_t most);

private:
    SqliteDatabase database_;
    SqliteStatement add_run_;
    SqliteStatement add_event_;
    SqliteStatement end_;
    SqliteStatement reopen_;
    SqliteStatement row_;
    SqliteStatement remove_events_;
    SqliteStatement remove_run_;
    SqliteStatement count_;
    SqliteStatement earliest_;
};

/// The reading half, for one thread; of a file that a writer has made.
class RunReader {
public:
    explicit RunReader(const std::filesystem::path& file);

    std::optional<StoredRun> find(const std::string& id);

    /// Those that have ended or were interrupted, in the order of `RunFilter`, one more than its limit at most; but
    /// none for which `known` holds.
    std::vector<StoredRun> list(const RunFilter& filter, const std::function<bool(const std::string& id)>& known);

    /// Those after the number `after`, in order; stops once they are `bytes` long together.
    std::vector<StoredEvent> events(const std::string& id, std::uint64_t after, std::size_t bytes);

    std::vector<std::string> interrupted();

private:
    SqliteDatabase database_;
    SqliteStatement find_;
    SqliteStatement list_;
    SqliteStatement events_;
    SqliteStatement interrupted_;
};

}  // namespace enough
