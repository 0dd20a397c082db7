#include <enough/policies/calibration.hpp>
#include <enough/policies/chain_ledger.hpp>
#include <enough/policies/risk_control.hpp>
#include <enough/policies/thresholds.hpp>

#include "labelled_chains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::allowing_weak;
using test::first_step;
using test::overlapping;
using test::six_chains;
using test::without_intervals;
using testing::HasSubstr;
using Chains = std::vector<ObservedChain>;

std::vector<LabelledScore> scores_of(const Chains& chains) {
    std::vector<LabelledScore> scores;
    for (const ObservedChain& chain : chains)
        scores.push_back({*chain.steps.front().score, chain.steps.front().correct});
    return scores;
}

std::vector<Chain> ledger_chains(const Chains& chains) {
    std::vector<Chain> all;
    for (const ObservedChain& chain : chains) {
        Chain steps;
        for (const ObservedStep& step : chain.steps)
            steps.push_back({step.score, step.correct, step.input_tokens, step.output_tokens});
        all.push_back(std::move(steps));
    }
    return all;
}

/// The losses as the definition has them.
std::vector<ScoredLoss> losses_of(const Chains& chains, Loss loss) {
    std::vector<ScoredLoss> losses;
    for (const ObservedChain& chain : chains) {
        const bool wrong = !chain.steps.front().correct;
        losses.push_back({*chain.steps.front().score, wrong && (loss == Loss::wrong || chain.steps.back().correct)});
    }
    return losses;
}

/// A second answer that turns every fifth wrong one right and every ninth right one wrong.
Chains refined(Chains chains) {
    for (std::size_t i = 0; i < chains.size(); ++i) {
        const ObservedStep& first = chains[i].steps.front();
        const bool right = first.correct ? i % 9 != 0 : i % 5 == 0;
        chains[i].steps.push_back(test::observed(*first.score / 3, right, 40));
    }
    return chains;
}

TEST(CalibratedThresholds, OfThePaperAreThoseOfThePlainFit) {
    const Chains chains = overlapping(70, 50);
    for (const Priors priors : {Priors::class_frequency, Priors::equal}) {
        CalibrationSettings settings = without_intervals();
        settings.priors = priors;
        const MethodThresholds got = first_step(chains, settings).thresholds;
        const PaperThresholds want = fit_paper_thresholds(scores_of(chains), priors);
        ASSERT_FALSE(want.refusal);
        EXPECT_EQ(got.at(Method::mean).value, want.mean.value);
        EXPECT_EQ(got.at(Method::information).value, want.information.value);
        EXPECT_EQ(got.at(Method::bayes).value, want.bayes.value);
        EXPECT_EQ(got.at(Method::bayes).bayes_kind, want.bayes.kind);
        EXPECT_EQ(got.at(Method::universal).value, want.universal.value);
        EXPECT_EQ(got.at(Method::mean).accepts_correct, want.mean.accepts_correct);
        EXPECT_EQ(got.at(Method::information).accepts_incorrect, want.information.accepts_incorrect);
    }
}

TEST(CalibratedThresholds, WithAPromiseAreThoseOfThePlainFits) {
    const Chains chains = refined(overlapping(200, 100));
    for (const Loss loss : {Loss::regret, Loss::wrong}) {
        CalibrationSettings settings = without_intervals();
        settings.loss = loss;
        settings.target = {0.05, 0.2};
        const MethodThresholds got = first_step(chains, settings).thresholds;
        const auto losses = losses_of(chains, loss);
        const std::map<Method, RiskThreshold> want{{Method::crc, crc_threshold(losses, 0.05)},
                                                   {Method::bound, bound_threshold(losses, settings.target)},
                                                   {Method::hoeffding, hoeffding_threshold(losses, settings.target)},
                                                   {Method::ltt, ltt_threshold(losses, settings.target, 75)}};
        ASSERT_TRUE(want.at(Method::crc).tau && want.at(Method::bound).tau && want.at(Method::ltt).tau);
        for (const auto& [method, threshold] : want) {
            EXPECT_EQ(got.at(method).value, threshold.tau) << name(method);
            EXPECT_EQ(got.at(method).accepted, threshold.accepted) << name(method);
            EXPECT_EQ(got.at(method).lost, threshold.lost) << name(method);
            EXPECT_EQ(got.at(method).reason.empty(), threshold.tau.has_value()) << name(method);
        }
        EXPECT_EQ(got.at(Method::ltt).min_accepted, 75U) << "a quarter of 300, more than 32 = smallest_certifiable";
    }
}

TEST(CalibratedThresholds, SavingsAndAccuracyChangeAreThoseOfTheLedger) {
    const Chains chains = refined(overlapping(90, 60));
    const auto ledger_of = ledger_chains(chains);
    CalibrationSettings settings = without_intervals();
    settings.target = {0.1, 0.2};
    std::size_t checked = 0;
    for (const auto& [method, threshold] : first_step(chains, settings).thresholds) {
        if (!threshold.value) continue;
        ++checked;
        const ChainLedger ledger = chain_ledger(ledger_of, threshold.value, StopRule::first_step);
        EXPECT_NEAR(threshold.savings, ledger.savings_output, 1e-12) << name(method);
        EXPECT_NEAR(threshold.accuracy_change.value, ledger.delta_accuracy, 1e-12) << name(method);
        EXPECT_EQ(threshold.accepted, ledger.stopped) << name(method);
    }
    EXPECT_GE(checked, 6U);
}

// mean: 0.8/3 = 0.267 accepts a and b. Used 2*100 + 4*150 of 900 tokens; right are a, b, and c, f refined, as always.
// information: 0.267 + 0.208 ln(1 + 0.913) = 0.401685 accepts d as well, which stays wrong, and c, which refining would
// have put right: 3 of 6 instead of 4.
TEST(CalibratedThresholds, ComeOutAsByHand) {
    const MethodThresholds got = first_step(six_chains(), allowing_weak()).thresholds;
    const CalibratedThreshold& mean = got.at(Method::mean);
    EXPECT_NEAR(*mean.value, 0.8 / 3, 1e-12);
    EXPECT_EQ(mean.accepted, 2U);
    EXPECT_NEAR(mean.accepts_correct, 2.0 / 3, 1e-12);
    EXPECT_EQ(mean.accepts_incorrect, 0);
    EXPECT_NEAR(mean.savings, 1.0 / 9, 1e-12);
    EXPECT_NEAR(mean.accuracy_change.value, 0, 1e-12);
    const CalibratedThreshold& information = got.at(Method::information);
    EXPECT_NEAR(*information.value, 0.401685, 1e-6);
    EXPECT_EQ(information.accepted, 4U);
    EXPECT_NEAR(information.accepts_incorrect, 2.0 / 3, 1e-12);
    EXPECT_NEAR(information.savings, 2.0 / 9, 1e-12);
    EXPECT_NEAR(information.accuracy_change.value, -1.0 / 6, 1e-12);
}

// Six items at 0.35: (lost + 1) / 7 <= 0.35 allows one loss. Wrong are c, d, f; regretted only c and f, as d stays
// wrong.
TEST(CalibratedThresholds, RegretIsLessThanWrong) {
    CalibrationSettings settings = allowing_weak();
    settings.target = {0.35, 0.1};
    settings.loss = Loss::wrong;
    EXPECT_EQ(first_step(six_chains(), settings).thresholds.at(Method::crc).value, 0.3);
    settings.loss = Loss::regret;
    const CalibratedThreshold regret = first_step(six_chains(), settings).thresholds.at(Method::crc);
    EXPECT_EQ(regret.value, 0.5);
    EXPECT_EQ(regret.accepted, 5U);
    EXPECT_EQ(regret.lost, 1U);
}

TEST(CalibratedThresholds, HaveNoRegretOnTheLastStep) {
    CalibrationSettings settings = without_intervals();
    settings.target = {0.3, 0.2};
    Chains chains = overlapping(60, 60);
    for (ObservedChain& chain : chains)
        chain.steps.insert(chain.steps.begin(), test::observed(1, chain.steps.front().correct));
    const auto last = [&] { return calibrate(chains, test::key_of(), settings).steps.back().thresholds; };
    settings.allow_weak = true;
    for (const Method method : all_methods) {
        EXPECT_EQ(last().at(method).value.has_value(), !controls_risk(method)) << name(method);
        if (!controls_risk(method)) continue;
        EXPECT_THAT(last().at(method).reason, HasSubstr("regret")) << name(method);
    }
    settings.loss = Loss::wrong;
    EXPECT_TRUE(last().at(Method::crc).value);
}

TEST(CalibratedThresholds, ThatNothingCertifiesSayWhy) {
    const MethodThresholds small = first_step(refined(overlapping(24, 24)), without_intervals()).thresholds;
    EXPECT_FALSE(small.at(Method::crc).value) << "1/49 is above 0.02: one item more would do";
    EXPECT_THAT(small.at(Method::crc).reason, HasSubstr("48 items are too few"));
    EXPECT_EQ(small.at(Method::ltt).min_accepted, 114U) << "0.98^114 is the first at or below 0.1";
    Chains hopeless = overlapping(200, 200);
    for (ObservedChain& chain : hopeless)
        chain.steps.push_back(test::observed(0.1, true));
    CalibrationSettings settings = without_intervals();
    for (std::size_t i = 0; i < 20; ++i)
        hopeless[200 + i].steps.front().score = 0.3;  // the surest are wrong, and refining helps
    const CalibratedThreshold bound = first_step(hopeless, settings).thresholds.at(Method::bound);
    EXPECT_FALSE(bound.value);
    EXPECT_THAT(bound.reason, HasSubstr("no threshold keeps the regret within 0.02"));
    EXPECT_EQ(bound.accepted, 0U);
    EXPECT_EQ(bound.savings, 0);
}

// The same data, once as entropies and once as logprobs: thresholds are the same numbers with the other sign.
TEST(CalibratedThresholds, OfSignalsThatAreSurerWhenHighStandInTheirOwnUnits) {
    const Chains low = refined(overlapping(80, 60));
    Chains high = low;
    for (ObservedChain& chain : high)
        for (ObservedStep& step : chain.steps)
            step.score = -*step.score;
    CalibrationSettings settings = without_intervals();
    settings.bootstrap.replicates = 200;
    settings.target = {0.1, 0.2};
    settings.next_gain = 0.01;  // escalating pays
    const StepCalibration as_entropy = first_step(low, settings);
    const StepCalibration as_logprob = first_step(high, settings, "logprob.mean");
    EXPECT_EQ(as_logprob.statistics.auroc->value, as_entropy.statistics.auroc->value);
    EXPECT_NEAR(*as_logprob.statistics.correct.mean, -0.8, 1e-12);
    ASSERT_TRUE(as_entropy.thresholds.at(Method::crc).value);
    for (const Method method : all_methods) {
        const CalibratedThreshold& want = as_entropy.thresholds.at(method);
        const CalibratedThreshold& got = as_logprob.thresholds.at(method);
        ASSERT_EQ(got.value.has_value(), want.value.has_value()) << name(method);
        if (!want.value) continue;
        EXPECT_EQ(*got.value, -*want.value) << name(method);
        EXPECT_EQ(got.savings, want.savings) << name(method);
        EXPECT_EQ(got.accepts_correct, want.accepts_correct) << name(method);
        ASSERT_TRUE(got.interval && want.interval) << name(method);
        EXPECT_EQ(*got.interval, (Interval{-want.interval->high, -want.interval->low})) << name(method);
        EXPECT_LE(got.interval->low, got.interval->high) << name(method);
    }
    ASSERT_TRUE(as_entropy.escalate && as_entropy.escalate->value);
    EXPECT_EQ(*as_logprob.escalate->value, -*as_entropy.escalate->value);
}

// Confidences are positive: the wrong ones' lie lower, and the threshold lies among them in their own units.
TEST(CalibratedThresholds, OfConfidencesArePositive) {
    Chains chains = overlapping(80, 60);
    for (ObservedChain& chain : chains)
        chain.steps.front().score = 5 - *chain.steps.front().score;  // right 3.8 to 4.6, wrong 3.4 to 4.2
    const StepCalibration step = first_step(chains, without_intervals(), "confidence.mean");
    EXPECT_EQ(name(step.verdict), "usable");
    EXPECT_NEAR(*step.thresholds.at(Method::mean).value, 4.2, 1e-12);
    EXPECT_LT(*step.thresholds.at(Method::information).value, 4.2) << "laxer than the mean";
    EXPECT_NEAR(step.thresholds.at(Method::mean).accepts_correct, 0.5, 1e-12);
    EXPECT_EQ(step.thresholds.at(Method::mean).accepts_incorrect, 0);
    EXPECT_FALSE(step.thresholds.at(Method::universal).value)
        << "it has no meaning where the mean of -confidence is below 0";
    EXPECT_FALSE(step.thresholds.at(Method::universal).reason.empty());
}

}  // namespace
}  // namespace enough
