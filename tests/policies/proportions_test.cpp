#include <enough/policies/proportions.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using test::matches;

const double nan = std::numeric_limits<double>::quiet_NaN();

/// P(Bin(n, p) = x), multiplied out.
double probability(std::size_t x, std::size_t n, double p) {
    long double result = 1;
    for (std::size_t i = 1; i <= x; ++i)
        result *= static_cast<long double>(n - x + i) / static_cast<long double>(i) * p;
    for (std::size_t i = x; i < n; ++i)
        result *= 1 - static_cast<long double>(p);
    return static_cast<double>(result);
}

double at_most(std::size_t x, std::size_t n, double p) {
    double sum = 0;
    for (std::size_t k = 0; k <= x; ++k)
        sum += probability(k, n, p);
    return sum;
}

double at_least(std::size_t x, std::size_t n, double p) {
    double sum = 0;
    for (std::size_t k = n + 1; k-- > x;)
        sum += probability(k, n, p);
    return sum;
}

struct Count {
    std::size_t x = 0;
    std::size_t n = 0;
};

rc::Gen<Count> any_count() {
    return rc::gen::exec([] {
        const auto n = *rc::gen::inRange<std::size_t>(1, 80);
        return Count{*rc::gen::inRange<std::size_t>(0, n + 1), n};
    });
}

rc::Gen<double> any_share() {
    return rc::gen::map(rc::gen::inRange(1, 1000), [](int thousandths) { return thousandths / 1000.0; });
}

TEST(Proportions, IntervalsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics")) {
        if (golden.kind != "clopper_pearson" && golden.kind != "wilson") continue;
        SCOPED_TRACE(golden.id);
        const auto interval = golden.kind == "wilson" ? wilson : clopper_pearson;
        const auto got = interval(golden.input.at("x"), golden.input.at("n"), golden.input.at("level"));
        EXPECT_TRUE(matches(golden.expect, "low", got.low));
        EXPECT_TRUE(matches(golden.expect, "high", got.high));
    }
}

TEST(Proportions, UpperBoundsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "clopper_pearson_upper")) {
        SCOPED_TRACE(golden.id);
        const auto got = clopper_pearson_upper(golden.input.at("x"), golden.input.at("n"), golden.input.at("delta"));
        EXPECT_TRUE(matches(golden.expect, "upper", got));
    }
}

TEST(Proportions, McNemarAgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "mcnemar")) {
        SCOPED_TRACE(golden.id);
        const auto got = mcnemar_exact(golden.input.at("right_wrong"), golden.input.at("wrong_right"));
        EXPECT_TRUE(matches(golden.expect, "p", got));
    }
}

TEST(Proportions, HolmAgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "holm")) {
        SCOPED_TRACE(golden.id);
        const auto got = holm(test::numbers(golden.input.at("p")));
        const auto want = test::numbers(golden.expect.at("adjusted"));
        ASSERT_EQ(got.size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i)
            EXPECT_NEAR(got[i], want[i], 1e-9 + 1e-9 * want[i]) << i;
    }
}

RC_GTEST_PROP(ProportionsProperty, ClopperPearsonSolvesItsBinomialEquations, ()) {
    const Count count = *any_count();
    const double level = *any_share();
    const double tail = (1 - level) / 2;
    const auto got = clopper_pearson(count.x, count.n, level);
    if (count.x > 0) RC_ASSERT(std::abs(at_least(count.x, count.n, got.low) - tail) <= 1e-11);
    if (count.x < count.n) RC_ASSERT(std::abs(at_most(count.x, count.n, got.high) - tail) <= 1e-11);
    RC_ASSERT((got.low == 0) == (count.x == 0));
    RC_ASSERT((got.high == 1) == (count.x == count.n));
    RC_ASSERT(got.contains(static_cast<double>(count.x) / static_cast<double>(count.n)));
}

RC_GTEST_PROP(ProportionsProperty, TheUpperBoundSolvesItsBinomialEquation, ()) {
    const Count count = *any_count();
    const double delta = *any_share();
    const double got = clopper_pearson_upper(count.x, count.n, delta);
    if (count.x == count.n) RC_ASSERT(got == 1);
    if (count.x < count.n) RC_ASSERT(std::abs(at_most(count.x, count.n, got) - delta) <= 1e-11);
}

// The bounds are the p at which the score test |x/n - p| / sqrt(p (1-p) / n) is just significant.
RC_GTEST_PROP(ProportionsProperty, WilsonInvertsTheScoreTest, ()) {
    const Count count = *any_count();
    const double level = *any_share();
    const auto got = wilson(count.x, count.n, level);
    const auto n = static_cast<double>(count.n);
    const auto significance = [&](double p) {
        const double z = std::abs(static_cast<double>(count.x) / n - p) / std::sqrt(p * (1 - p) / n);
        return std::erfc(z / std::sqrt(2.0));
    };
    if (count.x > 0) RC_ASSERT(std::abs(significance(got.low) - (1 - level)) <= 1e-9);
    if (count.x < count.n) RC_ASSERT(std::abs(significance(got.high) - (1 - level)) <= 1e-9);
    if (count.x == 0) RC_ASSERT(got.low == 0);
    if (count.x == count.n) RC_ASSERT(got.high == 1);
}

RC_GTEST_PROP(ProportionsProperty, FailuresMirrorSuccesses, ()) {
    const Count count = *any_count();
    const double level = *any_share();
    for (const auto interval : {wilson, clopper_pearson}) {
        const auto successes = interval(count.x, count.n, level);
        const auto failures = interval(count.n - count.x, count.n, level);
        RC_ASSERT(std::abs(successes.low + failures.high - 1) <= 1e-12);
        RC_ASSERT(std::abs(successes.high + failures.low - 1) <= 1e-12);
    }
}

TEST(Proportions, TheExactIntervalCoversWhateverTheTruth) {
    constexpr std::size_t n = 25;
    for (int percent = 1; percent < 100; ++percent) {
        const double truth = percent / 100.0;
        double covered = 0;
        for (std::size_t x = 0; x <= n; ++x) {
            if (clopper_pearson(x, n).contains(truth)) covered += probability(x, n, truth);
        }
        EXPECT_GE(covered, 0.95) << truth;
    }
}

TEST(Proportions, TheDefaultLevelIs95Percent) {
    EXPECT_EQ(clopper_pearson(3, 10), clopper_pearson(3, 10, 0.95));
    EXPECT_EQ(wilson(3, 10), wilson(3, 10, 0.95));
}

RC_GTEST_PROP(ProportionsProperty, TheBinomialFunctionIsItsSum, ()) {
    const Count count = *any_count();
    const double p = *any_share();
    const double want = at_most(count.x, count.n, p);
    RC_ASSERT(std::abs(binomial_cdf(count.x, count.n, p) - want) <= 1e-13 + 1e-11 * want);
}

TEST(Proportions, TheBinomialFunctionAtItsEnds) {
    EXPECT_EQ(binomial_cdf(0, 0, 0.3), 1);
    EXPECT_EQ(binomial_cdf(7, 7, 0.3), 1);
    EXPECT_EQ(binomial_cdf(9, 7, 0.3), 1);
    EXPECT_EQ(binomial_cdf(0, 7, 0), 1);
    EXPECT_EQ(binomial_cdf(6, 7, 1), 0);
    EXPECT_EQ(binomial_cdf(7, 7, 1), 1);
    EXPECT_EQ(binomial_cdf(0, 10, 0.5), 1.0 / 1024);
}

TEST(Proportions, McNemarCountsTheSignsOfThePairs) {
    for (std::size_t b = 0; b <= 12; ++b) {
        for (std::size_t c = 0; b + c <= 12; ++c) {
            const std::size_t pairs = b + c;
            std::size_t as_uneven = 0;
            for (std::size_t signs = 0; signs < std::size_t{1} << pairs; ++signs) {
                std::size_t ones = 0;
                for (std::size_t i = 0; i < pairs; ++i)
                    ones += signs >> i & 1U;
                as_uneven += std::min(ones, pairs - ones) <= std::min(b, c);
            }
            const double want = static_cast<double>(as_uneven) / static_cast<double>(std::size_t{1} << pairs);
            EXPECT_NEAR(mcnemar_exact(b, c), want, 1e-14) << b << " and " << c;
        }
    }
}

// Holm's procedure is the closed test that uses Bonferroni's on every set of hypotheses.
RC_GTEST_PROP(ProportionsProperty, HolmIsBonferroniOnEverySet, ()) {
    const auto p = *rc::gen::suchThat(rc::gen::container<std::vector<double>>(any_share()),
                                      [](const auto& drawn) { return drawn.size() <= 8; });
    const auto got = holm(p);
    RC_ASSERT(got.size() == p.size());
    for (std::size_t i = 0; i < p.size(); ++i) {
        double want = 0;
        for (std::size_t set = 0; set < std::size_t{1} << p.size(); ++set) {
            if (!(set >> i & 1U)) continue;
            double members = 0;
            double smallest = 1;
            for (std::size_t j = 0; j < p.size(); ++j) {
                if (!(set >> j & 1U)) continue;
                ++members;
                smallest = std::min(smallest, p[j]);
            }
            want = std::max(want, std::min(1.0, members * smallest));
        }
        RC_ASSERT(std::abs(got[i] - want) <= 1e-15);
    }
}

TEST(Proportions, WhatIsNoCountLevelOrProbabilityIsRefused) {
    EXPECT_THROW(clopper_pearson(6, 5), std::invalid_argument);
    EXPECT_THROW(wilson(6, 5), std::invalid_argument);
    EXPECT_THROW(wilson(1, 0), std::invalid_argument);
    EXPECT_THROW(clopper_pearson_upper(6, 5, 0.1), std::invalid_argument);
    for (const double bad : {0.0, 1.0, -0.1, 1.5, nan}) {
        EXPECT_THROW(clopper_pearson(0, 0, bad), std::invalid_argument) << bad;
        EXPECT_THROW(wilson(2, 5, bad), std::invalid_argument) << bad;
        EXPECT_THROW(clopper_pearson_upper(5, 5, bad), std::invalid_argument) << bad;
    }
    for (const double bad : {-0.1, 1.1, nan}) {
        EXPECT_THROW(binomial_cdf(5, 5, bad), std::invalid_argument) << bad;
        EXPECT_THROW(holm(std::vector{0.5, bad}), std::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace enough
