#include <enough/async/join_by.hpp>
#include <enough/async/task_group.hpp>

#include "support/run.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;

/// What happened, in order.
struct Log {
    std::vector<std::string> lines;
};

Task<void> hop() {
    co_await asio::post(asio::use_awaitable);
}

Task<void> wait_for_cancellation(Log* log, std::string name) {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    try {
        co_await timer.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) log->lines.push_back(name + " cancelled");
        throw;
    }
}

Task<void> note(Log* log, std::string name) {
    co_await hop();
    log->lines.push_back(name + " done");
}

Task<void> fail(std::string message) {
    co_await hop();
    throw std::runtime_error(message);
}

using Lines = std::vector<std::string>;

Task<void> joins_all(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(note(log, "a"));
    group.spawn(note(log, "b"));
    EXPECT_EQ(group.size(), 2U);
    co_await group.join();
    EXPECT_TRUE(group.idle());
}

TEST(TaskGroup, JoinsAllChildren) {
    Log log;
    test::run_with([&](auto executor) { return joins_all(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"a done", "b done"}));
}

Task<void> joins_nothing(asio::any_io_executor executor) {
    TaskGroup group(executor);
    co_await group.join();
    co_await group.join();
}

TEST(TaskGroup, JoinsNothingAtOnce) {
    test::run_with(joins_nothing);
}

Task<void> cancels_one(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(note(log, "a"));
    const auto stuck = group.spawn(wait_for_cancellation(log, "b"));
    co_await hop();
    EXPECT_TRUE(group.cancel(stuck));
    co_await group.join();
    EXPECT_FALSE(group.cancel(stuck));
}

TEST(TaskGroup, CancelsOneChildAlone) {
    Log log;
    test::run_with([&](auto executor) { return cancels_one(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"a done", "b cancelled"}));
}

Task<void> cancels_all(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(wait_for_cancellation(log, "a"));
    group.spawn(wait_for_cancellation(log, "b"));
    group.cancel();
    group.spawn(wait_for_cancellation(log, "late"));
    co_await group.join();
}

TEST(TaskGroup, CancelsAllChildrenAndThoseThatComeLater) {
    Log log;
    test::run_with([&](auto executor) { return cancels_all(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"a cancelled", "b cancelled", "late cancelled"}));
}

Task<void> keeps_the_first_error(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(fail("first"));
    group.spawn(fail("second"));
    group.spawn(note(log, "a"));
    try {
        co_await group.join();
    } catch (const std::runtime_error& error) {
        log->lines.emplace_back(error.what());
    }
    co_await group.join();
}

TEST(TaskGroup, RethrowsTheFirstErrorOnceAndLeavesTheOthersAlone) {
    Log log;
    test::run_with([&](auto executor) { return keeps_the_first_error(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"a done", "first"}));
}

Task<void> stops_at_an_error(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor, TaskGroup::OnError::cancel_others);
    group.spawn(wait_for_cancellation(log, "a"));
    group.spawn(fail("first"));
    try {
        co_await group.join();
    } catch (const std::runtime_error& error) {
        log->lines.emplace_back(error.what());
    }
}

TEST(TaskGroup, CanCancelTheOthersAtAnError) {
    Log log;
    test::run_with([&](auto executor) { return stops_at_an_error(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"a cancelled", "first"}));
}

Task<void> cancelled_by_someone_else() {
    co_await hop();
    throw boost::system::system_error(asio::error::operation_aborted);
}

Task<void> joins_a_stranger(asio::any_io_executor executor) {
    TaskGroup group(executor);
    group.spawn(cancelled_by_someone_else());
    co_await group.join();
}

TEST(TaskGroup, RethrowsACancellationThatWasNotItsOwn) {
    EXPECT_THROW(test::run_with(joins_a_stranger), boost::system::system_error);
}

Task<void> join_until_cancelled(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(wait_for_cancellation(log, "child"));
    try {
        co_await group.join();
    } catch (const boost::system::system_error& error) {
        EXPECT_TRUE(group.idle());
        if (error.code() == asio::error::operation_aborted) log->lines.emplace_back("owner cancelled");
        throw;
    }
}

Task<void> cancels_a_joining_owner(asio::any_io_executor executor, Log* log) {
    TaskGroup outer(executor);
    outer.spawn(join_until_cancelled(executor, log));
    co_await hop();
    outer.cancel();
    co_await outer.join();
}

TEST(TaskGroup, ACancelledJoinCancelsAndAwaitsTheChildrenFirst) {
    Log log;
    test::run_with([&](auto executor) { return cancels_a_joining_owner(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"child cancelled", "owner cancelled"}));
}

Task<void> clean_up_when_cancelled(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(wait_for_cancellation(log, "child"));
    try {
        co_await wait_for_cancellation(log, "owner");
    } catch (const boost::system::system_error&) {
        group.cancel();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await group.join();
    log->lines.emplace_back("joined");
}

Task<void> cancels_an_owner(asio::any_io_executor executor, Log* log) {
    TaskGroup outer(executor);
    outer.spawn(clean_up_when_cancelled(executor, log));
    co_await hop();
    outer.cancel();
    co_await outer.join();
}

TEST(TaskGroup, ACancelledOwnerCanStillJoin) {
    Log log;
    test::run_with([&](auto executor) { return cancels_an_owner(executor, &log); });
    EXPECT_EQ(log.lines, (Lines{"owner cancelled", "child cancelled", "joined"}));
}

Task<void> leaves_a_busy_group(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor);
    group.spawn(wait_for_cancellation(log, "child"));
    co_await hop();
}

TEST(TaskGroupDeathTest, DestroyingABusyGroupIsABug) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Log log;
    EXPECT_DEBUG_DEATH(test::run_with([&](auto executor) { return leaves_a_busy_group(executor, &log); }),
                       "must be joined");
}

Task<void> short_sleep(std::chrono::microseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> churn(std::size_t round) {
    const auto executor = co_await asio::this_coro::executor;
    for (std::size_t i = 0; i < 5; ++i) {
        TaskGroup group(executor);
        std::vector<TaskGroup::Id> ids;
        for (std::size_t child = 0; child < 8; ++child)
            ids.push_back(group.spawn(short_sleep(std::chrono::microseconds((round * 7 + child * 13) % 100))));
        co_await short_sleep(std::chrono::microseconds(round % 60));
        group.cancel(ids[round % ids.size()]);
        if (round % 3 == 0) group.cancel();
        co_await group.join();
    }
}

TEST(TaskGroup, SurvivesCloseRaces) {
    for (const std::size_t threads : {1U, 4U})
        test::run_many(churn, 100, threads);
}

Task<void> joins_in_time(asio::any_io_executor executor, Log* log, std::chrono::milliseconds patience) {
    TaskGroup group(executor);
    group.spawn(note(log, "a"));
    group.spawn(wait_for_cancellation(log, "b"));
    co_await hop();
    co_await hop();
    co_await join_by(group, Deadline::after(patience));
    EXPECT_TRUE(group.idle());
}

TEST(JoinBy, CancelsWhatIsLeftAtTheDeadlineAlsoWhereThatHasPassed) {
    for (const std::chrono::milliseconds patience : {-1ms, 0ms, 20ms}) {
        Log log;
        test::run_with([&](auto executor) { return joins_in_time(executor, &log, patience); });
        EXPECT_EQ(log.lines, (Lines{"a done", "b cancelled"})) << patience.count();
    }
}

}  // namespace
}  // namespace enough
