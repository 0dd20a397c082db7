#pragma once

#include "process_lock.hpp"
#include "serve/reply.hpp"
#include "serve/run_database.hpp"
#include "serve/store_writer.hpp"

#include <enough/orchestrator/server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace enough {

/// Runs and their events in an SQLite file. Writing and reading are done on threads of its own, so that the strand of
/// its callers never waits for the disk; everything here is called on that strand.
///
/// What is recorded is written in the order in which it came, as many at a time as have come meanwhile. Where writing
/// fails, or cannot keep up, the runs concerned are no longer recorded (and taken out of the file as soon as that can
/// be written); they go on in memory, and `StoreSettings::notice` is told once until writing works again.
class RunStore {
public:
    /// Opens the file and marks the runs in it that never ended as interrupted. Throws `std::runtime_error` in words if
    /// the file can't be used, or another process does.
    RunStore(asio::any_io_executor executor, const StoreSettings& settings);
    /// Writes what is left.
    ~RunStore();
    RunStore(const RunStore&) = delete;
    RunStore& operator=(const RunStore&) = delete;

    void begin(StoredRun run);
    void record(const Event& event);
    /// An interrupted run goes on.
    void reopen(std::string id);
    /// The last event and the report. Returns when all of the run is on disk: true; false: it could not be recorded.
    Task<bool> end(std::string id, Event last, RunTotals totals, std::string report);

    Task<std::optional<StoredRun>> find(std::string id);
    /// Runs that have ended or were interrupted, except those of `known`; one more than asked for if there are more.
    Task<std::vector<StoredRun>> list(RunFilter filter, std::set<std::string> known);
    /// Events after a number, in order, some 256 KiB of them at a time.
    Task<std::vector<StoredEvent>> events(std::string id, std::uint64_t after);
    Task<std::vector<std::string>> interrupted();

    bool failing() const { return writer_.failing(); }
    std::uint64_t runs_lost() const { return writer_.runs_lost(); }  ///< that could not be recorded, so far

private:
    template <class T>
    Task<T> read(std::function<T(RunReader&)> look);

    asio::any_io_executor executor_;
    ProcessLock lock_;
    StoreWriter writer_;
    RunReader reader_;
    asio::thread_pool reading_{1};
};

}  // namespace enough
