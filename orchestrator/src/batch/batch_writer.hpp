#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/batch.hpp>
#include <enough/sqlite/database.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>

namespace enough {

/// Writes what happens in a batch on a thread of its own: whatever has come since the last transaction is the next one.
/// What is recorded of an item that ends in the same breath is never written at all.
class BatchWriter {
public:
    struct Recorded {
        std::int64_t item = 0;
        Event event;
    };
    struct Finished {
        std::int64_t item = 0;
        nlohmann::json id;
        ItemResult result;
    };
    /// An item may make so many calls from now on, and is run.
    struct Granted {
        std::int64_t item = 0;
        int calls = 0;
    };
    /// It has made so many, and waits for another.
    struct Suspended {
        std::int64_t item = 0;
        int calls = 0;
        double need = 0;
        double usd = 0;
    };
    using Entry = std::variant<Recorded, Finished, Granted, Suspended>;

    /// Lines of finished items are appended to `settings.files.finished()`, too. `on_fault` is called on `executor`,
    /// once, when nothing can be written any more. Throws `SqliteError`, or `std::runtime_error` if that file can't be
    /// written.
    BatchWriter(asio::any_io_executor executor, const BatchSettings& settings, std::function<void()> on_fault);
    /// What waits is written first.
    ~BatchWriter();

    /// Never waits: `room` does.
    void put(Entry entry);

    /// Waits while too much waits to be written.
    Task<void> room();
    /// Waits until all that has been put is written, or can't be.
    Task<void> flush();

    /// Why nothing can be written any more, in words.
    std::optional<std::string> fault() const;

    static constexpr std::size_t most_waiting = 4'096;
    static constexpr std::size_t most_waiting_bytes = 16 << 20;

private:
    void work();
    void write(const std::deque<Entry>& entries);
    void write(const Recorded& recorded);
    void write(const Finished& finished);
    void write(const Granted& granted);
    void write(const Suspended& suspended);
    void append(const std::deque<Entry>& entries);
    void failed(const std::string& why);
    Task<void> next_transaction();

    asio::any_io_executor executor_;
    std::shared_ptr<asio::steady_timer> written_;  ///< cancelled after each transaction; a late one may outlive this
    std::shared_ptr<const std::function<void()>> on_fault_;  ///< a late call finds it gone
    bool keep_events_;                                       ///< of items that have ended
    bool many_wait_;  ///< most items have events for long: which ones must not be remembered here

    mutable std::mutex mutex_;
    std::condition_variable arrival_;
    std::deque<Entry> waiting_;
    std::size_t waiting_bytes_ = 0;  ///< of the reports among them
    std::uint64_t put_ = 0;
    std::uint64_t done_ = 0;  ///< of those
    bool stopping_ = false;
    std::optional<std::string> fault_;

    // Of the thread alone.
    SqliteDatabase database_;
    SqliteStatement add_event_;
    SqliteStatement add_result_;
    SqliteStatement remove_events_;
    SqliteStatement set_share_;
    SqliteStatement grant_;
    std::set<std::int64_t> with_events_;
    std::string file_;
    std::ofstream out_;

    std::thread thread_;  // last: it uses all of the above
};

/// One line of an output: the report with the item's id before it.
std::string output_line(const std::string& id, const std::string& report);

}  // namespace enough
