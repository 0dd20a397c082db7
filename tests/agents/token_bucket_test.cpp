#include <enough/async/token_bucket.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace enough {
namespace {

using namespace std::chrono_literals;
using Clock = TokenBucket::Clock;

const Clock::time_point start{};

std::chrono::milliseconds wait(const TokenBucket& bucket, double amount, Clock::time_point now) {
    return std::chrono::ceil<std::chrono::milliseconds>(bucket.ready_at(amount, now) - now - 1us);
}

TEST(TokenBucket, StartsFullAndLetsABurstOfTheLimitPass) {
    TokenBucket bucket(60, start);
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(wait(bucket, 1, start), 0ms) << i;
        bucket.take(1, start);
    }
    EXPECT_EQ(wait(bucket, 1, start), 1000ms);
}

TEST(TokenBucket, RefillsEvenlyUpToTheLimit) {
    TokenBucket bucket(120, start);
    bucket.take(120, start);
    struct {
        std::chrono::milliseconds after;
        double level;
    } const rows[] = {{0ms, 0}, {500ms, 1}, {1s, 2}, {30s, 60}, {60s, 120}, {2h, 120}};
    for (const auto& row : rows)
        EXPECT_NEAR(bucket.level(start + row.after), row.level, 1e-9) << row.after.count();
}

TEST(TokenBucket, SaysWhenAnAmountWillBeThere) {
    TokenBucket bucket(600, start);
    bucket.take(600, start);
    struct {
        double amount;
        std::chrono::milliseconds wait;
    } const rows[] = {{0, 0ms}, {1, 100ms}, {10, 1s}, {600, 60s}, {6000, 60s}};
    for (const auto& row : rows)
        EXPECT_EQ(wait(bucket, row.amount, start), row.wait) << row.amount;
}

TEST(TokenBucket, AnAmountIsThereAtTheTimeSaid) {
    for (const double per_minute : {1.0, 7.0, 59.0, 1e6, 1e9}) {
        TokenBucket bucket(per_minute, start);
        bucket.take(per_minute, start);
        const auto ready = bucket.ready_at(per_minute / 3, start);
        EXPECT_EQ(bucket.ready_at(per_minute / 3, ready), ready) << per_minute;
    }
}

TEST(TokenBucket, DebtMustBeEarnedFirst) {
    TokenBucket bucket(60, start);
    bucket.take(90, start);
    EXPECT_EQ(wait(bucket, 1, start), 31s);
}

TEST(TokenBucket, PuttingBackNeverOverfills) {
    TokenBucket bucket(60, start);
    bucket.take(10, start);
    bucket.take(-50, start);
    EXPECT_NEAR(bucket.level(start), 60, 1e-9);
}

TEST(TokenBucket, AClockThatStepsBackRefillsNothing) {
    TokenBucket bucket(60, start + 10s);
    bucket.take(60, start + 10s);
    EXPECT_NEAR(bucket.level(start), 0, 1e-9);
    bucket.take(0, start);
    EXPECT_NEAR(bucket.level(start + 11s), 1, 1e-9);
}

}  // namespace
}  // namespace enough
