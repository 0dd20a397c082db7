#include <enough/async/limiter.hpp>

#include <enough/async/task_group.hpp>

#include "support/run.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;

Task<void> sleep(std::chrono::microseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> hop() {
    co_await asio::post(asio::use_awaitable);
}

LimiterSettings at_once(int concurrency) {
    LimiterSettings settings;
    settings.concurrency = concurrency;
    return settings;
}

struct Watch {
    int now = 0;
    int most = 0;
    std::vector<int> order;
};

Task<void> pass(Limiter* limiter, Watch* watch, int name) {
    const auto permit = co_await limiter->acquire(1, Deadline::never());
    EXPECT_TRUE(permit.has_value());
    watch->order.push_back(name);
    watch->most = std::max(watch->most, ++watch->now);
    co_await sleep(200us);
    --watch->now;
}

Task<void> ten_through_three(asio::any_io_executor executor, Watch* watch) {
    Limiter limiter(at_once(3));
    TaskGroup group(executor);
    for (int i = 0; i < 10; ++i)
        group.spawn(pass(&limiter, watch, i));
    co_await group.join();
}

TEST(Limiter, LetsNoMoreThanItsConcurrencyPassAtOnceAndInOrder) {
    Watch watch;
    test::run_with([&](auto executor) { return ten_through_three(executor, &watch); });
    EXPECT_EQ(watch.most, 3);
    EXPECT_EQ(watch.order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

Task<void> pass_for(Limiter* limiter, Watch* watch, std::uint64_t owner) {
    const auto permit = co_await limiter->acquire(1, Deadline::never(), owner);
    EXPECT_TRUE(permit.has_value());
    watch->order.push_back(static_cast<int>(owner));
    co_await hop();
}

Task<void> one_among_a_thousand(asio::any_io_executor executor, Watch* watch) {
    Limiter limiter(at_once(1));
    TaskGroup group(executor);
    auto held = co_await limiter.acquire(0, Deadline::never());
    for (int i = 0; i < 1'000; ++i)
        group.spawn(pass_for(&limiter, watch, 1));
    for (int i = 0; i < 3; ++i)
        group.spawn(pass_for(&limiter, watch, 2));
    group.spawn(pass_for(&limiter, watch, 3));
    co_await hop();
    held.reset();
    co_await group.join();
}

TEST(Limiter, ARunThatWantsMuchDoesNotStarveOthers) {
    Watch watch;
    test::run_with([&](auto executor) { return one_among_a_thousand(executor, &watch); });
    ASSERT_EQ(watch.order.size(), 1'004U);
    watch.order.resize(8);
    EXPECT_EQ(watch.order, (std::vector<int>{1, 2, 3, 1, 2, 1, 2, 1}));
}

Task<void> turns_given_up(asio::any_io_executor executor, Watch* watch) {
    Limiter limiter(at_once(1));
    TaskGroup group(executor);
    auto held = co_await limiter.acquire(0, Deadline::never());
    const auto first = group.spawn(pass_for(&limiter, watch, 1));
    const auto second = group.spawn(pass_for(&limiter, watch, 1));
    group.spawn(pass_for(&limiter, watch, 2));
    group.spawn(pass_for(&limiter, watch, 1));
    co_await hop();
    group.cancel(first);
    group.cancel(second);
    co_await hop();
    held.reset();
    co_await group.join();
}

TEST(Limiter, ATurnGivenUpIsItsOwnersNextOne) {
    Watch watch;
    test::run_with([&](auto executor) { return turns_given_up(executor, &watch); });
    EXPECT_EQ(watch.order, (std::vector<int>{1, 2}));
}

Task<void> without_limits() {
    Limiter limiter({});
    std::vector<Limiter::Permit> permits;
    for (int i = 0; i < 100; ++i) {
        auto permit = co_await limiter.acquire(1'000'000, Deadline::after(0s));
        EXPECT_TRUE(permit.has_value());
        if (permit) permits.push_back(std::move(*permit));
    }
}

TEST(Limiter, WithoutLimitsNobodyWaits) {
    test::run(without_limits());
}

Task<void> gives_up() {
    Limiter limiter(at_once(1));
    auto held = co_await limiter.acquire(0, Deadline::never());
    const auto refused = co_await limiter.acquire(0, Deadline::after(2ms));
    EXPECT_FALSE(refused.has_value());
    held.reset();
    const auto again = co_await limiter.acquire(0, Deadline::after(1h));
    EXPECT_TRUE(again.has_value());
}

TEST(Limiter, GivesUpAtTheDeadline) {
    test::run(gives_up());
}

Task<void> cancelled_in_the_queue(asio::any_io_executor executor, Watch* watch) {
    Limiter limiter(at_once(1));
    TaskGroup group(executor);
    auto held = co_await limiter.acquire(0, Deadline::never());
    const auto first = group.spawn(pass(&limiter, watch, 1));
    group.spawn(pass(&limiter, watch, 2));
    co_await hop();
    group.cancel(first);
    co_await hop();
    held.reset();
    co_await group.join();
}

TEST(Limiter, ACancelledCallGivesUpItsTurn) {
    Watch watch;
    test::run_with([&](auto executor) { return cancelled_in_the_queue(executor, &watch); });
    EXPECT_EQ(watch.order, std::vector<int>{2});
}

Task<void> over_the_request_rate() {
    LimiterSettings settings;
    settings.requests_per_minute = 2;
    Limiter limiter(settings);
    for (int i = 0; i < 2; ++i) {
        const auto permit = co_await limiter.acquire(0, Deadline::after(0s));
        EXPECT_TRUE(permit.has_value());
    }
    const auto third = co_await limiter.acquire(0, Deadline::after(5ms));
    EXPECT_FALSE(third.has_value());
}

TEST(Limiter, KeepsToTheRequestRate) {
    test::run(over_the_request_rate());
}

Task<void> waits_for_the_rate(std::chrono::steady_clock::duration* waited) {
    LimiterSettings settings;
    settings.tokens_per_minute = 60'000;  // one a millisecond
    Limiter limiter(settings);
    const auto begin = std::chrono::steady_clock::now();
    const auto all = co_await limiter.acquire(60'000, Deadline::never());
    const auto more = co_await limiter.acquire(30, Deadline::after(10s));
    *waited = std::chrono::steady_clock::now() - begin;
    EXPECT_TRUE(more.has_value());
}

TEST(Limiter, WaitsAsLongAsTheRateAsks) {
    std::chrono::steady_clock::duration waited{};
    test::run(waits_for_the_rate(&waited));
    EXPECT_GE(waited, 30ms);
}

Task<void> settles() {
    LimiterSettings settings;
    settings.tokens_per_minute = 1000;
    Limiter limiter(settings);
    auto first = co_await limiter.acquire(1000, Deadline::never());
    first->settle(100);
    first->settle(0);  // only the first counts
    const auto second = co_await limiter.acquire(900, Deadline::after(0s));
    EXPECT_TRUE(second.has_value());
    const auto third = co_await limiter.acquire(100, Deadline::after(2ms));
    EXPECT_FALSE(third.has_value());
}

TEST(Limiter, SettlingGivesBackWhatWasNotUsed) {
    test::run(settles());
}

Task<void> settles_for_someone_waiting(asio::any_io_executor executor, Watch* watch) {
    LimiterSettings settings;
    settings.tokens_per_minute = 1;
    Limiter limiter(settings);
    TaskGroup group(executor);
    auto first = co_await limiter.acquire(1, Deadline::never());
    group.spawn(pass(&limiter, watch, 1));
    co_await hop();
    first->settle(0);
    co_await group.join();
}

TEST(Limiter, SettlingWakesWhoWaits) {
    Watch watch;
    test::run_with([&](auto executor) { return settles_for_someone_waiting(executor, &watch); });
    EXPECT_EQ(watch.order, std::vector<int>{1});
}

Task<void> moves_permits() {
    Limiter limiter(at_once(2));
    auto a = co_await limiter.acquire(0, Deadline::never());
    auto b = co_await limiter.acquire(0, Deadline::never());
    *a = std::move(*b);  // gives the first place back, keeps the second
    const auto c = co_await limiter.acquire(0, Deadline::after(0s));
    EXPECT_TRUE(c.has_value());
    const auto d = co_await limiter.acquire(0, Deadline::after(1ms));
    EXPECT_FALSE(d.has_value());
}

TEST(Limiter, APlaceIsHeldByOnePermitOnly) {
    test::run(moves_permits());
}

struct SharedWatch {
    std::atomic<int> now = 0;
    std::atomic<int> passed = 0;
    std::atomic<bool> too_many = false;
};

Task<void> pass_often(Limiter* limiter, SharedWatch* watch, std::size_t index) {
    for (std::size_t i = 0; i < 20; ++i) {
        const std::chrono::microseconds patience((index * 17 + i * 31) % 400);
        auto permit = co_await limiter->acquire(1, Deadline::after(patience));
        if (!permit) continue;
        if (++watch->now > 3) watch->too_many = true;
        co_await sleep(std::chrono::microseconds(index % 7));
        --watch->now;
        ++watch->passed;
        permit->settle(2);
    }
}

Task<void> pass_cancelled(Limiter* limiter, SharedWatch* watch, std::size_t index) {
    TaskGroup group(co_await asio::this_coro::executor);
    const auto first = group.spawn(pass_often(limiter, watch, index));
    group.spawn(pass_often(limiter, watch, index + 1));
    co_await sleep(std::chrono::microseconds(index * 10));
    group.cancel(first);
    co_await group.join();
}

TEST(Limiter, IsSharedByRunsOnSeveralThreads) {
    for (const std::size_t threads : {1U, 4U}) {
        Limiter limiter(at_once(3));
        SharedWatch watch;
        test::run_many([&](std::size_t i) { return pass_often(&limiter, &watch, i); }, 50, threads);
        EXPECT_FALSE(watch.too_many);
        EXPECT_GT(watch.passed, 0);
        test::run_many([&](std::size_t i) { return pass_cancelled(&limiter, &watch, i); }, 50, threads);
    }
}

}  // namespace
}  // namespace enough
