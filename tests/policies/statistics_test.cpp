#include <enough/policies/statistics.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace enough {
namespace {

TEST(Statistics, WelchAgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "welch")) {
        SCOPED_TRACE(golden.id);
        const auto correct = test::numbers(golden.input.at("correct"));
        const auto incorrect = test::numbers(golden.input.at("incorrect"));
        const auto got = welch_test(moments(correct), moments(incorrect));
        ASSERT_TRUE(got);
        EXPECT_TRUE(test::matches(golden.expect, "t", got->t));
        EXPECT_TRUE(test::matches(golden.expect, "df", got->df));
        EXPECT_TRUE(test::matches(golden.expect, "p", got->p));
    }
}

TEST(Statistics, MomentsOfNothingAndOfOne) {
    const auto none = moments({});
    EXPECT_EQ(none.n, 0U);
    EXPECT_FALSE(none.mean);
    EXPECT_FALSE(none.sd);
    const auto one = moments(std::vector{2.5});
    EXPECT_EQ(one.n, 1U);
    EXPECT_EQ(one.mean, 2.5);
    EXPECT_FALSE(one.sd);
}

TEST(Statistics, MomentsFarFromZeroKeepTheirDigits) {
    const auto got = moments(std::vector{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
    EXPECT_EQ(got.mean, 1e9 + 10);
    EXPECT_NEAR(*got.sd, std::sqrt(30.0), 1e-9);
}

TEST(Statistics, MomentsOfWhatIsNotFiniteAreAbsent) {
    const auto got = moments(std::vector{1.0, std::numeric_limits<double>::quiet_NaN()});
    EXPECT_EQ(got.n, 2U);
    EXPECT_FALSE(got.mean);
    EXPECT_FALSE(got.sd);
    EXPECT_FALSE(moments(std::vector{1e200, -1e200}).sd);
}

TEST(Statistics, NoEffectSizeOrTestWithoutSpread) {
    const auto one = moments(std::vector{1.0});
    const auto flat = moments(std::vector{1.0, 1.0});
    const auto two = moments(std::vector{1.0, 2.0});
    EXPECT_FALSE(effect_size(one, two));
    EXPECT_FALSE(effect_size(two, one));
    EXPECT_FALSE(effect_size(flat, flat));
    EXPECT_FALSE(welch_test(one, two));
    EXPECT_FALSE(welch_test(flat, flat));
    EXPECT_TRUE(effect_size(flat, two));
    EXPECT_TRUE(welch_test(flat, two));
}

TEST(Statistics, ExtremeScalesThrowNothing) {
    const Moments tiny{10, 0.0, 1e-170};
    const Moments huge{10, 1.0, 1e170};
    EXPECT_FALSE(welch_test(tiny, tiny));
    EXPECT_FALSE(welch_test(huge, huge));
    EXPECT_FALSE(effect_size(huge, huge));
    const auto apart = welch_test({10, 0.0, 1e-100}, {10, 1e300, 1e-100});
    ASSERT_TRUE(apart);
    EXPECT_EQ(apart->p, 0.0);
}

TEST(Statistics, HedgesCorrectionHoldsForTheIntervalToo) {
    const auto got = effect_size({6, 0.0, 1.0}, {5, 0.8, 1.2});
    ASSERT_TRUE(got);
    // J for m = 9: gamma(4.5) / (sqrt(4.5) gamma(4)) = 11.6317283966 / (2.1213203436 * 6).
    const double correction = 11.631728396567448 / (std::sqrt(4.5) * 6);
    EXPECT_NEAR(got->hedges_g, got->cohens_d * correction, 1e-12);
    EXPECT_NEAR(got->hedges_low, got->low * correction, 1e-12);
    EXPECT_NEAR(got->hedges_high, got->high * correction, 1e-12);
}

TEST(Statistics, HedgesCorrectionVanishesForLargeSamples) {
    const auto got = effect_size({5'000'000, 0.0, 1.0}, {5'000'000, 0.5, 1.0});
    ASSERT_TRUE(got);
    // J = 1 - 3 / (4 m - 1) to first order, m = 9,999,998.
    EXPECT_NEAR(got->hedges_g / got->cohens_d, 1 - 3 / (4 * 9'999'998.0 - 1), 1e-12);
}

}  // namespace
}  // namespace enough
