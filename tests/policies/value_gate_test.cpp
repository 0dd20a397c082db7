// Gates on signals that are not made from the answer's tokens.
#include <enough/policies/calibration.hpp>
#include <enough/policies/early_stop.hpp>
#include <enough/policies/gate.hpp>

#include "generators.hpp"
#include "labelled_chains.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>

namespace enough {
namespace {

constexpr Signal value_signals[] = {Signal::agreement, Signal::agreement_share, Signal::verbalized, Signal::judge};

struct Call {
    Gate gate;
    ChainPosition position{1, 4};
    std::optional<double> value = 0.97;
    std::string absent;
    CallFacts facts;

    Call() {
        gate.signal = Signal::agreement;
        gate.accept = {0.95};
    }

    Judgement judged() const { return judge_value(gate, position, value, absent, facts); }
};

struct ValueCase {
    const char* name;
    std::function<void(Call&)> change;
    Verdict verdict;
    const char* reason;
};

class ValueGate : public testing::TestWithParam<ValueCase> {};

TEST_P(ValueGate, ComesWithItsReason) {
    Call call;
    GetParam().change(call);
    const Judgement got = call.judged();
    EXPECT_EQ(name(got.verdict), name(GetParam().verdict));
    EXPECT_EQ(got.reason, GetParam().reason);
}

const ValueCase value_cases[] = {
    {"sure", [](Call&) {}, Verdict::accept, "agreement 0.97 >= 0.95"},
    {"equal_is_sure", [](Call& c) { c.value = 0.95; }, Verdict::accept, "agreement 0.95 >= 0.95"},
    {"unsure", [](Call& c) { c.value = 0.9; }, Verdict::refine, "agreement 0.90 < 0.95"},
    {"unsure_on_the_last_step",
     [](Call& c) {
         c.value = 0.9;
         c.position = {1, 1};
     },
     Verdict::escalate, "agreement 0.90 < 0.95, last step"},
    {"below_the_upper_threshold",
     [](Call& c) {
         c.gate.signal = Signal::verbalized;
         c.gate.escalate = 0.3;
         c.value = 0.2;
     },
     Verdict::escalate, "verbalized 0.20 < 0.30 (escalate)"},
    {"a_share",
     [](Call& c) {
         c.gate.signal = Signal::agreement_share;
         c.gate.accept = {0.6};
         c.value = 0.6;
     },
     Verdict::accept, "agreement.share 0.60 >= 0.60"},
    {"each_step_has_its_own_threshold",
     [](Call& c) {
         c.gate.signal = Signal::judge;
         c.gate.accept = {0.5, 0.8};
         c.position.step = 2;
         c.value = 0.7;
     },
     Verdict::refine, "judge 0.70 < 0.80"},
    {"a_step_without_a_threshold", [](Call& c) { c.position.step = 2; }, Verdict::refine, "step 2 has no threshold"},
    {"no_value",
     [](Call& c) {
         c.value.reset();
         c.absent = "the agent states no number";
     },
     Verdict::escalate, "the agent states no number"},
    {"no_value_and_missing_refine",
     [](Call& c) {
         c.value.reset();
         c.absent = "no answer has a value";
         c.gate.missing = OnMissing::refine;
         c.position = {1, 1};
     },
     Verdict::escalate, "no answer has a value, last step"},
    {"no_value_and_no_reason", [](Call& c) { c.value.reset(); }, Verdict::escalate,
     "no evidence: agreement has no value"},
    {"no_number",
     [](Call& c) {
         c.value = std::numeric_limits<double>::quiet_NaN();
         c.absent = "the judge gave no number";
         c.gate.missing = OnMissing::fail;
     },
     Verdict::fail, "the judge gave no number"},
    {"truncated", [](Call& c) { c.facts.finish_reason = FinishReason::length; }, Verdict::escalate,
     "cut at max_tokens"},
    {"the_answers_fault_is_named_first",
     [](Call& c) {
         c.value.reset();
         c.absent = "the agent states no number";
         c.facts.answer_extracted = false;
     },
     Verdict::escalate, "no answer found in the text"},
    {"stopped_early", [](Call& c) { c.facts.finish_reason = FinishReason::stopped_early; }, Verdict::escalate,
     "undecidable by this gate: stopped early"},
    {"stopped_early_is_never_refined",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::stopped_early;
         c.gate.missing = OnMissing::refine;
     },
     Verdict::escalate, "undecidable by this gate: stopped early"},
    {"stopped_early_with_missing_fail",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::stopped_early;
         c.gate.missing = OnMissing::fail;
     },
     Verdict::fail, "undecidable by this gate: stopped early"},
    {"refused_logprobs_are_not_needed", [](Call& c) { c.facts.logprobs_refused = true; }, Verdict::accept,
     "agreement 0.97 >= 0.95"},
    {"a_calibration_that_accepts_nothing", [](Call& c) { c.gate.accept = {accepts_nothing(Signal::agreement)}; },
     Verdict::refine, "the calibration accepts nothing at step 1"},
    {"another_model_than_calibrated",
     [](Call& c) {
         GateCalibration calibration;
         calibration.served_model = "small-1";
         c.gate.calibration = std::make_shared<const GateCalibration>(calibration);
         c.facts.model = "small-2";
     },
     Verdict::escalate, "calibrated on model 'small-1', answered by 'small-2'"},
};

INSTANTIATE_TEST_SUITE_P(Cases, ValueGate, testing::ValuesIn(value_cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ValueGateJudgement, CarriesTheNumbers) {
    Call call;
    EXPECT_EQ(call.judged().value, 0.97);
    EXPECT_EQ(call.judged().threshold, 0.95);
    EXPECT_EQ(call.judged().coverage, 0.0);
    call.facts.finish_reason = FinishReason::length;
    EXPECT_EQ(call.judged().value, 0.97) << "the number is right, whatever the answer is";
    call.value = std::numeric_limits<double>::infinity();
    EXPECT_EQ(call.judged().value, std::nullopt);
}

TEST(ValueGateJudgement, EvidenceAloneHasNoSuchValue) {
    for (const Signal signal : value_signals) {
        Call call;
        call.gate.signal = signal;
        const Judgement got = judge(call.gate, call.position, test::evidence_of(0.99), {});
        EXPECT_EQ(got.verdict, Verdict::escalate);
        EXPECT_EQ(got.reason, "no evidence: " + std::string(name(signal)) + " has no value");
    }
}

TEST(ValueGateJudgement, NoCallIsCutForSuchASignal) {
    for (const Signal signal : value_signals) {
        Gate gate;
        gate.signal = signal;
        gate.accept = {0.95};
        for (const StopEarly when : {StopEarly::provable, StopEarly::predicted}) {
            gate.stop_early = when;
            EXPECT_FALSE(early_stop(gate, {1, 1}, 512)) << name(signal);
        }
    }
}

// The shared rules: with sound evidence and a number for it, both ways of judging say the same.
RC_GTEST_PROP(ValueGateProperty, JudgesLikeASignalOfTheEvidence, ()) {
    Gate gate;
    gate.signal = *rc::gen::element(Signal::confidence_mean, Signal::entropy_mean, Signal::logprob_mean);
    const std::vector<std::vector<double>> thresholds{{0.5}, {0.5, 0.25}, {accepts_nothing(gate.signal)}};
    gate.accept = *rc::gen::elementOf(thresholds);
    if (*rc::gen::arbitrary<bool>()) gate.escalate = *rc::gen::element(0.25, 0.75);
    gate.missing = *rc::gen::element(OnMissing::refine, OnMissing::escalate, OnMissing::fail);
    const ChainPosition position =
        *rc::gen::element(ChainPosition{1, 1}, ChainPosition{1, 3}, ChainPosition{2, 3}, ChainPosition{3, 3});
    CallFacts facts;
    facts.finish_reason =
        *rc::gen::element(FinishReason::stop, FinishReason::length, FinishReason::filter, FinishReason::other);
    facts.has_text = *rc::gen::arbitrary<bool>();
    facts.answer_extracted = *rc::gen::arbitrary<bool>();
    const double value = *rc::gen::element(0.0, 0.25, 0.4, 0.5, 0.75, 1.0);

    Judgement of_evidence = judge(gate, position, test::evidence_of(value), facts);
    of_evidence.coverage = 0;
    RC_ASSERT(judge_value(gate, position, value, "", facts) == of_evidence);
}

TEST(ValueGateCalibration, FitsThresholdsInTheSignalsOwnUnits) {
    // Right answers state 0.90 to 0.71, wrong ones 0.50 to 0.31.
    std::vector<ObservedChain> chains;
    for (int i = 0; i < 60; ++i) {
        const double below = (i % 20) / 100.0;
        chains.push_back(test::chain_of("c" + std::to_string(i), {test::observed(0.9 - below, true)}));
        chains.push_back(test::chain_of("w" + std::to_string(i), {test::observed(0.5 - below, false)}));
    }
    CalibrationKey key;
    key.signal = "verbalized";
    CalibrationSettings settings = test::without_intervals();
    settings.loss = Loss::wrong;
    const Calibration calibration = calibrate(chains, key, settings);
    const auto& mean = calibration.steps.front().thresholds.at(Method::mean);
    ASSERT_TRUE(mean.value) << mean.reason;
    EXPECT_NEAR(*mean.value, 0.805, 1e-9) << "the mean of what right answers state";
    EXPECT_FALSE(mean.boundary) << "there is no running signal to predict from";
    const auto& bound = calibration.steps.front().thresholds.at(Method::bound);
    ASSERT_TRUE(bound.value) << bound.reason;
    EXPECT_LE(*bound.value, 0.71) << "no right answer is lost";
    EXPECT_GE(*bound.value, 0.31);
}

// 1 - (1 - 0.3) is a rounding above 0.3.
TEST(ValueGateCalibration, AnItemAtTheThresholdPassesIt) {
    std::vector<ObservedChain> chains;
    for (int i = 0; i < 60; ++i) {
        chains.push_back(test::chain_of("c" + std::to_string(i), {test::observed(i % 2 == 0 ? 0.3 : 0.4, true)}));
        chains.push_back(test::chain_of("w" + std::to_string(i), {test::observed(i % 2 == 0 ? 0.1 : 0.2, false)}));
    }
    CalibrationKey key;
    key.signal = "judge";
    CalibrationSettings settings = test::without_intervals();
    settings.loss = Loss::wrong;
    const Calibration calibration = calibrate(chains, key, settings);
    for (const Method method : {Method::crc, Method::bound}) {
        Call call;
        call.gate.signal = Signal::judge;
        call.gate.accept = {calibration.steps.front().thresholds.at(method).value.value()};
        call.value = 0.3;
        EXPECT_EQ(call.judged().reason, "judge 0.30 >= 0.30") << name(method);
        EXPECT_EQ(call.judged().verdict, Verdict::accept) << name(method);
    }
}

}  // namespace
}  // namespace enough
