#include <enough/policies/ranking.hpp>

#include "scored_items.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using Items = std::vector<LabelledScore>;

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> class_of(const Items& items, bool correct) {
    std::vector<double> scores;
    for (const LabelledScore& item : items) {
        if (item.correct == correct) scores.push_back(item.score);
    }
    return scores;
}

double wins(double incorrect, double correct) {
    return incorrect == correct ? 0.5 : incorrect > correct;
}

double u_by_pairs(const Items& items) {
    double u = 0;
    for (const double i : class_of(items, false)) {
        for (const double c : class_of(items, true))
            u += wins(i, c);
    }
    return u;
}

/// U of every way to hand the same labels to the same scores.
std::vector<double> u_of_all_labellings(Items items) {
    std::ranges::sort(items, {}, &LabelledScore::score);
    std::vector<bool> labels;
    for (const LabelledScore& item : items)
        labels.push_back(item.correct);
    std::sort(labels.begin(), labels.end());
    std::vector<double> all;
    do {
        for (std::size_t i = 0; i < items.size(); ++i)
            items[i].correct = labels[i];
        all.push_back(u_by_pairs(items));
    } while (std::next_permutation(labels.begin(), labels.end()));
    return all;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

double sum_of_squares(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values)
        sum += (value - mean(values)) * (value - mean(values));
    return sum;
}

/// DeLong's structural components of one class.
std::vector<double> components(const std::vector<double>& own, const std::vector<double>& other,
                               const std::function<double(double, double)>& kernel) {
    std::vector<double> result;
    for (const double mine : own) {
        double sum = 0;
        for (const double its : other)
            sum += kernel(mine, its);
        result.push_back(sum / static_cast<double>(other.size()));
    }
    return result;
}

double delong_by_pairs(const Items& items) {
    const auto correct = class_of(items, true);
    const auto incorrect = class_of(items, false);
    const auto v10 = components(incorrect, correct, wins);
    const auto v01 = components(correct, incorrect, [](double c, double i) { return wins(i, c); });
    const auto n_i = static_cast<double>(incorrect.size());
    const auto n_c = static_cast<double>(correct.size());
    return sum_of_squares(v10) / (n_i - 1) / n_i + sum_of_squares(v01) / (n_c - 1) / n_c;
}

Items of_classes(std::size_t correct, std::size_t incorrect) {
    Items items;
    for (std::size_t i = 0; i < correct + incorrect; ++i)
        items.push_back({static_cast<double>(i), i < correct});
    return items;
}

TEST(Ranking, MannWhitneyAgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "mann_whitney")) {
        SCOPED_TRACE(golden.id);
        const auto got = mann_whitney(test::labelled_scores(golden.input));
        ASSERT_TRUE(got);
        EXPECT_TRUE(test::matches(golden.expect, "u", got->u));
        EXPECT_TRUE(test::matches(golden.expect, "p", got->p));
        EXPECT_TRUE(test::matches(golden.expect, "p_normal", got->p_normal));
        EXPECT_TRUE(test::matches(golden.expect, "p_exact", got->p_exact));
        EXPECT_TRUE(test::matches(golden.expect, "method", got->method()));
    }
}

TEST(Ranking, AurocAgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("statistics", "auroc")) {
        SCOPED_TRACE(golden.id);
        ASSERT_EQ(golden.input.at("level"), 0.95);
        const auto got = auroc(test::labelled_scores(golden.input));
        ASSERT_TRUE(got);
        EXPECT_TRUE(test::matches(golden.expect, "value", got->value));
        EXPECT_TRUE(test::matches(golden.expect, "variance", got->variance));
        ASSERT_EQ(got->interval.has_value(), got->variance.has_value());
        EXPECT_TRUE(
            test::matches(golden.expect, "low", got->interval ? std::optional(got->interval->low) : std::nullopt));
        EXPECT_TRUE(
            test::matches(golden.expect, "high", got->interval ? std::optional(got->interval->high) : std::nullopt));
        const auto& degenerate = golden.expect.at("degenerate");
        EXPECT_EQ(got->degenerate, !degenerate.is_null() && degenerate.get<bool>());
    }
}

RC_GTEST_PROP(RankingProperty, UAndTheAreaCountPairs, ()) {
    const Items items = *test::tied_scores(0, 40);
    const auto n_c = static_cast<double>(class_of(items, true).size());
    const auto n_i = static_cast<double>(class_of(items, false).size());
    const auto test = mann_whitney(items);
    const auto area = auroc(items);
    RC_ASSERT(test.has_value() == (n_c > 0 && n_i > 0));
    RC_ASSERT(area.has_value() == test.has_value());
    if (!test) return;
    RC_ASSERT(test->u == u_by_pairs(items));
    RC_ASSERT(std::abs(area->value - u_by_pairs(items) / (n_c * n_i)) <= 1e-15);
}

RC_GTEST_PROP(RankingProperty, TheVarianceIsThatOfDelongsComponents, ()) {
    const Items items = *test::tied_scores(4, 40);
    RC_PRE(class_of(items, true).size() >= 2U && class_of(items, false).size() >= 2U);
    const auto got = auroc(items);
    const double want = delong_by_pairs(items);
    RC_ASSERT(got->variance && got->interval);
    RC_ASSERT(std::abs(*got->variance - want) <= 1e-14);
    RC_ASSERT(got->degenerate == (want < 1e-20));
    const double half_width = 1.959963984540054 * std::sqrt(want);
    RC_ASSERT(std::abs(got->interval->low - std::max(0.0, got->value - half_width)) <= 1e-7);
    RC_ASSERT(std::abs(got->interval->high - std::min(1.0, got->value + half_width)) <= 1e-7);
}

RC_GTEST_PROP(RankingProperty, TheExactPCountsLabellings, ()) {
    const Items items = *test::untied_scores(2, 11);
    RC_PRE(!class_of(items, true).empty() && !class_of(items, false).empty());
    const auto all = u_of_all_labellings(items);
    const double u = u_by_pairs(items);
    const auto below = std::ranges::count_if(all, [=](double other) { return other <= u; });
    const auto above = std::ranges::count_if(all, [=](double other) { return other >= u; });
    const double want = 2 * static_cast<double>(std::min(below, above)) / static_cast<double>(all.size());
    const auto got = mann_whitney(items);
    RC_ASSERT(got->p_exact.has_value());
    RC_ASSERT(std::abs(*got->p_exact - std::min(1.0, want)) <= 1e-14);
    RC_ASSERT(got->p == *got->p_exact);
}

// The tie correction makes the variance that of U over all labellings.
RC_GTEST_PROP(RankingProperty, TheNormalPUsesTheVarianceOverLabellings, ()) {
    const Items items = *test::tied_scores(2, 10);
    RC_PRE(!class_of(items, true).empty() && !class_of(items, false).empty());
    const auto all = u_of_all_labellings(items);
    const double variance = sum_of_squares(all) / static_cast<double>(all.size());
    const double excess = std::max(0.0, std::abs(u_by_pairs(items) - mean(all)) - 0.5);
    const double want = variance < 1e-12 ? 1 : std::erfc(excess / std::sqrt(2 * variance));
    RC_ASSERT(std::abs(mann_whitney(items)->p_normal - want) <= 1e-12);
}

RC_GTEST_PROP(RankingProperty, TurnedAroundTheAreaIsItsComplement, ()) {
    const Items items = *test::tied_scores(4, 30);
    RC_PRE(class_of(items, true).size() >= 2U && class_of(items, false).size() >= 2U);
    Items turned = items;
    for (LabelledScore& item : turned)
        item.score = -item.score;
    RC_ASSERT(std::abs(auroc(items)->value + auroc(turned)->value - 1) <= 1e-15);
    RC_ASSERT(std::abs(*auroc(items)->variance - *auroc(turned)->variance) <= 1e-15);
    RC_ASSERT(std::abs(mann_whitney(items)->p - mann_whitney(turned)->p) <= 1e-12);
}

// f(m, n, u) = f(m-1, n, u-n) + f(m, n-1, u): the largest score belongs to the one class or to the other.
TEST(Ranking, TheExactPKeepsItsDigitsForUnequalClasses) {
    constexpr std::size_t n = 60;
    constexpr std::size_t m = 8;
    std::vector<std::vector<double>> counts(m + 1, std::vector<double>(m * n + 1, 0.0));
    for (auto& of_class : counts)
        of_class[0] = 1;
    for (std::size_t larger = 1; larger <= n; ++larger) {
        for (std::size_t smaller = 1; smaller <= m; ++smaller) {
            for (std::size_t u = m * n; u >= larger; --u)
                counts[smaller][u] += counts[smaller - 1][u - larger];
        }
    }
    double all = 0;
    for (const double count : counts[m])
        all += count;
    for (const std::size_t lift : {0U, 3U, 12U, 20U, 26U}) {
        Items items = of_classes(n, 0);
        for (std::size_t i = 0; i < m; ++i)
            items.push_back({static_cast<double>(lift + i) - 0.5 + 0.01 * static_cast<double>(i), false});
        const double u = u_by_pairs(items);
        double below = 0;
        for (std::size_t k = 0; k <= static_cast<std::size_t>(u); ++k)
            below += counts[m][k];
        ASSERT_LE(u, m * n / 2.0);
        const double want = std::min(1.0, 2 * below / all);
        EXPECT_NEAR(*mann_whitney(items)->p_exact / want, 1, 1e-12) << "u = " << u;
        for (LabelledScore& item : items)
            item.correct = !item.correct;
        EXPECT_NEAR(*mann_whitney(items)->p_exact / want, 1, 1e-12) << "classes exchanged, u = " << u;
    }
}

TEST(Ranking, TheExactPIsForSmallClassesWithoutTies) {
    EXPECT_TRUE(mann_whitney(of_classes(8, 100))->p_exact);
    EXPECT_TRUE(mann_whitney(of_classes(100, 8))->p_exact);
    const auto nine = mann_whitney(of_classes(9, 9));
    EXPECT_FALSE(nine->p_exact);
    EXPECT_EQ(nine->method(), "normal");
    EXPECT_EQ(nine->p, nine->p_normal);
    const auto tied_inside_a_class = mann_whitney(Items{{1, true}, {1, true}, {2, false}});
    EXPECT_FALSE(tied_inside_a_class->p_exact);
}

TEST(Ranking, EqualScoresSayNothing) {
    const Items items{{0.5, true}, {0.5, false}, {0.5, true}, {0.5, false}, {0.5, false}};
    EXPECT_EQ(mann_whitney(items)->p, 1);
    const auto area = auroc(items);
    EXPECT_EQ(area->value, 0.5);
    EXPECT_EQ(*area->variance, 0);
    EXPECT_TRUE(area->degenerate);
}

TEST(Ranking, InfiniteScoresHaveARankAndNaNHasNone) {
    EXPECT_EQ(auroc(Items{{-infinity, true}, {0, true}, {infinity, false}, {infinity, false}})->value, 1);
    EXPECT_EQ(auroc(Items{{infinity, true}, {infinity, false}})->value, 0.5);
    EXPECT_THROW(auroc(Items{{0, true}, {nan, false}}), std::invalid_argument);
    EXPECT_THROW(mann_whitney(Items{{nan, true}}), std::invalid_argument);
    EXPECT_THROW(kolmogorov_smirnov(std::vector{0.0}, std::vector{nan}), std::invalid_argument);
    EXPECT_THROW(kolmogorov_smirnov(std::vector{nan}, {}), std::invalid_argument);
}

TEST(Ranking, AClassWithoutItemsHasNoStatistics) {
    EXPECT_FALSE(auroc({}));
    EXPECT_FALSE(mann_whitney({}));
    EXPECT_FALSE(auroc(of_classes(3, 0)));
    EXPECT_FALSE(mann_whitney(of_classes(0, 3)));
    EXPECT_FALSE(kolmogorov_smirnov({}, std::vector{1.0}));
    EXPECT_FALSE(kolmogorov_smirnov(std::vector{1.0}, {}));
    EXPECT_FALSE(auroc(of_classes(1, 9))->variance);
    EXPECT_FALSE(auroc(of_classes(9, 1))->interval);
}

TEST(Ranking, ManyItemsTakeNoPairwiseComparisons) {
    constexpr std::size_t pairs = 150'000;  // 2e10 comparisons would not end before the test's time is over
    Items items;
    for (std::size_t i = 0; i < 2 * pairs; ++i)
        items.push_back({static_cast<double>(i), i % 2 == 0});
    constexpr auto m = static_cast<double>(pairs);
    const auto got = auroc(items);
    EXPECT_EQ(mann_whitney(items)->u, m * (m + 1) / 2);
    // Both classes' components are k/m, k = 1..m or 0..m-1, whose sample variance is (m+1) / 12 m.
    EXPECT_NEAR(*got->variance / (2 * (m + 1) / (12 * m) / m), 1, 1e-9);
}

double ecdf(const std::vector<double>& sample, double at) {
    const auto below = std::ranges::count_if(sample, [=](double value) { return value <= at; });
    return static_cast<double>(below) / static_cast<double>(sample.size());
}

/// Kolmogorov's alternating series, with more terms than any distance of a small sample needs.
double kolmogorov_tail(double lambda) {
    double sum = 0;
    for (int k = 2000; k >= 1; --k)
        sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * lambda * lambda);
    return sum;
}

RC_GTEST_PROP(RankingProperty, KolmogorovSmirnovIsTheLargestDistanceOfTheDistributionFunctions, ()) {
    const Items items = *test::tied_scores(2, 60);
    const auto a = class_of(items, true);
    const auto b = class_of(items, false);
    RC_PRE(!a.empty() && !b.empty());
    double want = 0;
    for (const LabelledScore& item : items)
        want = std::max(want, std::abs(ecdf(a, item.score) - ecdf(b, item.score)));
    const auto got = kolmogorov_smirnov(a, b);
    const auto turned = kolmogorov_smirnov(b, a);
    RC_ASSERT(std::abs(got->distance - want) <= 1e-15);
    RC_ASSERT(turned->distance == got->distance && turned->p == got->p);
    const auto n_a = static_cast<double>(a.size());
    const auto n_b = static_cast<double>(b.size());
    const double p = want == 0 ? 1 : kolmogorov_tail(want * std::sqrt(n_a * n_b / (n_a + n_b)));
    RC_ASSERT(std::abs(got->p - p) <= 1e-12);
}

TEST(Ranking, KolmogorovSmirnovOfTheSameAndOfSeparateSamples) {
    const std::vector<double> low(400, 1.0);
    const std::vector<double> high(400, infinity);
    EXPECT_EQ(kolmogorov_smirnov(low, low)->distance, 0);
    EXPECT_EQ(kolmogorov_smirnov(low, low)->p, 1);
    const auto apart = kolmogorov_smirnov(low, high);
    EXPECT_EQ(apart->distance, 1);
    EXPECT_GE(apart->p, 0);
    EXPECT_LT(apart->p, 1e-100);
    EXPECT_FALSE(std::signbit(kolmogorov_smirnov(std::vector(9000, 1.0), std::vector(9000, 2.0))->p));
}

}  // namespace
}  // namespace enough
