#include "async/uncancelled.hpp"

#include "async/occasion.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <stdexcept>

namespace enough {
namespace {

using namespace std::chrono_literals;

struct Seen {
    bool tidied = false;
    bool went_on = false;
    std::exception_ptr error;
};

Task<void> tidy(Occasion* allowed, Seen* seen) {
    co_await allowed->wait();
    seen->tidied = true;
}

Task<void> owner(Occasion* allowed, Seen* seen) {
    co_await uncancelled(tidy(allowed, seen));
    seen->went_on = true;
    co_await asio::post(asio::use_awaitable);
    ADD_FAILURE() << "the cancellation is noticed in the end";
}

TEST(Uncancelled, EndsItsWorkAndLetsTheCancellationThrough) {
    asio::io_context context;
    Occasion allowed(context.get_executor());
    Seen seen;
    asio::cancellation_signal signal;
    asio::co_spawn(context, owner(&allowed, &seen),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) { seen.error = error; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    EXPECT_FALSE(seen.tidied);
    EXPECT_FALSE(seen.error);
    allowed.set();
    context.restart();
    context.run_for(test::time_limit);
    EXPECT_TRUE(seen.tidied);
    EXPECT_TRUE(seen.went_on);
    ASSERT_TRUE(seen.error);
    EXPECT_THROW(std::rethrow_exception(seen.error), boost::system::system_error);
}

Task<void> fail() {
    co_await asio::post(asio::use_awaitable);
    throw std::runtime_error("no");
}

TEST(Uncancelled, PassesOnWhatIsThrown) {
    EXPECT_THROW(test::run(uncancelled(fail())), std::runtime_error);
}

Task<bool> wait_for(std::chrono::milliseconds time, bool set) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Occasion event(executor);
    if (set) event.set();
    co_return co_await event.wait(Deadline::after(time));
}

TEST(Occasion, HappensOnceOrNotInTime) {
    EXPECT_TRUE(test::run(wait_for(0ms, true))) << "late, but it had happened";
    EXPECT_FALSE(test::run(wait_for(1ms, false)));
}

}  // namespace
}  // namespace enough
