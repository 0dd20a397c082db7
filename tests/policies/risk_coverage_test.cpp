#include <enough/policies/risk_coverage.hpp>

#include "scored_items.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using test::matches;

using Items = std::vector<LabelledScore>;

TEST(RiskCoverage, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("risk_coverage")) {
        SCOPED_TRACE(golden.id);
        const auto got = risk_coverage(test::labelled_scores(golden.input));
        EXPECT_TRUE(matches(golden.expect, "aurc", got.aurc));
        EXPECT_TRUE(matches(golden.expect, "e_aurc", got.e_aurc));
        EXPECT_TRUE(matches(golden.expect, "error_rate", got.error_rate));
        const auto& curve = golden.expect.at("curve");
        ASSERT_EQ(got.curve.size(), curve.size());
        for (std::size_t i = 0; i < curve.size(); ++i) {
            EXPECT_TRUE(matches(curve[i], "tau", got.curve[i].tau));
            EXPECT_TRUE(matches(curve[i], "coverage", got.curve[i].coverage));
            EXPECT_TRUE(matches(curve[i], "risk", got.curve[i].risk));
        }
    }
}

/// The area if items are accepted in this order.
double area(const Items& items, const std::vector<std::size_t>& order) {
    double wrong = 0;
    double sum = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
        if (!items[order[k]].correct) ++wrong;
        sum += wrong / static_cast<double>(k + 1);
    }
    return sum / static_cast<double>(order.size());
}

// 7! orders of up to seven items: those that respect the scores share the ties in all ways, and the least area of all
// orders is what no ranking can better.
RC_GTEST_PROP(RiskCoverageProperty, TheAreaIsTheMeanOverTheOrdersOfTies, ()) {
    const Items items = *test::tied_scores(1, 7);
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    double sum = 0;
    double respecting = 0;
    double least = std::numeric_limits<double>::infinity();
    do {
        const double got = area(items, order);
        least = std::min(least, got);
        if (!std::ranges::is_sorted(order, {}, [&](std::size_t index) { return items[index].score; })) continue;
        sum += got;
        ++respecting;
    } while (std::next_permutation(order.begin(), order.end()));
    const auto got = risk_coverage(items);
    RC_ASSERT(std::abs(got.aurc - sum / respecting) <= 1e-12);
    RC_ASSERT(std::abs(got.e_aurc - (sum / respecting - least)) <= 1e-12);
    RC_ASSERT(got.e_aurc >= 0);
}

RC_GTEST_PROP(RiskCoverageProperty, TheCurveCountsWhatEachThresholdAccepts, ()) {
    const Items items = *test::tied_scores(1, 50);
    std::set<double> scores;
    for (const LabelledScore& item : items)
        scores.insert(item.score);
    const auto got = risk_coverage(items);
    RC_ASSERT(got.curve.size() == scores.size());
    auto point = got.curve.begin();
    for (const double tau : scores) {
        double accepted = 0;
        double wrong = 0;
        for (const LabelledScore& item : items) {
            if (item.score > tau) continue;
            ++accepted;
            if (!item.correct) ++wrong;
        }
        RC_ASSERT(point->tau == tau);
        RC_ASSERT(point->coverage == accepted / static_cast<double>(items.size()));
        RC_ASSERT(point->risk == wrong / accepted);
        ++point;
    }
    RC_ASSERT(got.curve.back().coverage == 1);
    RC_ASSERT(got.curve.back().risk == got.error_rate);
}

TEST(RiskCoverage, OfNothingIsZero) {
    const auto got = risk_coverage({});
    EXPECT_TRUE(got.curve.empty());
    EXPECT_EQ(got.error_rate, 0);
    EXPECT_EQ(got.aurc, 0);
    EXPECT_EQ(got.e_aurc, 0);
}

TEST(RiskCoverage, InfiniteScoresComeLastAndNaNIsRefused) {
    const double infinity = std::numeric_limits<double>::infinity();
    const auto got = risk_coverage(Items{{infinity, false}, {3, true}});
    ASSERT_EQ(got.curve.size(), 2U);
    EXPECT_EQ(got.curve[1].tau, infinity);
    EXPECT_EQ(got.aurc, 0.25);
    EXPECT_THROW(risk_coverage(Items{{std::numeric_limits<double>::quiet_NaN(), true}}), std::invalid_argument);
}

}  // namespace
}  // namespace enough
