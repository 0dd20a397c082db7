#pragma once

#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace enough {

/// Tasks that run beside their owner and are joined before it goes: the one way to start something without awaiting it
/// on the spot.
///
/// All members must be used on the group's executor, a strand or an `io_context` run by one thread: the owner's own.
class TaskGroup {
public:
    using Id = std::uint64_t;

    enum class OnError {
        keep_going,     ///< the other children are left alone
        cancel_others,  ///< the first child to fail has all others cancelled
    };

    explicit TaskGroup(asio::any_io_executor executor, OnError on_error = OnError::keep_going);

    /// The group must be idle: destroying a busy one is a bug (asserted; without assertions its children are cancelled
    /// and end on their own).
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts a child. It may run up to its first wait before `spawn` returns. After `cancel()` children still start,
    /// and are cancelled right away.
    Id spawn(Task<void> child);

    /// Asks one child to end (`terminal`). False if there is none by that id (any more).
    bool cancel(Id child);

    /// Asks all children to end (`terminal`), those spawned later included. They are still to be joined.
    void cancel();

    std::size_t size() const;  ///< children that have not ended
    bool idle() const { return size() == 0; }

    /// Waits until no child is left, then rethrows the first exception a child ended with, in order of completion. The
    /// `operation_aborted` of a child that this group cancelled is no such exception.
    ///
    /// Cancelling the caller while it waits cancels the children; they are awaited all the same, and then
    /// `operation_aborted` is thrown. An owner that is being cancelled already must disable its own cancellation
    /// (`reset_cancellation_state(disable_cancellation())`) and `cancel()` the group to be able to await this. One join
    /// at a time.
    Task<void> join();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace enough
