#include "async/uncancelled.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <tuple>
#include <utility>

namespace enough {

Task<void> uncancelled(Task<void> op) {
    const auto executor = co_await asio::this_coro::executor;
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::as_tuple(asio::use_awaitable));
    std::exception_ptr error;
    std::tie(error) = co_await asio::co_spawn(executor, std::move(op), std::move(token));
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (error) std::rethrow_exception(error);
}

}  // namespace enough
