// What no gate accepts (truncated, without a value, without evidence) must not count as accepted when thresholds are
// fitted, nor make one laxer.
#include <enough/policies/calibration.hpp>
#include <enough/policies/proportions.hpp>

#include "labelled_chains.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::chain_of;
using test::first_step;
using test::observed;
using test::without_intervals;
using Chains = std::vector<ObservedChain>;

enum class Kind { truncated, without_value, without_evidence };

ObservedStep unacceptable(Kind kind, double score) {
    ObservedStep step = observed(score, false, 400);
    step.acceptable = false;
    step.truncated = kind == Kind::truncated;
    if (kind == Kind::without_evidence) step.score.reset();
    return step;
}

/// Right answers at 0.40 … 0.99, wrong ones at 0.70 … 1.29, 60 each; all but every fourth wrong one put right by
/// refining.
Chains sound() {
    Chains chains;
    for (int i = 0; i < 60; ++i) {
        chains.push_back(chain_of("c" + std::to_string(i), {observed(0.40 + i / 100.0, true), observed(0.1, true)}));
        chains.push_back(
            chain_of("i" + std::to_string(i), {observed(0.70 + i / 100.0, false), observed(0.1, i % 4 != 0)}));
    }
    return chains;
}

Chains with(Chains chains, Kind kind, std::size_t count, double score) {
    for (std::size_t i = 0; i < count; ++i)
        chains.push_back(chain_of("u" + std::to_string(i), {unacceptable(kind, score), observed(0.1, true)}));
    return chains;
}

CalibrationSettings lax(Loss loss) {
    CalibrationSettings settings = without_intervals();
    settings.target = {0.1, 0.2};
    settings.loss = loss;
    return settings;
}

class Unacceptable : public testing::TestWithParam<Kind> {};

// They score as if they were the surest of all, and would be regretted.
TEST_P(Unacceptable, IsNeverCountedAsAccepted) {
    for (const Loss loss : {Loss::regret, Loss::wrong}) {
        const Chains chains = with(sound(), GetParam(), 15, 0.30);
        CalibrationSettings settings = lax(loss);
        settings.bootstrap.replicates = 200;
        const StepCalibration step = first_step(chains, settings);
        for (const auto& [method, threshold] : step.thresholds) {
            if (!threshold.value) continue;
            std::size_t accepted = 0;
            std::size_t lost = 0;
            std::size_t wrong = 0;
            for (const ObservedChain& chain : chains) {
                const ObservedStep& first = chain.steps.front();
                if (!first.acceptable || !first.score || *first.score > *threshold.value) continue;
                ++accepted;
                wrong += first.correct ? 0 : 1;
                lost += !first.correct && (loss == Loss::wrong || chain.steps.back().correct) ? 1 : 0;
            }
            EXPECT_EQ(threshold.accepted, accepted) << name(method);
            EXPECT_EQ(threshold.lost, lost) << name(method);
            EXPECT_NEAR(threshold.accepts_incorrect, static_cast<double>(wrong) / 75, 1e-12) << name(method);
            ASSERT_TRUE(threshold.accepts_incorrect_interval) << name(method);
            EXPECT_TRUE(threshold.accepts_incorrect_interval->contains(threshold.accepts_incorrect)) << name(method);
            EXPECT_TRUE(threshold.accepts_correct_interval->contains(threshold.accepts_correct)) << name(method);
        }
        EXPECT_TRUE(step.thresholds.at(Method::crc).value);
    }
}

TEST_P(Unacceptable, NeverGivesAThresholdBeyondWhatCanBeAccepted) {
    const Chains chains = with(sound(), GetParam(), 100, 5.0);
    CalibrationSettings settings = lax(Loss::regret);
    settings.target.epsilon = 0.9;  // everything may be accepted
    settings.bootstrap.replicates = 100;
    const StepCalibration step = first_step(chains, settings);
    for (const Method method : {Method::crc, Method::bound, Method::hoeffding, Method::ltt}) {
        const CalibratedThreshold& threshold = step.thresholds.at(method);
        ASSERT_TRUE(threshold.value) << name(method);
        EXPECT_EQ(*threshold.value, 0.70 + 59 / 100.0) << name(method);
        EXPECT_EQ(threshold.accepted, 120U) << name(method);
        ASSERT_TRUE(threshold.interval) << name(method);
        EXPECT_LE(threshold.interval->high, 0.70 + 59 / 100.0) << name(method);
    }
}

// 10 of 100 answers are wrong: nothing certifies 5 % of errors among them. 340 answers that no gate accepts have no
// loss, and must not thin it out: the test begins at 110 accepted, a quarter of all, which only they could fill.
TEST_P(Unacceptable, DoesNotThinOutTheErrorAmongAccepted) {
    Chains chains;
    for (int i = 0; i < 100; ++i)
        chains.push_back(chain_of("c" + std::to_string(i), {observed(0.40 + i / 1000.0, i % 10 != 5)}));
    for (Chains more = with({}, GetParam(), 340, 5.0); ObservedChain & chain : more) {
        chain.steps.pop_back();
        chain.steps.front().score =
            chain.steps.front().score ? std::optional(5.0 + static_cast<double>(chains.size())) : std::nullopt;
        chains.push_back(std::move(chain));
    }
    CalibrationSettings settings = lax(Loss::wrong);
    settings.target = {0.05, 0.1};
    settings.allow_weak = true;
    ASSERT_GT(binomial_cdf(10, 100, 0.05), 0.1);
    ASSERT_LT(binomial_cdf(10, 440, 0.05), 0.1);
    const StepCalibration step = first_step(chains, settings);
    EXPECT_FALSE(step.thresholds.at(Method::ltt).value);
}

TEST_P(Unacceptable, AloneGivesNoThreshold) {
    Chains chains = sound();
    for (ObservedChain& chain : chains)
        chain.steps.front().acceptable = false;
    const StepCalibration step = first_step(chains, lax(Loss::regret));
    for (const Method method : {Method::crc, Method::bound, Method::hoeffding, Method::ltt}) {
        ASSERT_TRUE(step.thresholds.contains(method));
        EXPECT_FALSE(step.thresholds.at(method).value) << name(method);
        EXPECT_FALSE(step.thresholds.at(method).reason.empty()) << name(method);
    }
}

INSTANTIATE_TEST_SUITE_P(Each, Unacceptable,
                         testing::Values(Kind::truncated, Kind::without_value, Kind::without_evidence),
                         [](const auto& each) {
                             return each.param == Kind::truncated       ? "truncated"
                                    : each.param == Kind::without_value ? "without_value"
                                                                        : "without_evidence";
                         });

// A truncated answer that happens to hold the right value is not right at any step.
TEST(Truncated, IsNotRightAtTheEndOfTheChainEither) {
    Chains chains = sound();
    for (ObservedChain& chain : chains) {
        chain.steps.back().truncated = true;
        chain.steps.back().acceptable = false;
    }
    const StepCalibration step = first_step(chains, lax(Loss::regret));
    EXPECT_EQ(step.thresholds.at(Method::crc).lost, 0U) << "the full chain was never right";
    EXPECT_GT(step.thresholds.at(Method::mean).accuracy_change.value, 0);
}

}  // namespace
}  // namespace enough
