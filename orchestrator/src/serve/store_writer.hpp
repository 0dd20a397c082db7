#pragma once

#include "serve/run_database.hpp"

#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/server.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace enough {

/// Writes runs to their file on a thread of its own: whatever has come since the last transaction is the next one.
class StoreWriter {
public:
    struct Begin {
        StoredRun run;
    };
    struct Reopen {
        std::string id;
    };
    struct End {
        std::string id;
        Event last;  ///< `RunFinished`
        RunTotals totals;
        std::string report;
        std::function<void(bool written)> written;  ///< called on the executor
    };
    /// Events were left out: nothing of the run is recorded from here on.
    struct Lose {
        std::string id;
    };
    using Entry = std::variant<Begin, Event, Reopen, Lose, End>;

    /// Throws what `RunWriter` does.
    StoreWriter(asio::any_io_executor executor, const StoreSettings& settings);
    /// Writes what has been put.
    ~StoreWriter();

    /// On one strand. Never waits: where more than `most_waiting` events wait, those of further ones are left out, and
    /// their runs lost.
    void put(Entry entry);

    bool failing() const { return failing_; }
    std::uint64_t runs_lost() const { return runs_lost_; }

    static constexpr std::size_t most_waiting = 65'536;

private:
    using Clock = std::chrono::steady_clock;
    struct Write;

    void work();
    void write(const std::deque<Entry>& batch);
    void write_all(const std::deque<Entry>& batch, std::set<std::string>& begun);
    void give_up(const std::deque<Entry>& batch, const std::set<std::string>& begun);
    void lose(const std::string& id);
    void tidy();
    void failed(const std::string& why);
    void worked();

    asio::any_io_executor executor_;
    StoreSettings settings_;
    std::set<std::string> left_out_;  ///< on the strand: runs of which an event was left out

    std::mutex mutex_;
    std::condition_variable arrival_;
    std::deque<Entry> waiting_;
    bool stopping_ = false;
    std::atomic<bool> failing_ = false;
    std::atomic<std::uint64_t> runs_lost_ = 0;

    // Of the thread alone.
    RunWriter database_;
    std::map<std::string, RunRow> open_;  ///< runs in flight, and where they stand
    std::set<std::string> lost_;          ///< runs in flight that are not recorded
    std::vector<RunRow> torn_;            ///< of lost runs: to be removed
    Clock::time_point tidy_at_ = Clock::now();

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace enough
