#include <enough/async/token_bucket.hpp>

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(TokenBucket, AChangeDealsOutWhatItHoldsAndNeverAddsToIt) {
    struct {
        double level;
        double limit;
        double expected;
    } const rows[] = {
        {60, 15, 15},   // full stays full
        {40, 30, 20},   // shrinks: the same share of the limit
        {40, 120, 40},  // grows: what is there
        {0, 120, 0},   {-30, 15, -30}, {-30, 120, -30}, {40, 60, 40},
    };
    for (const auto& row : rows) {
        TokenBucket bucket(60, start);
        bucket.take(60 - row.level, start);
        bucket.change(row.limit, start);
        EXPECT_NEAR(bucket.level(start), row.expected, 1e-9) << row.level << " of 60, then " << row.limit;
        const auto more = std::min(row.limit, row.expected + row.limit / 6);
        EXPECT_NEAR(bucket.level(start + 10s), more, 1e-9) << "refills at the new rate";
    }
}

TEST(TokenBucket, AChangeCountsTheTimeBeforeItAtTheOldRate) {
    TokenBucket bucket(60, start);
    bucket.take(60, start);
    bucket.change(6, start + 10s);  // 10 of 60 by then
    EXPECT_NEAR(bucket.level(start + 10s), 1, 1e-9);
}

TEST(TokenBucket, ChangesBackAndForthBringNothing) {
    TokenBucket bucket(60, start);
    bucket.take(20, start);
    for (int i = 0; i < 10; ++i) {
        const double before = bucket.level(start);
        bucket.change(i % 2 == 0 ? 20 : 60, start);
        EXPECT_LE(bucket.level(start), before);
    }
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
