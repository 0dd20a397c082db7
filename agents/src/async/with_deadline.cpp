#include <enough/async/with_deadline.hpp>

#include "async/cancellation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <tuple>

namespace enough {
namespace {

/// Shared with the timer's handler, which may be queued already when the race is over.
struct Race : std::enable_shared_from_this<Race> {
    Race(const asio::any_io_executor& executor, Deadline deadline) : timer(executor, deadline.at()) {}

    void start() {
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->over) return;
            self->expired = true;
            self->signal.emit(asio::cancellation_type::terminal);
        });
    }

    void finish() {
        over = true;
        timer.cancel();  // or it would keep the context running
    }

    asio::steady_timer timer;
    asio::cancellation_signal signal;
    bool expired = false;
    bool over = false;
};

class RaceScope {
public:
    explicit RaceScope(std::shared_ptr<Race> race) : race_(std::move(race)) { race_->start(); }
    ~RaceScope() { race_->finish(); }
    RaceScope(const RaceScope&) = delete;
    RaceScope& operator=(const RaceScope&) = delete;

private:
    std::shared_ptr<Race> race_;
};

}  // namespace

Task<void> with_deadline(Task<void> op, Deadline deadline) {
    if (deadline.is_never()) {
        co_await std::move(op);
        co_return;
    }
    if (deadline.expired()) throw DeadlineExceeded();

    const auto executor = co_await asio::this_coro::executor;
    const auto caller = co_await asio::this_coro::cancellation_state;
    const auto race = std::make_shared<Race>(executor, deadline);
    std::exception_ptr error;
    {
        const RaceScope scope(race);
        const ForwardCancellation forward(caller.slot(), [weak = std::weak_ptr(race)] {
            if (const auto alive = weak.lock()) alive->signal.emit(asio::cancellation_type::terminal);
        });
        auto token = asio::bind_cancellation_slot(race->signal.slot(), asio::as_tuple(asio::use_awaitable));
        std::tie(error) = co_await asio::co_spawn(executor, std::move(op), std::move(token));
    }
    if (!error) co_return;
    const bool cancelled = caller.cancelled() != asio::cancellation_type::none;
    if (race->expired && !cancelled && is_cancellation(error)) throw DeadlineExceeded();
    std::rethrow_exception(error);
}

}  // namespace enough
