#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <mutex>

namespace enough::nats {

/// Lets any thread wake a coroutine that waits on its own executor. Nothing of the executor is touched once the
/// coroutine has stopped waiting, so the notifier may outlive it and its context.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
public:
    void notify();  ///< from any thread; remembered if nobody waits

    /// True once notified, which is forgotten then; false when the deadline has passed. Cancelling the caller throws
    /// `operation_aborted`. One caller at a time, on a strand.
    Task<bool> wait(Deadline deadline);

private:
    struct Waiter;
    bool take();
    void wake();

    std::mutex mutex_;
    bool notified_ = false;
    Waiter* waiter_ = nullptr;
};

}  // namespace enough::nats
