#include "async/occasion.hpp"

#include "async/cancellation.hpp"

#include <enough/async/with_deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace enough {

Task<void> Occasion::wait() {
    if (set_) co_return;
    co_await never_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!set_) throw_cancelled();
}

Task<bool> Occasion::wait(Deadline deadline) {
    if (set_) co_return true;
    Task<void> happened = wait();
    try {
        co_await with_deadline(std::move(happened), deadline);
    } catch (const DeadlineExceeded&) {
        // The answer below says it.
    }
    co_return set_;
}

}  // namespace enough
