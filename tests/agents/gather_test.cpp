#include <enough/async/gather.hpp>

#include <enough/async/task_group.hpp>

#include "support/run.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;

Task<void> sleep(std::chrono::microseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<std::unique_ptr<int>> value_after(std::chrono::microseconds duration, int value) {
    co_await sleep(duration);
    co_return std::make_unique<int>(value);
}

Task<std::unique_ptr<int>> fail_after(std::chrono::microseconds duration, std::string message) {
    co_await sleep(duration);
    throw std::runtime_error(message);
}

Task<std::unique_ptr<int>> count_cancellation(int* cancelled) {
    try {
        co_await sleep(1h);
    } catch (const boost::system::system_error&) {
        ++*cancelled;
        throw;
    }
    co_return nullptr;
}

using Tasks = std::vector<Task<std::unique_ptr<int>>>;

std::string message_of(Tasks tasks) {
    try {
        test::run(gather(std::move(tasks)));
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Gather, NothingIsDoneAtOnce) {
    EXPECT_TRUE(test::run(gather(Tasks())).empty());
    test::run(gather(std::vector<Task<void>>()));
}

TEST(Gather, KeepsTheOrderOfTheTasksNotOfTheirEnds) {
    Tasks tasks;
    tasks.push_back(value_after(3ms, 1));
    tasks.push_back(value_after(0ms, 2));
    tasks.push_back(value_after(1ms, 3));
    const auto results = test::run(gather(std::move(tasks)));
    ASSERT_EQ(results.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(*results[i], static_cast<int>(i) + 1);
}

TEST(Gather, RethrowsTheFirstErrorToHappenAfterTheOthersHaveEnded) {
    int cancelled = 0;
    Tasks tasks;
    tasks.push_back(count_cancellation(&cancelled));
    tasks.push_back(fail_after(20ms, "late"));
    tasks.push_back(fail_after(1ms, "early"));
    tasks.push_back(count_cancellation(&cancelled));
    EXPECT_EQ(message_of(std::move(tasks)), "early");
    EXPECT_EQ(cancelled, 2);
}

Task<std::unique_ptr<int>> fail_at_once() {
    throw std::runtime_error("at once");
    co_return nullptr;
}

TEST(Gather, CancelsTasksThatHaveNotBegunWhenAnEarlierOneFails) {
    int cancelled = 0;
    Tasks tasks;
    tasks.push_back(fail_at_once());
    tasks.push_back(count_cancellation(&cancelled));
    EXPECT_EQ(message_of(std::move(tasks)), "at once");
    EXPECT_EQ(cancelled, 1);
}

Task<void> gather_stuck(int* cancelled) {
    Tasks tasks;
    tasks.push_back(count_cancellation(cancelled));
    tasks.push_back(count_cancellation(cancelled));
    try {
        co_await gather(std::move(tasks));
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), asio::error::operation_aborted);
        EXPECT_EQ(*cancelled, 2);
        *cancelled += 100;
        throw;
    }
}

Task<void> cancel_the_caller(asio::any_io_executor executor, int* cancelled) {
    TaskGroup group(executor);
    group.spawn(gather_stuck(cancelled));
    co_await sleep(1ms);
    group.cancel();
    co_await group.join();
}

TEST(Gather, LetsTheCallersCancellationThrough) {
    int cancelled = 0;
    test::run_with([&](auto executor) { return cancel_the_caller(executor, &cancelled); });
    EXPECT_EQ(cancelled, 102);
}

Task<void> gather_repeatedly(std::size_t round) {
    for (std::size_t i = 0; i < 5; ++i) {
        Tasks tasks;
        for (std::size_t child = 0; child < 6; ++child) {
            const std::chrono::microseconds duration((round * 7 + child * 31) % 120);
            const bool fails = round % 2 == 0 && child == i;
            tasks.push_back(fails ? fail_after(duration, "x") : value_after(duration, 1));
        }
        auto all = with_deadline(gather(std::move(tasks)), Deadline::after(100us));
        try {
            co_await std::move(all);
        } catch (const std::runtime_error&) {
        }
    }
}

TEST(Gather, SurvivesCloseRacesOfErrorsAndDeadlines) {
    for (const std::size_t threads : {1U, 4U})
        test::run_many(gather_repeatedly, 100, threads);
}

}  // namespace
}  // namespace enough
