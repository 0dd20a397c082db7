#include <enough/policies/reliability.hpp>

#include "scored_items.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace enough {
namespace {

using test::matches;

using Items = std::vector<LabelledScore>;

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Reliability, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("calibration", "reliability")) {
        SCOPED_TRACE(golden.id);
        std::vector<Forecast> forecasts;
        for (const double p : test::numbers(golden.input.at("p")))
            forecasts.push_back({p, golden.input.at("correct").at(forecasts.size())});
        const std::size_t bins = golden.input.at("bins");
        const auto got = reliability(forecasts, bins);
        EXPECT_TRUE(matches(golden.expect, "ece", got.ece));
        EXPECT_TRUE(matches(golden.expect, "brier", got.brier));
        const auto& table = golden.expect.at("table");
        ASSERT_EQ(got.table.size(), table.size());
        for (std::size_t i = 0; i < table.size(); ++i) {
            const auto width = 1 / static_cast<double>(bins);
            EXPECT_NEAR(got.table[i].low, table[i].at("bin").get<double>() * width, 1e-12);
            EXPECT_NEAR(got.table[i].high, (table[i].at("bin").get<double>() + 1) * width, 1e-12);
            EXPECT_EQ(got.table[i].n, table[i].at("n"));
            EXPECT_TRUE(matches(table[i], "mean_p", got.table[i].mean_probability));
            EXPECT_TRUE(matches(table[i], "accuracy", got.table[i].accuracy));
        }
    }
}

TEST(Isotonic, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("calibration", "isotonic")) {
        SCOPED_TRACE(golden.id);
        const IsotonicFit fit(test::labelled_scores(golden.input));
        EXPECT_EQ(fit.x(), test::numbers(golden.expect.at("x")));
        const auto y = test::numbers(golden.expect.at("y"));
        ASSERT_EQ(fit.y().size(), y.size());
        for (std::size_t i = 0; i < y.size(); ++i)
            EXPECT_NEAR(fit.y()[i], y[i], 1e-9 + 1e-9 * y[i]) << i;
        const auto at = test::numbers(golden.input.at("at"));
        const auto predicted = test::numbers(golden.expect.at("predicted"));
        ASSERT_EQ(at.size(), predicted.size());
        for (std::size_t i = 0; i < at.size(); ++i)
            EXPECT_NEAR(fit(at[i]), predicted[i], 1e-9 + 1e-9 * predicted[i]) << at[i];
    }
}

// Forecasts in 64ths, so that the bins follow from integers.
RC_GTEST_PROP(ReliabilityProperty, EveryForecastIsInItsBin, ()) {
    const auto in_64ths = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, bool>>>(
        rc::gen::pair(rc::gen::inRange(0, 65), rc::gen::arbitrary<bool>())));
    const auto bins = *rc::gen::inRange(1, 20);
    const auto n = static_cast<double>(in_64ths.size());
    std::vector<Forecast> forecasts;
    double brier = 0;
    for (const auto& [p, correct] : in_64ths) {
        forecasts.push_back({p / 64.0, correct});
        brier += correct ? (1 - p / 64.0) * (1 - p / 64.0) : p / 64.0 * p / 64.0;
    }
    const auto got = reliability(forecasts, static_cast<std::size_t>(bins));
    double ece = 0;
    std::size_t row = 0;
    for (int bin = 0; bin < bins; ++bin) {
        double members = 0;
        double sum = 0;
        double correct = 0;
        for (const auto& [p, is_correct] : in_64ths) {
            if (std::min(bins - 1, p * bins / 64) != bin) continue;
            ++members;
            sum += p / 64.0;
            correct += is_correct;
        }
        if (members == 0) continue;
        RC_ASSERT(row < got.table.size());
        const ReliabilityBin& entry = got.table[row++];
        RC_ASSERT(std::abs(entry.low * bins - bin) <= 1e-12);
        RC_ASSERT(std::abs(entry.high * bins - bin - 1) <= 1e-12);
        RC_ASSERT(static_cast<double>(entry.n) == members);
        RC_ASSERT(std::abs(entry.mean_probability - sum / members) <= 1e-12);
        RC_ASSERT(std::abs(entry.accuracy - correct / members) <= 1e-12);
        ece += std::abs(correct - sum) / n;
    }
    RC_ASSERT(row == got.table.size());
    RC_ASSERT(std::abs(got.ece - ece) <= 1e-12);
    RC_ASSERT(std::abs(got.brier - brier / n) <= 1e-12);
}

TEST(Reliability, OfNothingIsZero) {
    const auto got = reliability({}, 10);
    EXPECT_EQ(got.ece, 0);
    EXPECT_EQ(got.brier, 0);
    EXPECT_TRUE(got.table.empty());
}

TEST(Reliability, AnyNumberOfBinsWillDo) {
    const std::vector<Forecast> forecasts{{0.25, true}, {1.0, false}, {0.0, false}};
    EXPECT_EQ(reliability(forecasts, 1).table.size(), 1U);
    const auto fine = reliability(forecasts, std::numeric_limits<std::size_t>::max());
    ASSERT_EQ(fine.table.size(), 3U);
    EXPECT_EQ(fine.table[2].mean_probability, 1.0);
}

TEST(Reliability, WhatIsNoForecastIsRefused) {
    EXPECT_THROW(reliability({}, 0), std::invalid_argument);
    for (const double bad : {-0.01, 1.01, nan, infinity})
        EXPECT_THROW(reliability(std::vector<Forecast>{{bad, true}}, 10), std::invalid_argument) << bad;
}

/// The mean correctness of the items with a score in [low, high].
double mean_between(const Items& items, double low, double high) {
    double n = 0;
    double correct = 0;
    for (const LabelledScore& item : items) {
        if (item.score < low || item.score > high) continue;
        ++n;
        correct += item.correct;
    }
    return correct / n;
}

// The least-squares solution in closed form (Barlow et al. 1972): at x the least, over all starts s up to x, of the
// greatest mean over [s, t], t from x on.
RC_GTEST_PROP(IsotonicProperty, TheFitIsTheMinimumOfMaximalMeans, ()) {
    const Items items = *test::tied_scores(1, 30);
    const IsotonicFit fit(items);
    const auto& x = fit.x();
    RC_ASSERT(std::ranges::is_sorted(x, std::less_equal{}));
    for (const LabelledScore& item : items)
        RC_ASSERT(std::ranges::find(x, item.score) != x.end());
    RC_ASSERT(fit.y().size() == x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        double want = infinity;
        for (std::size_t s = 0; s <= i; ++s) {
            double greatest = 0;
            for (std::size_t t = i; t < x.size(); ++t)
                greatest = std::max(greatest, mean_between(items, x[s], x[t]));
            want = std::min(want, greatest);
        }
        RC_ASSERT(std::abs(fit.y()[i] - want) <= 1e-12);
        RC_ASSERT(fit(x[i]) == fit.y()[i]);
    }
    RC_ASSERT(std::ranges::is_sorted(fit.y(), std::greater{}));
}

RC_GTEST_PROP(IsotonicProperty, BetweenTheKnotsItIsLinearAndOutsideConstant, ()) {
    const IsotonicFit fit(*test::tied_scores(1, 30));
    const auto& x = fit.x();
    for (std::size_t i = 1; i < x.size(); ++i) {
        const double middle = fit((x[i - 1] + x[i]) / 2);
        RC_ASSERT(std::abs(middle - (fit.y()[i - 1] + fit.y()[i]) / 2) <= 1e-12);
        const double quarter = fit(x[i - 1] + (x[i] - x[i - 1]) / 4);
        RC_ASSERT(std::abs(quarter - (3 * fit.y()[i - 1] + fit.y()[i]) / 4) <= 1e-12);
    }
    for (const double beyond : {0.001, 5.0, infinity}) {
        RC_ASSERT(fit(x.front() - beyond) == fit.y().front());
        RC_ASSERT(fit(x.back() + beyond) == fit.y().back());
    }
    RC_ASSERT(std::isnan(fit(nan)));
}

TEST(Isotonic, KnotsAtTheEndsOfTheDoublesAreStillLinear) {
    const double huge = std::numeric_limits<double>::max();
    const double tiny = std::numeric_limits<double>::denorm_min();
    EXPECT_EQ(IsotonicFit(Items{{-huge, true}, {huge, false}})(0), 0.5);
    const IsotonicFit close(Items{{0, true}, {tiny, false}});
    EXPECT_EQ(close(0), 1);
    EXPECT_EQ(close(tiny), 0);
}

TEST(Isotonic, ManyItemsTakeNoQuadraticTime) {
    constexpr std::size_t n = 200'000;
    Items items;
    for (std::size_t i = 0; i < n; ++i)
        items.push_back({static_cast<double>(n - i), i < n / 2});  // the surest are wrong: everything is pooled
    const IsotonicFit fit(items);
    ASSERT_EQ(fit.x().size(), n);
    EXPECT_EQ(fit.y().front(), 0.5);
    EXPECT_EQ(fit.y().back(), 0.5);
}

TEST(Isotonic, WhatHasNoFitIsRefused) {
    EXPECT_THROW(IsotonicFit(Items{}), std::invalid_argument);
    for (const double bad : {nan, infinity, -infinity})
        EXPECT_THROW(IsotonicFit(Items{{0.5, true}, {bad, true}}), std::invalid_argument) << bad;
}

}  // namespace
}  // namespace enough
