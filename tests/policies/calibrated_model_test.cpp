// The parts of a calibration that are drawn or learnt: intervals, boundaries and the fitted signal.
#include <enough/policies/calibration.hpp>
#include <enough/policies/calibration_file.hpp>
#include <enough/policies/predicted_stop.hpp>
#include <enough/policies/ranking.hpp>

#include "labelled_chains.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::first_step;
using test::overlapping;
using test::without_intervals;
using Chains = std::vector<ObservedChain>;

CalibrationSettings with_intervals(std::uint64_t seed) {
    CalibrationSettings settings;
    settings.bootstrap = {200, seed};
    return settings;
}

double uniform(std::mt19937_64& generator) {
    return static_cast<double>(generator() >> 11U) / 9007199254740992.0;
}

/// `informative`: the features tell right from wrong far better than the score does; else all but one are noise.
Chains with_features(bool informative) {
    std::mt19937_64 generator(7);
    Chains chains = overlapping(80, 80);
    for (ObservedChain& chain : chains) {
        ObservedStep& step = chain.steps.front();
        const double clear = (step.correct ? 3.0 : 2.5) + 0.6 * uniform(generator);
        for (std::size_t j = 1; j < 5; ++j)
            step.features.push_back(uniform(generator));
        step.features.insert(step.features.begin(), *step.score);
        step.features.push_back(informative ? clear : uniform(generator));
    }
    return chains;
}

TEST(CalibratedModel, SameSeedGivesTheSameBytes) {
    const Chains chains = with_features(true);
    const auto text = [&](std::uint64_t seed) {
        return to_json(calibrate(chains, test::key_of(), with_intervals(seed))).dump();
    };
    EXPECT_EQ(text(1), text(1));
    EXPECT_NE(text(1), text(2)) << "the seed has an effect";
}

TEST(CalibratedModel, IsTakenOnlyWhereItIsBetterOnHeldOutItems) {
    const StepCalibration good = first_step(with_features(true), without_intervals());
    ASSERT_TRUE(good.fitted);
    EXPECT_GT(good.fitted->auroc.value, good.fitted->signal_auroc.value);
    EXPECT_TRUE(good.fitted->better);
    EXPECT_EQ(good.fitted->signal_auroc.value, good.statistics.auroc->value);
    EXPECT_EQ(good.fitted->model.features, feature_names());
    ASSERT_TRUE(good.fitted->thresholds.at(Method::mean).value);

    const StepCalibration useless = first_step(with_features(false), without_intervals());
    ASSERT_TRUE(useless.fitted);
    EXPECT_LE(useless.fitted->auroc.value, useless.fitted->signal_auroc.value);
    EXPECT_FALSE(useless.fitted->better);
    EXPECT_TRUE(useless.fitted->thresholds.empty());
}

// P(correct) is surer when high: thresholds are probabilities, and accept at or above.
TEST(CalibratedModel, HasThresholdsThatAreProbabilities) {
    const Chains chains = with_features(true);
    CalibrationSettings settings = with_intervals(1);
    settings.loss = Loss::wrong;
    settings.target = {0.1, 0.2};
    const StepCalibration step = first_step(chains, settings);
    ASSERT_TRUE(step.fitted && step.fitted->better);
    std::vector<LabelledFeatures> items;
    for (const ObservedChain& chain : chains)
        items.push_back({chain.steps.front().features, chain.steps.front().correct});
    const auto crossed = cross_fit(items, feature_names(), settings.folds, settings.bootstrap.seed);
    ASSERT_TRUE(crossed);
    double mean = 0;
    for (std::size_t i = 0; i < items.size(); ++i)
        mean += items[i].correct ? crossed->held_out[i] / 80 : 0;
    EXPECT_NEAR(*step.fitted->thresholds.at(Method::mean).value, mean, 1e-9);
    for (const auto& [method, threshold] : step.fitted->thresholds) {
        if (!threshold.value) continue;
        EXPECT_GT(*threshold.value, 0) << name(method);
        EXPECT_LT(*threshold.value, 1) << name(method);
        std::size_t accepted = 0;
        for (const double probability : crossed->held_out)
            accepted += 1 - probability <= 1 - *threshold.value ? 1 : 0;
        EXPECT_EQ(threshold.accepted, accepted) << name(method);
        ASSERT_TRUE(threshold.interval) << name(method);
        EXPECT_LE(threshold.interval->low, threshold.interval->high) << name(method);
    }
    EXPECT_TRUE(step.fitted->thresholds.at(Method::crc).value);
}

/// The score is noise, in chains of two steps.
Chains with_a_score_of_noise(bool informative) {
    std::mt19937_64 generator(11);
    Chains chains = with_features(informative);
    for (ObservedChain& chain : chains) {
        chain.steps.front().score = 0.5 + uniform(generator);
        chain.steps.front().features.front() = *chain.steps.front().score;
        chain.steps.push_back(test::observed(0.3, chain.steps.front().correct, 50));
    }
    return chains;
}

// The plain signal's refusal says nothing of others beside it.
TEST(CalibratedModel, IsJudgedByItsOwnScores) {
    const StepCalibration step = first_step(with_a_score_of_noise(true), without_intervals());
    ASSERT_EQ(name(step.verdict), "refused");
    EXPECT_FALSE(step.thresholds.at(Method::mean).value);
    EXPECT_FALSE(step.escalate);
    ASSERT_TRUE(step.fitted);
    EXPECT_EQ(name(step.fitted->verdict), "usable");
    EXPECT_TRUE(step.fitted->usable());
    ASSERT_TRUE(step.fitted->thresholds.at(Method::mean).value);
    ASSERT_TRUE(step.fitted->escalate && step.fitted->escalate->value) << "refining changes nothing here";
    EXPECT_GT(*step.fitted->escalate->value, 0);
    EXPECT_LT(*step.fitted->escalate->value, 1) << "a probability, too";
}

TEST(CalibratedModel, IsRefusedWhereItTellsNothing) {
    const StepCalibration step = first_step(with_a_score_of_noise(false), without_intervals());
    ASSERT_TRUE(step.fitted);
    EXPECT_EQ(name(step.fitted->verdict), "refused");
    EXPECT_FALSE(step.fitted->reasons.empty());
    EXPECT_FALSE(step.fitted->usable());
    EXPECT_TRUE(step.fitted->thresholds.empty());
    EXPECT_FALSE(step.fitted->escalate);
}

TEST(CalibratedModel, IsWeakOnFewItems) {
    Chains chains = with_features(true);
    chains.erase(chains.begin() + 20, chains.begin() + 140);
    const StepCalibration step = first_step(chains, without_intervals());
    ASSERT_TRUE(step.fitted);
    EXPECT_EQ(name(step.fitted->verdict), "weak") << "only 40 items";
}

TEST(CalibratedModel, IsNotFittedWithoutFeatures) {
    Chains chains = with_features(true);
    chains[17].steps.front().features.clear();
    EXPECT_FALSE(first_step(chains, without_intervals()).fitted);
    EXPECT_FALSE(first_step(overlapping(60, 60), without_intervals()).fitted);
}

Chains with_running(Chains chains) {
    for (ObservedChain& chain : chains) {
        ObservedStep& step = chain.steps.front();
        step.output_tokens = 100;
        step.running = {*step.score * 1.5, *step.score * 1.2, *step.score};
    }
    return chains;
}

TEST(CalibratedBoundary, StandsBesideEachThreshold) {
    const Chains chains = with_running(overlapping(60, 60));
    CalibrationSettings settings = without_intervals();
    settings.stop_delta = 0.05;
    const StepCalibration step = first_step(chains, settings);
    std::vector<Trajectory> recorded;
    for (const ObservedChain& chain : chains)
        recorded.push_back({chain.steps.front().running, *chain.steps.front().score, 100});
    for (const auto& [method, threshold] : step.thresholds) {
        ASSERT_EQ(threshold.boundary.has_value(), threshold.value.has_value()) << name(method);
        if (!threshold.value) continue;
        EXPECT_EQ(*threshold.boundary, fit_boundary(recorded, *threshold.value, 0.05)) << name(method);
        EXPECT_LE(threshold.boundary_outcome.wrong, 6U) << name(method);
        EXPECT_EQ(threshold.boundary_outcome.tokens, 12000) << name(method);
    }
    EXPECT_GT(step.thresholds.at(Method::mean).boundary_outcome.stopped, 0U);
}

// The running value is the entropy's mean: it says nothing of another signal.
TEST(CalibratedBoundary, IsOfEntropyMeanOnlyAndNeedsTrajectories) {
    const Chains chains = with_running(overlapping(60, 60));
    EXPECT_FALSE(first_step(chains, without_intervals(), "entropy.max").thresholds.at(Method::mean).boundary);
    EXPECT_FALSE(first_step(overlapping(60, 60), without_intervals()).thresholds.at(Method::mean).boundary);
}

}  // namespace
}  // namespace enough
