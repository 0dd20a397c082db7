#include "serve/ledger.hpp"

#include <gtest/gtest.h>

namespace enough {
namespace {

using namespace std::chrono_literals;
using Period = Ledger::Period;

constexpr Ledger::Time noon = std::chrono::sys_days(std::chrono::January / 31 / 2026) + 12h;

TEST(Ledger, WhatIsReservedIsNotLeft) {
    Ledger ledger({.usd = 10.0, .tokens = 1'000}, Period::day);
    ledger.reserve({.usd = 4.0, .tokens = 300});
    EXPECT_EQ(ledger.left(noon), (RunAllowance{.usd = 6.0, .tokens = 700}));
    ledger.settle({.usd = 4.0, .tokens = 300}, 100, 1.0, noon);
    EXPECT_EQ(ledger.left(noon), (RunAllowance{.usd = 9.0, .tokens = 900}));
    EXPECT_FALSE(ledger.spent(noon));
}

TEST(Ledger, NothingIsLeftBelowNothing) {
    Ledger ledger({.usd = {}, .tokens = 100}, Period::day);
    ledger.settle({}, 250, 0, noon);
    EXPECT_EQ(ledger.left(noon).tokens, 0);
    EXPECT_FALSE(ledger.left(noon).usd) << "no limit on money";
    EXPECT_TRUE(exhausted(ledger.left(noon)));
    EXPECT_TRUE(ledger.spent(noon));
}

TEST(Ledger, ANewDayBeginsAtMidnightUtc) {
    Ledger ledger({.usd = {}, .tokens = 100}, Period::day);
    ledger.settle({}, 100, 0, noon);
    EXPECT_TRUE(ledger.spent(noon + 12h - 1s));
    EXPECT_FALSE(ledger.spent(noon + 12h));
    EXPECT_EQ(Ledger::until_tomorrow(noon), 12h);
    EXPECT_EQ(Ledger::until_tomorrow(noon + 12h - 1s), 1s);
    EXPECT_EQ(Ledger::until_tomorrow(noon + 12h), 24h) << "midnight is the day's first second";
}

TEST(Ledger, WhatWasReservedYesterdayCountsWhenItIsUsed) {
    Ledger ledger({.usd = {}, .tokens = 100}, Period::day);
    ledger.reserve({.usd = {}, .tokens = 60});
    EXPECT_EQ(ledger.left(noon + 24h).tokens, 40);
    ledger.settle({.usd = {}, .tokens = 60}, 50, 0, noon + 24h);
    EXPECT_EQ(ledger.left(noon + 24h).tokens, 50);
}

TEST(Ledger, SomeBudgetsAreForEver) {
    Ledger ledger({.usd = 1.0, .tokens = {}}, Period::ever);
    ledger.settle({}, 0, 1.0, noon);
    EXPECT_TRUE(ledger.spent(noon + 24h * 365));
}

TEST(Ledger, TheSmallerOfTwoAllowances) {
    EXPECT_EQ(least({.usd = 1.0, .tokens = {}}, {.usd = 2.0, .tokens = 5}), (RunAllowance{.usd = 1.0, .tokens = 5}));
    EXPECT_EQ(least({}, {}), RunAllowance());
    EXPECT_FALSE(exhausted({}));
}

}  // namespace
}  // namespace enough
