// Gates whose thresholds come from a calibration: what they judge besides the number.
#include <enough/policies/calibration.hpp>
#include <enough/policies/gate.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

using test::evidence_of;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr ChainPosition first_of_four{1, 4};

struct Calibrated {
    Gate gate;
    GateCalibration calibration;
    CallFacts facts;

    Calibrated() { gate.accept = {0.58}; }

    Judgement judged(ChainPosition position, const EvidenceSummary& evidence) {
        gate.calibration = std::make_shared<const GateCalibration>(calibration);
        return judge(gate, position, evidence, facts);
    }
};

Calibrated served(const std::string& model, const std::string& fingerprint) {
    Calibrated call;
    call.calibration.served_model = "small-1";
    call.calibration.fingerprint = "fp_1";
    call.facts.model = model;
    call.facts.fingerprint = fingerprint;
    return call;
}

TEST(CalibratedGate, AcceptsTheModelAndBuildItWasMadeWith) {
    const Judgement same = served("small-1", "fp_1").judged(first_of_four, evidence_of(0.41));
    EXPECT_EQ(name(same.verdict), "accept");
    EXPECT_EQ(same.reason, "entropy.mean 0.41 <= 0.58");
}

TEST(CalibratedGate, NeverAcceptsAnotherModelOrBuild) {
    const std::pair<OnMissing, Verdict> expected[] = {{OnMissing::refine, Verdict::refine},
                                                      {OnMissing::escalate, Verdict::escalate},
                                                      {OnMissing::fail, Verdict::fail}};
    for (const auto& [missing, verdict] : expected) {
        Calibrated model = served("small-2", "fp_1");
        model.gate.missing = missing;
        const Judgement of_model = model.judged(first_of_four, evidence_of(0.01));
        EXPECT_EQ(name(of_model.verdict), name(verdict));
        EXPECT_EQ(of_model.reason, "calibrated on model 'small-1', answered by 'small-2'");
        EXPECT_FALSE(of_model.value);
        Calibrated build = served("small-1", "fp_2");
        build.gate.missing = missing;
        const Judgement of_build = build.judged(first_of_four, evidence_of(0.01));
        EXPECT_EQ(name(of_build.verdict), name(verdict));
        EXPECT_EQ(of_build.reason, "calibrated on build 'fp_1', answered by 'fp_2'");
    }
}

// Not every server names itself; a calibration that may be stale names nothing.
TEST(CalibratedGate, DoesNotCompareWhatIsUnknown) {
    EXPECT_EQ(name(served("", "").judged(first_of_four, evidence_of(0.41)).verdict), "accept");
    Calibrated stale = served("small-2", "fp_2");
    stale.calibration.served_model.clear();
    stale.calibration.fingerprint.clear();
    EXPECT_EQ(name(stale.judged(first_of_four, evidence_of(0.41)).verdict), "accept");
    Calibrated by_hand = served("small-2", "fp_2");
    EXPECT_EQ(name(judge(by_hand.gate, first_of_four, evidence_of(0.41), by_hand.facts).verdict), "accept");
}

TEST(CalibratedGate, JudgesEachStepByItsOwnThreshold) {
    Calibrated call;
    call.gate.accept = {0.8, 0.5, 0.3};
    const auto verdict = [&](int step, double value) {
        return std::string(name(call.judged({step, 4}, evidence_of(value)).verdict));
    };
    EXPECT_EQ(verdict(1, 0.8), "accept");
    EXPECT_EQ(verdict(2, 0.8), "refine");
    EXPECT_EQ(verdict(2, 0.5), "accept");
    EXPECT_EQ(verdict(3, 0.5), "refine");
    EXPECT_EQ(verdict(3, 0.3), "accept");
    EXPECT_EQ(verdict(4, 0.0), "escalate");
}

TEST(InfiniteThreshold, AcceptsNothingWhateverTheSignal) {
    for (const Signal signal : {Signal::entropy_mean, Signal::entropy_max, Signal::confidence_mean,
                                Signal::confidence_bottom10, Signal::logprob_mean}) {
        for (const double value : {-1e308, -1.0, 0.0, 1.0, 1e308}) {
            Calibrated call;
            call.gate.signal = signal;
            call.gate.accept = {accepts_nothing(signal)};
            EXPECT_FALSE(at_least_as_sure(signal, value, accepts_nothing(signal)));
            const Judgement refined = call.judged(first_of_four, evidence_of(value));
            EXPECT_EQ(name(refined.verdict), "refine") << name(signal);
            EXPECT_EQ(refined.reason, "the calibration accepts nothing at step 1");
            EXPECT_EQ(refined.value, value);
            EXPECT_FALSE(refined.threshold);
            EXPECT_EQ(name(call.judged({1, 1}, evidence_of(value)).verdict), "escalate");
        }
    }
    EXPECT_EQ(unsureness(Signal::fitted, accepts_nothing(Signal::fitted)), -infinity);
}

// Also when something else decides: no log can hold an infinite number.
TEST(InfiniteThreshold, IsNeverReportedAsANumber) {
    Calibrated call;
    call.gate.accept = {-infinity};
    call.facts.finish_reason = FinishReason::length;
    EXPECT_FALSE(call.judged(first_of_four, evidence_of(0.1)).threshold);
    call.facts.finish_reason = FinishReason::stopped_early;
    EXPECT_FALSE(call.judged(first_of_four, evidence_of(0.1)).threshold);
    call.facts.finish_reason = FinishReason::stop;
    EXPECT_FALSE(call.judged(first_of_four, EvidenceSummary{}).threshold);
}

// What may not be accepted may still be too unsure to refine.
TEST(InfiniteThreshold, LeavesTheUpperThresholdInForce) {
    Calibrated call;
    call.gate.accept = {-infinity};
    call.gate.escalate = 2.5;
    const Judgement above = call.judged(first_of_four, evidence_of(2.6));
    EXPECT_EQ(name(above.verdict), "escalate");
    EXPECT_EQ(above.reason, "entropy.mean 2.60 > 2.50 (escalate)");
    EXPECT_EQ(above.threshold, 2.5);
    const Judgement below = call.judged(first_of_four, evidence_of(0.1));
    EXPECT_EQ(name(below.verdict), "refine");
    EXPECT_EQ(below.reason, "the calibration accepts nothing at step 1");
}

/// P(correct) = 1 / (1 + exp(weight (entropy.mean - 1))): by entropy alone.
LogisticModel by_entropy(double weight) {
    LogisticModel model;
    model.features = feature_names();
    model.mean = {1, 0, 0, 0, 0, 0};
    model.scale = std::vector<double>(6, 1.0);
    model.weights = {-weight, 0, 0, 0, 0, 0};
    return model;
}

Calibrated fitted() {
    Calibrated call;
    call.gate.signal = Signal::fitted;
    call.gate.accept = {0.75, 0.9};
    call.calibration.models = {by_entropy(2), by_entropy(4)};
    return call;
}

TEST(FittedGate, AcceptsAtOrAboveAProbability) {
    // exp(2 * 0.6) = 3.3201: 3.3201 / 4.3201 = 0.7685
    const Judgement sure = fitted().judged(first_of_four, evidence_of(0.4));
    EXPECT_EQ(name(sure.verdict), "accept");
    EXPECT_NEAR(*sure.value, 0.768524783, 1e-9);
    EXPECT_EQ(sure.reason, "fitted 0.77 >= 0.75");
    // exp(2 * 0.5) = e: e / (1 + e) = 0.7311
    const Judgement unsure = fitted().judged(first_of_four, evidence_of(0.5));
    EXPECT_EQ(name(unsure.verdict), "refine");
    EXPECT_EQ(unsure.reason, "fitted 0.73 < 0.75");
}

TEST(FittedGate, HasAModelForEachStep) {
    const Judgement second = fitted().judged({2, 4}, evidence_of(0.4));
    // exp(4 * 0.6) = 11.0232
    EXPECT_NEAR(*second.value, 0.916827304, 1e-9);
    EXPECT_EQ(name(second.verdict), "accept");
    EXPECT_EQ(name(fitted().judged({3, 4}, evidence_of(0.0)).verdict), "escalate") << "no model, so no value: missing";
}

TEST(FittedGate, NeedsEveryFeature) {
    for (auto feature :
         {&EvidenceSummary::entropy_mean, &EvidenceSummary::entropy_max, &EvidenceSummary::confidence_mean,
          &EvidenceSummary::confidence_bottom10, &EvidenceSummary::logprob_mean}) {
        EvidenceSummary evidence = evidence_of(0.1);
        evidence.*feature = std::nullopt;
        EXPECT_FALSE(features(evidence));
        const Judgement judgement = fitted().judged(first_of_four, evidence);
        EXPECT_EQ(name(judgement.verdict), "escalate");
        EXPECT_EQ(judgement.reason, "no evidence: fitted has no value");
        EXPECT_FALSE(judgement.value);
    }
}

TEST(FittedGate, WithoutACalibrationAcceptsNothing) {
    Gate gate;
    gate.signal = Signal::fitted;
    gate.accept = {0.0};
    EXPECT_EQ(name(judge(gate, first_of_four, evidence_of(0.1), {}).verdict), "escalate");
}

TEST(Features, StandInTheOrderOfTheirNames) {
    EvidenceSummary evidence;
    evidence.tokens = 99;
    evidence.entropy_mean = 1;
    evidence.entropy_max = 2;
    evidence.confidence_mean = 3;
    evidence.confidence_bottom10 = 4;
    evidence.logprob_mean = -5;
    const auto values = features(evidence);
    ASSERT_TRUE(values);
    EXPECT_EQ(*values, (std::vector<double>{1, 2, 3, 4, -5, std::log(100.0)}));
    EXPECT_EQ(feature_names(), (std::vector<std::string>{"entropy.mean", "entropy.max", "confidence.mean",
                                                         "confidence.bottom10", "logprob.mean", "log_tokens"}));
}

TEST(Unsureness, IsHigherForTheLessSureAndTurnsBack) {
    for (const Signal signal : all_signals) {
        EXPECT_EQ(unsureness(signal, 0.25), direction(signal) == Direction::lower_is_surer ? 0.25 : -0.25);
        EXPECT_EQ(unsureness(signal, unsureness(signal, 0.375)), 0.375);
        for (const double a : {-1.0, 0.5, 2.0})
            for (const double b : {-1.0, 0.5, 2.0})
                EXPECT_EQ(unsureness(signal, a) <= unsureness(signal, b), at_least_as_sure(signal, a, b));
    }
    EXPECT_EQ(unsureness(Signal::fitted, 0.75), 0.25);
    EXPECT_EQ(signal_named("fitted"), Signal::fitted);
    EXPECT_EQ(direction(Signal::fitted), Direction::higher_is_surer);
}

}  // namespace
}  // namespace enough
