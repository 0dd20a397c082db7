#include <enough/policies/fitted_signal.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

namespace enough {
namespace {

using Items = std::vector<LabelledFeatures>;

std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> result;
    for (std::size_t j = 0; j < count; ++j)
        result.push_back("x" + std::to_string(j));
    return result;
}

// Features of different sizes; the first decides with `strength`, the rest is noise.
Items sample(std::size_t n, std::size_t features, double strength, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    const auto uniform = [&] { return static_cast<double>(engine() >> 11) / 9007199254740992.0 - 0.5; };
    Items items;
    for (std::size_t i = 0; i < n; ++i) {
        LabelledFeatures item;
        for (std::size_t j = 0; j < features; ++j)
            item.values.push_back(std::pow(30.0, static_cast<double>(j % 5) - 2) * (uniform() + 3));
        const double first = item.values[0] * 900 - 3;
        item.correct = strength * first > uniform();
        items.push_back(item);
    }
    return items;
}

// The penalised log likelihood of (intercept, weights), from the header's formula.
long double likelihood(const LogisticModel& model, const Items& items, const std::vector<long double>& at) {
    long double sum = 0;
    for (std::size_t j = 1; j < at.size(); ++j)
        sum -= static_cast<long double>(model.penalty) / 2 * at[j] * at[j];
    for (const LabelledFeatures& item : items) {
        long double odds = at[0];
        for (std::size_t j = 0; j < item.values.size(); ++j)
            odds += at[j + 1] * ((static_cast<long double>(item.values[j]) - model.mean[j]) / model.scale[j]);
        sum -= std::log1p(std::exp(item.correct ? -odds : odds));
    }
    return sum;
}

std::vector<long double> parameters(const LogisticModel& model) {
    std::vector<long double> at{model.intercept};
    at.insert(at.end(), model.weights.begin(), model.weights.end());
    return at;
}

// The slopes of the penalised log likelihood at the model by central differences, the sum of their sizes.
double total_slope(const LogisticModel& model, const Items& items) {
    const long double h = 1e-5L;
    const auto at = parameters(model);
    double total = 0;
    for (std::size_t j = 0; j < at.size(); ++j) {
        auto up = at;
        auto down = at;
        up[j] += h;
        down[j] -= h;
        const long double slope = (likelihood(model, items, up) - likelihood(model, items, down)) / (2 * h);
        total += static_cast<double>(std::abs(slope));
    }
    return total;
}

TEST(FittedSignal, TheLikelihoodIsFlatAtTheSolution) {
    for (const double penalty : {1e-4, 0.01, 1.0, 100.0}) {
        for (const std::size_t features : {1U, 2U, 5U, 12U}) {
            const Items items = sample(120, features, 2, features);
            const auto model = fit_logistic(items, names(features), penalty);
            ASSERT_TRUE(model);
            EXPECT_LT(total_slope(*model, items), 1e-7) << features << " features, penalty " << penalty;
            EXPECT_EQ(model->penalty, penalty);
            EXPECT_EQ(model->features, names(features));
        }
    }
}

RC_GTEST_PROP(FittedSignalProperty, TheLikelihoodIsFlatAtTheSolutionOfAnyData, ()) {
    const auto features = *rc::gen::inRange<std::size_t>(0, 4);
    const double penalty = std::pow(10.0, *rc::gen::inRange(-4, 3));
    Items items;
    const auto count = *rc::gen::inRange<std::size_t>(2, 20);
    for (std::size_t i = 0; i < count; ++i) {
        // Few different values: constant and collinear features and separable classes are frequent.
        const auto values = *rc::gen::container<std::vector<int>>(features, rc::gen::inRange(0, 3));
        items.push_back({{values.begin(), values.end()}, i == 0 || (i > 1 && *rc::gen::arbitrary<bool>())});
    }
    const auto model = fit_logistic(items, names(features), penalty);
    RC_ASSERT(model.has_value());
    RC_ASSERT(total_slope(*model, items) < 1e-7);
}

TEST(FittedSignal, OneWeightIsTheOneFoundByGoldenSectionSearch) {
    // Every item has its mirror image of the other class: mean and intercept are 0, one weight is left to find.
    Items items;
    for (const auto& [x, correct] : {std::pair(0.3, true), {1.7, true}, {-0.4, true}, {2.2, true}, {-1.1, true}}) {
        items.push_back({{x}, correct});
        items.push_back({{-x}, !correct});
    }
    const auto model = fit_logistic(items, {"x"}, 0.3);
    ASSERT_TRUE(model);
    EXPECT_NEAR(model->intercept, 0, 1e-12);
    const long double ratio = (std::sqrt(5.0L) - 1) / 2;
    long double low = -20;
    long double high = 20;
    while (high - low > 1e-9L) {
        const long double left = high - ratio * (high - low);
        const long double right = low + ratio * (high - low);
        const bool rises = likelihood(*model, items, {0, left}) < likelihood(*model, items, {0, right});
        low = rises ? left : low;
        high = rises ? high : right;
    }
    EXPECT_NEAR(model->weights[0], static_cast<double>(low), 1e-8);
}

TEST(FittedSignal, FeaturesAreStandardised) {
    const Items items{{{1, 50}, true}, {{2, 50}, false}, {{3, 50}, true}, {{6, 50}, false}};
    const auto model = fit_logistic(items, names(2), 1);
    ASSERT_TRUE(model);
    EXPECT_DOUBLE_EQ(model->mean[0], 3);
    EXPECT_DOUBLE_EQ(model->scale[0], std::sqrt(14.0 / 3));
    EXPECT_DOUBLE_EQ(model->mean[1], 50);
    EXPECT_EQ(model->scale[1], 1) << "a feature without spread";
    EXPECT_EQ(model->weights[1], 0);
    const double odds = model->intercept + model->weights[0] * (2.5 - 3) / std::sqrt(14.0 / 3);
    EXPECT_NEAR(model->probability(std::vector{2.5, 50.0}), 1 / (1 + std::exp(-odds)), 1e-15);
}

TEST(FittedSignal, UnitsDoNotMatter) {
    const Items items = sample(60, 3, 1, 5);
    Items other = items;
    for (LabelledFeatures& item : other) {
        item.values[0] = item.values[0] * 1e-9 + 1e-9;
        item.values[1] = item.values[1] * -1e9;
        item.values[2] = item.values[2] * 3 - 7;
    }
    const auto one = fit_logistic(items, names(3), 0.1);
    const auto two = fit_logistic(other, names(3), 0.1);
    for (std::size_t i = 0; i < items.size(); ++i)
        EXPECT_NEAR(one->probability(items[i].values), two->probability(other[i].values), 1e-9);
}

TEST(FittedSignal, WithoutFeaturesTheBaseRateIsLeft) {
    const Items items{{{}, true}, {{}, true}, {{}, false}, {{}, true}};
    const auto model = fit_logistic(items, {}, 1);
    ASSERT_TRUE(model);
    EXPECT_NEAR(model->intercept, std::log(3), 1e-12);
    EXPECT_NEAR(model->probability({}), 0.75, 1e-12);
}

TEST(FittedSignal, SeparableDataHaveFiniteWeights) {
    Items items;
    for (int i = 0; i < 1000; ++i)
        items.push_back({{i < 400 ? i : i + 5000.0, i % 7 * 1.0}, i < 400});
    for (const double penalty : {1e-8, 1e-4, 1.0}) {
        const auto model = fit_logistic(items, names(2), penalty);
        ASSERT_TRUE(model);
        EXPECT_TRUE(std::isfinite(model->weights[0]));
        EXPECT_LT(model->weights[0], 0);
        EXPECT_LT(total_slope(*model, items), 1e-7) << penalty;
        EXPECT_GT(model->probability(items[0].values), 0.99);
        EXPECT_LT(model->probability(items[999].values), 0.01);
    }
}

TEST(FittedSignal, AStepThatOvershootsIsShortened) {
    // From the base rate, full steps of Newton's method run away from the maximum of these to weights without end.
    Items items{{{22}, true}};
    for (const double value : {0, 3, 0, 1, 2, 1, 0, 17, 3})
        items.push_back({{value}, false});
    const auto model = fit_logistic(items, names(1), 1e-4);
    ASSERT_TRUE(model);
    EXPECT_LT(total_slope(*model, items), 1e-7);
}

TEST(FittedSignal, ACopyOfAFeatureHalvesItsPenalty) {
    // w1 = w2 = w/2 costs penalty/2 (w1^2 + w2^2) = (penalty/2)/2 w^2.
    Items items = sample(80, 1, 1, 9);
    const auto one = fit_logistic(items, names(1), 0.5);
    for (LabelledFeatures& item : items)
        item.values.push_back(item.values[0]);
    const auto two = fit_logistic(items, names(2), 1);
    EXPECT_NEAR(two->weights[0], one->weights[0] / 2, 1e-8);
    EXPECT_NEAR(two->weights[1], one->weights[0] / 2, 1e-8);
    const auto nearly_unpenalised = fit_logistic(items, names(2), 1e-12);
    EXPECT_LT(total_slope(*nearly_unpenalised, items), 1e-6);
}

TEST(FittedSignal, AProbabilityIsInsideZeroAndOne) {
    const auto model = fit_logistic(sample(40, 2, 3, 1), names(2), 1e-6);
    constexpr double huge = std::numeric_limits<double>::max();
    for (const double first : {-huge, -1e9, 0.0, 1e9, huge}) {
        for (const double second : {-huge, 0.0, huge}) {
            const double p = model->probability(std::vector{first, second});
            EXPECT_GT(p, 0);
            EXPECT_LT(p, 1);
        }
    }
}

TEST(FittedSignal, BothClassesAreNeeded) {
    EXPECT_FALSE(fit_logistic({}, names(1), 1));
    EXPECT_FALSE(fit_logistic(Items{{{1}, true}, {{2}, true}}, names(1), 1));
    EXPECT_FALSE(fit_logistic(Items{{{1}, false}}, names(1), 1));
    EXPECT_TRUE(fit_logistic(Items{{{1}, false}, {{1}, true}}, names(1), 1));
}

TEST(FittedSignal, WrongInputsAreRefused) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const Items good{{{1}, false}, {{2}, true}};
    for (const double penalty : {0.0, -1.0, nan, infinity})
        EXPECT_THROW(fit_logistic(good, names(1), penalty), std::invalid_argument);
    EXPECT_THROW(fit_logistic(good, names(2), 1), std::invalid_argument);
    for (const double value : {nan, infinity, 1e200})
        EXPECT_THROW(fit_logistic(Items{{{value}, false}, {{2}, true}}, names(1), 1), std::invalid_argument);
    const auto model = fit_logistic(good, names(1), 1);
    EXPECT_THROW(model->probability({}), std::invalid_argument);
    EXPECT_THROW(model->probability(std::vector{1.0, 2.0}), std::invalid_argument);
    EXPECT_THROW(model->probability(std::vector{nan}), std::invalid_argument);
    EXPECT_THROW(cross_fit(good, names(1), 1, 1), std::invalid_argument);
    EXPECT_THROW(cross_fit(good, names(3), 2, 1), std::invalid_argument);
}

Items without_fold(const Items& items, const std::vector<std::size_t>& fold, std::size_t left_out) {
    Items rest;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (fold[i] != left_out) rest.push_back(items[i]);
    }
    return rest;
}

TEST(CrossFit, EveryScoreIsThatOfTheModelOfTheOtherFolds) {
    for (const std::size_t folds : {2U, 5U}) {
        const Items items = sample(53, 3, 1, 21);
        const auto got = cross_fit(items, names(3), folds, 4);
        ASSERT_TRUE(got);
        ASSERT_EQ(got->fold_penalty.size(), folds);
        for (std::size_t k = 0; k < folds; ++k) {
            const auto model = fit_logistic(without_fold(items, got->fold, k), names(3), got->fold_penalty[k]);
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (got->fold[i] != k) continue;
                EXPECT_EQ(got->held_out[i], model->probability(items[i].values));
            }
        }
        EXPECT_EQ(got->model, fit_logistic(items, names(3), got->model.penalty));
    }
}

// Neighbours of different classes take each other's places in the draw of the folds when they swap labels, so the folds
// stay. If both are in one fold, its training set stays too.
int swap_labels_inside(Items& items, const std::vector<std::size_t>& fold, std::size_t swapped) {
    int swaps = 0;
    for (std::size_t i = 0; i + 1 < items.size(); ++i) {
        if (fold[i] != swapped || fold[i + 1] != swapped || items[i].correct == items[i + 1].correct) continue;
        std::swap(items[i].correct, items[i + 1].correct);
        ++swaps;
        ++i;
    }
    return swaps;
}

TEST(CrossFit, NoScoreHasSeenALabelOfItsFold) {
    constexpr std::size_t folds = 3;
    int swaps = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Items items = sample(60, 3, 0.3, seed);
        const auto before = cross_fit(items, names(3), folds, seed);
        ASSERT_TRUE(before);
        for (std::size_t k = 0; k < folds; ++k) {
            Items swapped = items;
            const int here = swap_labels_inside(swapped, before->fold, k);
            if (here == 0) continue;
            swaps += here;
            const auto after = cross_fit(swapped, names(3), folds, seed);
            ASSERT_EQ(after->fold, before->fold);
            EXPECT_EQ(after->fold_penalty[k], before->fold_penalty[k]);
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (before->fold[i] == k) {
                    EXPECT_EQ(after->held_out[i], before->held_out[i]);
                } else {
                    EXPECT_NE(after->held_out[i], before->held_out[i]);
                }
            }
        }
    }
    EXPECT_GT(swaps, 60);
}

TEST(CrossFit, ThePenaltyHasTheLeastHeldOutLoss) {
    std::vector<double> chosen;
    for (const double strength : {0.0, 0.3, 1.0, 20.0}) {
        const Items items = sample(60, 4, strength, 8);
        const auto got = cross_fit(items, names(4), 5, 17);
        ASSERT_TRUE(got) << strength;
        const auto loss = [&](double penalty) {
            double sum = 0;
            for (std::size_t i = 0; i < items.size(); ++i) {
                const auto model = fit_logistic(without_fold(items, got->fold, got->fold[i]), names(4), penalty);
                const double p = model->probability(items[i].values);
                sum -= std::log(items[i].correct ? p : 1 - p);
            }
            return sum;
        };
        EXPECT_EQ(got->model.penalty, *std::ranges::min_element(ridge_penalties, {}, loss));
        chosen.push_back(got->model.penalty);
    }
    EXPECT_GT(chosen.front(), chosen.back()) << "noise wants a larger penalty than a clear signal";
}

TEST(CrossFit, FoldsAreStratifiedAndDrawnFromTheSeed) {
    const Items items = sample(47, 2, 0.2, 2);
    const auto got = cross_fit(items, names(2), 5, 1);
    ASSERT_TRUE(got);
    for (const bool correct : {true, false}) {
        std::vector<int> size(5);
        for (std::size_t i = 0; i < items.size(); ++i)
            size.at(got->fold[i]) += items[i].correct == correct ? 1 : 0;
        const auto [least, most] = std::ranges::minmax(size);
        EXPECT_LE(most - least, 1);
    }
    EXPECT_EQ(cross_fit(items, names(2), 5, 1)->fold, got->fold);
    EXPECT_NE(cross_fit(items, names(2), 5, 2)->fold, got->fold);
}

TEST(CrossFit, AClassThatIsTooSmallGivesNothing) {
    Items items;
    for (int i = 0; i < 20; ++i)
        items.push_back({{i * i % 7 * 1.0}, i >= 4});
    EXPECT_TRUE(cross_fit(items, names(1), 4, 1));
    EXPECT_FALSE(cross_fit(items, names(1), 5, 1));
    EXPECT_FALSE(cross_fit({}, names(1), 2, 1));
    // Two of a class: each training set has one, too few to choose a penalty with.
    items.erase(items.begin(), items.begin() + 2);
    EXPECT_EQ(cross_fit(items, names(1), 2, 1)->fold_penalty, (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace enough
