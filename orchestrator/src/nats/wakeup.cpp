#include "nats/wakeup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace enough::nats {

/// Lives in the waiting coroutine's frame, known to the other side only while it waits.
struct Wakeup::Waiter {
    Waiter(std::shared_ptr<Wakeup> owner, asio::any_io_executor on)
        : wakeup(std::move(owner)), executor(std::move(on)), timer(executor) {
        const std::lock_guard lock(wakeup->mutex_);
        wakeup->waiter_ = this;
    }
    ~Waiter() {
        const std::lock_guard lock(wakeup->mutex_);
        wakeup->waiter_ = nullptr;
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    std::shared_ptr<Wakeup> wakeup;
    asio::any_io_executor executor;
    asio::steady_timer timer;
};

void Wakeup::notify() {
    const std::lock_guard lock(mutex_);
    notified_ = true;
    // Under the lock: while a coroutine waits, the context it waits on is there.
    if (waiter_) asio::post(waiter_->executor, [self = shared_from_this()] { self->wake(); });
}

void Wakeup::wake() {
    const std::lock_guard lock(mutex_);
    if (waiter_) waiter_->timer.cancel();
}

bool Wakeup::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notified_, false);
}

Task<bool> Wakeup::wait(Deadline deadline) {
    auto executor = co_await asio::this_coro::executor;
    Waiter waiter(shared_from_this(), std::move(executor));
    for (;;) {
        if (take()) co_return true;
        if (deadline.expired()) co_return false;
        waiter.timer.expires_at(deadline.at());
        co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto caller = co_await asio::this_coro::cancellation_state;
        if (caller.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted, "cancelled");
    }
}

}  // namespace enough::nats
