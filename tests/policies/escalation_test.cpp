#include <enough/policies/calibration.hpp>

#include "labelled_chains.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::allowing_weak;
using test::chain_of;
using test::first_step;
using test::observed;
using Chains = std::vector<ObservedChain>;

constexpr std::size_t least_above = 10;

/// What leaving all acceptable items above `threshold` to the next rung is worth; absent with too few of them.
std::optional<double> benefit_above(const Chains& chains, double threshold, double next_gain) {
    std::size_t above = 0;
    double benefit = 0;
    for (const ObservedChain& chain : chains) {
        const ObservedStep& first = chain.steps.front();
        if (!first.acceptable || !first.score || *first.score <= threshold) continue;
        ++above;
        std::int64_t tokens = 0;
        for (std::size_t s = 1; s < chain.steps.size(); ++s)
            tokens += chain.steps[s].output_tokens;
        const int gain = static_cast<int>(chain.steps.back().correct) - static_cast<int>(first.correct);
        benefit += next_gain * static_cast<double>(tokens) - gain;
    }
    return above >= least_above ? std::optional(benefit) : std::nullopt;
}

/// Tries every score that was seen: the most beneficial one, the lowest of equals, none where refining is worth more.
std::optional<double> by_trial(const Chains& chains, double next_gain) {
    std::optional<double> best;
    double best_benefit = 0;
    for (const ObservedChain& chain : chains) {
        const ObservedStep& first = chain.steps.front();
        if (!first.acceptable || !first.score) continue;
        const auto benefit = benefit_above(chains, *first.score, next_gain);
        if (!benefit || *benefit < best_benefit) continue;
        if (*benefit == best_benefit && best && *best <= *first.score) continue;
        best = first.score;
        best_benefit = *benefit;
    }
    return best;
}

// Scores from few values, tokens and gains in whole numbers: sums are exact and ties are frequent.
rc::Gen<Chains> any_chains() {
    return rc::gen::exec([] {
        const int count = *rc::gen::inRange(30, 70);
        Chains chains;
        for (int i = 0; i < count; ++i) {
            ObservedStep first = observed(*rc::gen::inRange(1, 30) / 8.0, *rc::gen::arbitrary<bool>(), 64);
            if (*rc::gen::inRange(0, 6) == 0) {
                first.acceptable = first.correct = false;
                if (*rc::gen::arbitrary<bool>()) first.score.reset();
            }
            chains.push_back(chain_of(std::to_string(i),
                                      {first, observed(0.5, *rc::gen::arbitrary<bool>(), *rc::gen::inRange(0, 4) * 64),
                                       observed(0.5, *rc::gen::arbitrary<bool>(), *rc::gen::inRange(1, 4) * 64)}));
        }
        // Two of each class, the wrong ones less sure whatever else was drawn: the step is never refused.
        for (const double shift : {0.0, 0.125}) {
            chains.push_back(
                chain_of("s", {observed(-1000 - shift, true, 64), observed(1, true, 64), observed(1, true, 64)}));
            chains.push_back(
                chain_of("u", {observed(1000 + shift, false, 64), observed(1, true, 64), observed(1, true, 64)}));
        }
        return chains;
    });
}

RC_GTEST_PROP(Escalation, IsTheBestOfAllScores, ()) {
    const Chains chains = *any_chains();
    CalibrationSettings settings = allowing_weak();
    settings.next_gain = *rc::gen::element(0.0, 1.0 / 1024, 1.0 / 256, 1.0 / 64, 1.0);
    const StepCalibration step = first_step(chains, settings);
    if (step.verdict == CalibrationVerdict::refused) RC_DISCARD("the ranks are inverted");
    RC_ASSERT(step.escalate.has_value());
    RC_ASSERT(step.escalate->value == by_trial(chains, settings.next_gain));
    RC_ASSERT(step.escalate->value.has_value() == step.escalate->reason.empty());
}

/// 40 right answers at 0.01 … 0.40, which refining keeps; 40 wrong ones at 0.41 … 0.80. Refining costs 100 tokens and
/// puts right the wrong ones up to `last_gain`.
Chains worth_refining_up_to(double last_gain) {
    Chains chains;
    for (int i = 1; i <= 80; ++i) {
        const double score = i / 100.0;
        const bool right = i <= 40;
        chains.push_back(chain_of(std::to_string(i),
                                  {observed(score, right, 100), observed(0.1, right || score <= last_gain, 100)}));
    }
    return chains;
}

// Above 0.60 refining never helps: 20 items, each of which spares 100 of 16,000 tokens.
TEST(Escalation, ComesOutAsByHand) {
    CalibrationSettings settings = allowing_weak();
    settings.next_gain = 0.001;
    const auto escalate = first_step(worth_refining_up_to(0.60), settings).escalate;
    ASSERT_TRUE(escalate && escalate->value);
    EXPECT_EQ(*escalate->value, 0.60);
    EXPECT_NEAR(escalate->savings, 2000.0 / 16000, 1e-12);
    EXPECT_EQ(escalate->accuracy_change.value, 0);
    EXPECT_EQ(escalate->lost, 0U);
}

TEST(Escalation, HasNoThresholdWhereRefiningAlwaysPays) {
    CalibrationSettings settings = allowing_weak();
    settings.next_gain = 0.001;
    const auto escalate = first_step(worth_refining_up_to(1), settings).escalate;
    ASSERT_TRUE(escalate);
    EXPECT_FALSE(escalate->value);
    EXPECT_FALSE(escalate->reason.empty());
    settings.next_gain = 1;  // the next rung gains a whole answer for each token
    const auto high = first_step(worth_refining_up_to(1), settings).escalate;
    EXPECT_EQ(high->value, 0.01) << "whatever is not the surest of all";
    EXPECT_NEAR(high->accuracy_change.value, -0.5, 1e-12) << "it gives up what refining would have put right";
}

// Ten truncated answers that refining puts right are refined or not by `missing:`, whatever this threshold is.
TEST(Escalation, IsNotMovedByAnswersThatNoGateAccepts) {
    Chains chains = worth_refining_up_to(0.60);
    for (int i = 0; i < 30; ++i) {
        ObservedStep cut = observed(2.0, false, 100);
        cut.acceptable = false;
        cut.truncated = true;
        chains.push_back(chain_of("cut" + std::to_string(i), {cut, observed(0.1, true, 100)}));
    }
    CalibrationSettings settings = allowing_weak();
    settings.next_gain = 0.001;
    const auto escalate = first_step(chains, settings).escalate;
    ASSERT_TRUE(escalate && escalate->value);
    EXPECT_EQ(*escalate->value, 0.60);
    EXPECT_EQ(escalate->accepted, 60U);
}

}  // namespace
}  // namespace enough
