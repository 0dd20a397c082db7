#include <enough/policies/fitted_signal.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace enough {
namespace {

TEST(Residuals, ALineIsTakenOut) {
    // By hand: means 3 and 2, slope ((-2)(-1) + (-1) 0 + 3 * 1) / (1 + 0 + 1) = 2.5.
    const auto got = residuals(std::vector{1.0, 2.0, 6.0}, std::vector{1.0, 2.0, 3.0});
    ASSERT_EQ(got.size(), 3U);
    EXPECT_NEAR(got[0], 0.5, 1e-15);
    EXPECT_NEAR(got[1], -1, 1e-15);
    EXPECT_NEAR(got[2], 0.5, 1e-15);
}

RC_GTEST_PROP(ResidualsProperty, NothingOfTheCovariateIsLeft, ()) {
    std::vector<double> scores;
    std::vector<double> covariate;
    for (const auto& [score, length] : *rc::gen::arbitrary<std::vector<std::pair<std::int8_t, std::int8_t>>>()) {
        scores.push_back(score / 64.0);
        covariate.push_back(length * 50.0);
    }
    const auto got = residuals(scores, covariate);
    RC_ASSERT(got.size() == scores.size());
    double sum = 0;
    double product = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        sum += got[i];
        product += got[i] * covariate[i];
    }
    RC_ASSERT(std::abs(sum) < 1e-9);
    RC_ASSERT(std::abs(product) < 1e-6);
    // What was taken out is a line: equal steps of the covariate are equal steps of it.
    for (std::size_t i = 2; i < got.size(); ++i) {
        const double one = (scores[i] - got[i] - scores[0] + got[0]) * (covariate[1] - covariate[0]);
        const double two = (scores[1] - got[1] - scores[0] + got[0]) * (covariate[i] - covariate[0]);
        RC_ASSERT(std::abs(one - two) < 1e-6);
    }
}

TEST(Residuals, WithoutSpreadOnlyTheMeanIsTakenOut) {
    EXPECT_EQ(residuals(std::vector{1.0, 3.0}, std::vector{0.1, 0.1}), (std::vector{-1.0, 1.0}));
    EXPECT_EQ(residuals(std::vector{4.0}, std::vector{9.0}), std::vector{0.0});
    EXPECT_TRUE(residuals({}, {}).empty());
    const std::vector equal(3, 0.1);
    EXPECT_EQ(residuals(std::vector{0.0, 3.0, 6.0}, equal), (std::vector{-3.0, 0.0, 3.0}));
}

TEST(Residuals, WrongInputsAreRefused) {
    const std::vector two{1.0, 2.0};
    EXPECT_THROW(residuals(two, std::vector{1.0}), std::invalid_argument);
    EXPECT_THROW(residuals(two, std::vector{1.0, std::numeric_limits<double>::infinity()}), std::invalid_argument);
    EXPECT_THROW(residuals(std::vector{std::nan(""), 0.0}, two), std::invalid_argument);
    EXPECT_THROW(residuals(two, std::vector{1e200, -1e200}), std::invalid_argument);
}

}  // namespace
}  // namespace enough
