#include "engine/mailbox.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace enough {

Mailbox::Mailbox(asio::any_io_executor executor) : arrival_(executor, asio::steady_timer::time_point::max()) {}

void Mailbox::post(EventBody fact) {
    facts_.push_back(std::move(fact));
    arrival_.cancel();
}

Task<std::optional<EventBody>> Mailbox::next() {
    if (facts_.empty()) {
        boost::system::error_code ignored;
        co_await arrival_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (facts_.empty()) co_return std::nullopt;
    EventBody fact = std::move(facts_.front());
    facts_.pop_front();
    co_return fact;
}

}  // namespace enough
