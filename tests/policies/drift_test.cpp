#include <enough/policies/drift.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace enough {
namespace {

using Scores = std::vector<double>;

Scores from_to(int first, int last) {
    Scores scores;
    for (int i = first; i <= last; ++i)
        scores.push_back(i);
    return scores;
}

TEST(Drift, IsNoneBetweenEqualScores) {
    const auto same = drift(from_to(1, 100), from_to(1, 100), 25);
    ASSERT_TRUE(same);
    EXPECT_EQ(same->n, 100U);
    EXPECT_EQ(same->distance, 0);
    EXPECT_EQ(same->p, 1);
    EXPECT_FALSE(same->alarm);
    EXPECT_EQ(same->share_accepted, 0.25);
    EXPECT_EQ(same->calibration_share, 0.25);
}

// 1 … 100 against 31 … 130: the distance is 0.30 at any place between; sqrt(50) 0.30 = 2.12, and
// 2 sum (-1)^(j-1) exp(-2 j^2 2.1213^2) = 2 exp(-9) = 0.000247.
TEST(Drift, AlarmsWhereScoresHaveMoved) {
    const auto moved = drift(from_to(31, 130), from_to(1, 100), 50);
    ASSERT_TRUE(moved);
    EXPECT_NEAR(moved->distance, 0.30, 1e-12);
    EXPECT_NEAR(moved->p, 2 * 0.00012340980408667956, 1e-9);
    EXPECT_TRUE(moved->alarm);
    EXPECT_EQ(moved->share_accepted, 0.20);
    EXPECT_EQ(moved->calibration_share, 0.50);
}

TEST(Drift, DoesNotAlarmOnFewScores) {
    const auto few = drift(Scores{100, 101}, from_to(1, 99), 50);
    ASSERT_TRUE(few);
    EXPECT_EQ(few->n, 2U);
    EXPECT_EQ(few->distance, 1);
    EXPECT_GT(few->p, 0.01) << "two answers above all calibrated ones are no evidence yet";
    EXPECT_FALSE(few->alarm);
    EXPECT_EQ(few->share_accepted, 0);
}

TEST(Drift, NeedsScoresOnBothSides) {
    EXPECT_FALSE(drift(Scores{}, from_to(1, 9), 1));
    EXPECT_FALSE(drift(from_to(1, 9), Scores{}, 1));
}

TEST(Drift, KnowsThresholdsThatNothingPasses) {
    const auto none = drift(from_to(1, 9), from_to(1, 9), -std::numeric_limits<double>::infinity());
    ASSERT_TRUE(none);
    EXPECT_EQ(none->share_accepted, 0);
    EXPECT_EQ(none->calibration_share, 0);
}

}  // namespace
}  // namespace enough
