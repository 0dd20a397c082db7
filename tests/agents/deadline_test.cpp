#include <enough/async/deadline.hpp>

#include <enough/async/with_deadline.hpp>

#include "support/run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace enough {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;

TEST(Deadline, NeverIsTheDefaultAndDoesNotExpire) {
    EXPECT_TRUE(Deadline().is_never());
    EXPECT_FALSE(Deadline().expired());
    EXPECT_EQ(Deadline().remaining(), Clock::duration::max());
}

TEST(Deadline, TooLongADurationMeansNever) {
    EXPECT_TRUE(Deadline::after(Clock::duration::max()).is_never());
    EXPECT_FALSE(Deadline::after(1h).is_never());
}

TEST(Deadline, HasNothingRemainingOncePassed) {
    const Deadline past(Clock::now() - 1s);
    EXPECT_TRUE(past.expired());
    EXPECT_EQ(past.remaining(), Clock::duration::zero());
}

TEST(Deadline, TheEarlierOfTwo) {
    const Deadline soon(Clock::now());
    EXPECT_EQ(earlier(soon, Deadline::never()), soon);
    EXPECT_EQ(earlier(Deadline::never(), soon), soon);
}

Task<void> sleep(Clock::duration duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<std::string> sleep_then(Clock::duration duration, std::string result) {
    co_await sleep(duration);
    co_return result;
}

Task<void> hop() {
    co_await asio::post(asio::use_awaitable);
}

/// Sets `*ended` however it ends, a little after it was told to.
Task<void> linger(std::shared_ptr<bool> ended) {
    try {
        co_await sleep(1h);
    } catch (const boost::system::system_error&) {
        *ended = true;
        throw;
    }
}

/// The time begins when the task does, however slow the machine.
template <class T>
Task<T> within(Clock::duration duration, Task<T> task) {
    co_return co_await with_deadline(std::move(task), Deadline::after(duration));
}

TEST(WithDeadline, HandsOnTheResult) {
    EXPECT_EQ(test::run(with_deadline(sleep_then(1ms, "done"), Deadline::after(1h))), "done");
    EXPECT_EQ(test::run(with_deadline(sleep_then(1ms, "done"), Deadline::never())), "done");
}

struct NotDefaultConstructible {
    explicit NotDefaultConstructible(int v) : value(std::make_unique<int>(v)) {}
    std::unique_ptr<int> value;
};

Task<NotDefaultConstructible> make_value() {
    co_await hop();
    co_return NotDefaultConstructible(7);
}

TEST(WithDeadline, TakesAnyMovableResult) {
    EXPECT_EQ(*test::run(with_deadline(make_value(), Deadline::after(1h))).value, 7);
}

TEST(WithDeadline, ThrowsOnceThePointHasPassedAndTheWorkHasEnded) {
    const auto ended = std::make_shared<bool>(false);
    EXPECT_THROW(test::run(within(50ms, linger(ended))), DeadlineExceeded);
    EXPECT_TRUE(*ended);
}

Task<void> mark_started(std::shared_ptr<bool> started) {
    *started = true;
    co_return;
}

TEST(WithDeadline, DoesNotStartAnythingLate) {
    const auto started = std::make_shared<bool>(false);
    const Deadline past(Clock::now() - 1ms);
    EXPECT_THROW(test::run(with_deadline(mark_started(started), past)), DeadlineExceeded);
    EXPECT_FALSE(*started);
}

Task<void> fail() {
    co_await hop();
    throw std::invalid_argument("its own");
}

TEST(WithDeadline, PassesOnWhatTheWorkThrows) {
    EXPECT_THROW(test::run(with_deadline(fail(), Deadline::after(1h))), std::invalid_argument);
}

Task<void> convert_cancellation() {
    try {
        co_await sleep(1h);
    } catch (const boost::system::system_error&) {
        throw std::invalid_argument("its own");
    }
}

TEST(WithDeadline, PassesOnWhatTheWorkThrowsAfterTheDeadline) {
    EXPECT_THROW(test::run(within(50ms, convert_cancellation())), std::invalid_argument);
}

Task<int> finish_anyway() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep(100ms);
    co_return 3;
}

TEST(WithDeadline, KeepsAResultThatComesLateAllTheSame) {
    EXPECT_EQ(test::run(within(50ms, finish_anyway())), 3);
}

/// Runs `task` and cancels it after `delay`; returns the code of the error it ended with.
Task<boost::system::error_code> cancel_after(Task<void> task, Clock::duration delay) {
    const auto executor = co_await asio::this_coro::executor;
    asio::cancellation_signal signal;
    std::exception_ptr error;
    bool ended = false;
    asio::steady_timer done(executor, Clock::time_point::max());
    auto on_end = [&](std::exception_ptr e) {
        error = e;
        ended = true;
        done.cancel();
    };
    asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(signal.slot(), on_end));
    if (delay > 0s) co_await sleep(delay);
    signal.emit(asio::cancellation_type::terminal);
    boost::system::error_code ignored;
    while (!ended)
        co_await done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!error) co_return boost::system::error_code();
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        co_return e.code();
    }
}

TEST(WithDeadline, LetsTheCallersCancellationThrough) {
    for (const auto delay : {0ms, 2ms}) {
        const auto ended = std::make_shared<bool>(false);
        const auto code = test::run(cancel_after(with_deadline(linger(ended), Deadline::after(1h)), delay));
        EXPECT_EQ(code, asio::error::operation_aborted);
        EXPECT_TRUE(*ended);
    }
}

TEST(WithDeadline, LetsTheCallersCancellationThroughNestedDeadlines) {
    const auto ended = std::make_shared<bool>(false);
    auto nested = with_deadline(with_deadline(linger(ended), Deadline::after(2h)), Deadline::after(1h));
    EXPECT_EQ(test::run(cancel_after(std::move(nested), 1ms)), asio::error::operation_aborted);
    EXPECT_TRUE(*ended);
}

Task<void> race(std::size_t round, std::shared_ptr<int> outcomes) {
    for (int i = 0; i < 10; ++i) {
        const auto work = std::chrono::microseconds((round * 37 + static_cast<std::size_t>(i) * 11) % 200);
        try {
            co_await with_deadline(sleep(work), Deadline::after(100us));
        } catch (const DeadlineExceeded&) {
        }
        ++*outcomes;
    }
}

TEST(WithDeadline, SurvivesCloseRaces) {
    for (const std::size_t threads : {1U, 4U}) {
        std::vector<std::shared_ptr<int>> outcomes;
        for (int i = 0; i < 100; ++i)
            outcomes.push_back(std::make_shared<int>(0));
        test::run_many([&](std::size_t i) { return race(i, outcomes[i]); }, outcomes.size(), threads);
        for (const auto& outcome : outcomes)
            EXPECT_EQ(*outcome, 10);
    }
}

Task<void> cancelled_race(std::size_t round) {
    for (std::size_t i = 0; i < 10; ++i) {
        const auto work = std::chrono::microseconds((round * 37 + i * 11) % 200);
        const auto delay = std::chrono::microseconds((round * 13 + i * 29) % 150);
        try {
            co_await cancel_after(with_deadline(sleep(work), Deadline::after(100us)), delay);
        } catch (const DeadlineExceeded&) {
        }
    }
}

TEST(WithDeadline, SurvivesCancellationAndDeadlineAtOnce) {
    for (const std::size_t threads : {1U, 4U})
        test::run_many(cancelled_race, 100, threads);
}

}  // namespace
}  // namespace enough
