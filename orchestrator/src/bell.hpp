#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace enough {

/// Tells one waiting coroutine that there is something to look at. All on one strand.
class Bell {
public:
    explicit Bell(const asio::any_io_executor& executor) : timer_(executor) {}

    void ring() {
        rung_ = true;
        timer_.cancel();
    }

    /// True as soon as it has rung since the last wait, false if it has not by then.
    Task<bool> wait(Deadline deadline) {
        if (!rung_) {
            timer_.expires_at(deadline.at());
            boost::system::error_code ignored;
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        const bool rang = rung_;
        rung_ = false;
        co_return rang;
    }

private:
    asio::steady_timer timer_;
    bool rung_ = false;
};

}  // namespace enough
