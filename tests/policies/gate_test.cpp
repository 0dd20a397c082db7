#include <enough/policies/gate.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

using test::evidence_of;

Gate gate_of(Signal signal, std::vector<double> accept) {
    Gate gate;
    gate.signal = signal;
    gate.accept = std::move(accept);
    return gate;
}

CallFacts finished(FinishReason reason) {
    CallFacts facts;
    facts.finish_reason = reason;
    return facts;
}

CallFacts stopped_early_of(std::int64_t max_tokens) {
    CallFacts facts = finished(FinishReason::stopped_early);
    facts.max_tokens = max_tokens;
    return facts;
}

struct Call {
    Gate gate = gate_of(Signal::entropy_mean, {0.58});
    ChainPosition position{1, 4};
    EvidenceSummary evidence = evidence_of(0.41);
    CallFacts facts;

    Judgement judged() const { return judge(gate, position, evidence, facts); }
};

struct GateCase {
    const char* name;
    std::function<void(Call&)> change;
    Verdict verdict;
    const char* reason;
};

class GateVerdict : public testing::TestWithParam<GateCase> {};

TEST_P(GateVerdict, ComesWithItsReason) {
    Call call;
    GetParam().change(call);
    const Judgement got = call.judged();
    EXPECT_EQ(name(got.verdict), name(GetParam().verdict));
    EXPECT_EQ(got.reason, GetParam().reason);
}

const GateCase gate_cases[] = {
    {"sure", [](Call&) {}, Verdict::accept, "entropy.mean 0.41 <= 0.58"},
    {"unsure", [](Call& c) { c.evidence = evidence_of(0.93); }, Verdict::refine, "entropy.mean 0.93 > 0.58"},
    {"unsure_on_the_last_step",
     [](Call& c) {
         c.evidence = evidence_of(0.93);
         c.position = {1, 1};
     },
     Verdict::escalate, "entropy.mean 0.93 > 0.58, last step"},
    {"equal_is_sure", [](Call& c) { c.evidence = evidence_of(0.58); }, Verdict::accept, "entropy.mean 0.58 <= 0.58"},
    {"rounding_does_not_hide_the_difference", [](Call& c) { c.evidence = evidence_of(0.58001); }, Verdict::refine,
     "entropy.mean 0.58001 > 0.58000"},
    {"the_last_bit_is_shown", [](Call& c) { c.evidence = evidence_of(std::nextafter(0.58, 1)); }, Verdict::refine,
     "entropy.mean 0.5800000000000001 > 0.5800000000000000"},
    {"confidence_is_sure_when_high",
     [](Call& c) {
         c.gate = gate_of(Signal::confidence_mean, {1.0});
         c.evidence = evidence_of(1.2);
     },
     Verdict::accept, "confidence.mean 1.20 >= 1.00"},
    {"confidence_is_unsure_when_low",
     [](Call& c) {
         c.gate = gate_of(Signal::confidence_bottom10, {1.0});
         c.evidence = evidence_of(0.8);
     },
     Verdict::refine, "confidence.bottom10 0.80 < 1.00"},
    {"logprobs_are_sure_when_high",
     [](Call& c) {
         c.gate = gate_of(Signal::logprob_mean, {-0.5});
         c.evidence = evidence_of(-0.25);
     },
     Verdict::accept, "logprob.mean -0.25 >= -0.50"},
    {"above_the_upper_threshold",
     [](Call& c) {
         c.gate.escalate = 2.5;
         c.evidence = evidence_of(2.71);
     },
     Verdict::escalate, "entropy.mean 2.71 > 2.50 (escalate)"},
    {"at_the_upper_threshold",
     [](Call& c) {
         c.gate.escalate = 2.5;
         c.evidence = evidence_of(2.5);
     },
     Verdict::refine, "entropy.mean 2.50 > 0.58"},
    {"the_upper_threshold_of_confidences_is_low",
     [](Call& c) {
         c.gate = gate_of(Signal::confidence_mean, {2.0});
         c.gate.escalate = 0.5;
         c.evidence = evidence_of(0.4);
     },
     Verdict::escalate, "confidence.mean 0.40 < 0.50 (escalate)"},
    {"the_upper_threshold_is_for_step_1",
     [](Call& c) {
         c.gate.accept = {0.58, 0.4};
         c.gate.escalate = 2.5;
         c.position.step = 2;
         c.evidence = evidence_of(2.71);
     },
     Verdict::refine, "entropy.mean 2.71 > 0.40"},
    {"each_step_has_its_own_threshold",
     [](Call& c) {
         c.gate.accept = {0.58, 0.4};
         c.position.step = 2;
     },
     Verdict::refine, "entropy.mean 0.41 > 0.40"},
    {"a_step_without_a_threshold_is_not_accepted",
     [](Call& c) {
         c.position.step = 2;
         c.evidence = evidence_of(0.0);
     },
     Verdict::refine, "step 2 has no threshold"},
    {"nor_on_the_last_step",
     [](Call& c) {
         c.position.step = 4;
         c.evidence = evidence_of(0.0);
     },
     Verdict::escalate, "step 4 has no threshold, last step"},

    {"truncated", [](Call& c) { c.facts.finish_reason = FinishReason::length; }, Verdict::escalate,
     "cut at max_tokens"},
    {"truncated_with_missing_refine",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::length;
         c.gate.missing = OnMissing::refine;
     },
     Verdict::refine, "cut at max_tokens"},
    {"truncated_with_missing_refine_on_the_last_step",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::length;
         c.gate.missing = OnMissing::refine;
         c.position.step = 4;
     },
     Verdict::escalate, "cut at max_tokens, last step"},
    {"truncated_with_missing_fail",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::length;
         c.gate.missing = OnMissing::fail;
     },
     Verdict::fail, "cut at max_tokens"},
    {"filtered", [](Call& c) { c.facts.finish_reason = FinishReason::filter; }, Verdict::escalate,
     "withheld by the provider's content filter"},
    {"waiting_for_tools", [](Call& c) { c.facts.finish_reason = FinishReason::tool_calls; }, Verdict::escalate,
     "no answer yet: the model waits for the results of tools"},
    {"other_with_text", [](Call& c) { c.facts.finish_reason = FinishReason::other; }, Verdict::accept,
     "entropy.mean 0.41 <= 0.58"},
    {"other_without_text",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::other;
         c.facts.has_text = false;
     },
     Verdict::escalate, "no text: the model ended its turn otherwise, e.g. with a tool call"},
    {"empty", [](Call& c) { c.facts.has_text = false; }, Verdict::escalate, "the answer is empty"},
    {"not_extracted", [](Call& c) { c.facts.answer_extracted = false; }, Verdict::escalate,
     "no answer found in the text"},
    {"truncation_is_named_before_missing_evidence",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::length;
         c.evidence = {};
     },
     Verdict::escalate, "cut at max_tokens"},
    {"evidence_refused",
     [](Call& c) {
         c.facts.logprobs_refused = true;
         c.evidence = {};
         c.gate.missing = OnMissing::fail;
     },
     Verdict::fail, "server refuses logprobs"},
    {"corrupt_evidence",
     [](Call& c) {
         c.evidence.absent_tokens = 80;
         c.gate.missing = OnMissing::refine;
     },
     Verdict::refine, "corrupt evidence: 80 of 100 tokens are not among their own candidates"},
    {"a_signal_without_value", [](Call& c) { c.evidence.entropy_mean.reset(); }, Verdict::escalate,
     "no evidence: entropy.mean has no value"},

    {"stopped_early",
     [](Call& c) {
         c.position.step = c.position.last = 1;
         c.facts = stopped_early_of(120);
         c.facts.has_text = false;
         c.evidence = evidence_of(0.93);
     },
     Verdict::escalate, "entropy.mean settled above 0.58 after 100 of at most 120 tokens"},
    {"stopped_early_by_the_upper_threshold",
     [](Call& c) {
         c.gate.escalate = 2.5;
         c.gate.signal = Signal::entropy_max;
         c.facts = stopped_early_of(512);
         c.evidence = evidence_of(2.6);
     },
     Verdict::escalate, "entropy.max settled above 2.50 after 100 of at most 512 tokens"},
    {"stopped_early_below_a_confidence",
     [](Call& c) {
         c.position.step = c.position.last = 1;
         c.gate = gate_of(Signal::confidence_lowest_group, {3.0});
         c.gate.settings.window = 50;
         c.facts = stopped_early_of(512);
         c.evidence = evidence_of(2.5);
     },
     Verdict::escalate, "confidence.lowest_group settled below 3.00 after 100 of at most 512 tokens"},
    {"stopped_early_before_a_window_was_full",
     [](Call& c) {
         c.position.step = c.position.last = 1;
         c.gate = gate_of(Signal::confidence_lowest_group, {3.0});
         c.gate.settings.window = 101;
         c.facts = stopped_early_of(512);
         c.evidence = evidence_of(2.5);
     },
     Verdict::escalate, "undecidable by this gate: cut at token 100"},
    {"stopped_early_but_this_gate_would_need_the_rest",
     [](Call& c) {
         c.position.step = c.position.last = 1;
         c.facts = stopped_early_of(512);
         c.evidence = evidence_of(0.93);
     },
     Verdict::escalate, "undecidable by this gate: cut at token 100"},
    {"stopped_early_and_sure_is_not_accepted", [](Call& c) { c.facts.finish_reason = FinishReason::stopped_early; },
     Verdict::escalate, "undecidable by this gate: cut at token 100"},
    {"stopped_early_with_missing_fail",
     [](Call& c) {
         c.facts.finish_reason = FinishReason::stopped_early;
         c.gate.missing = OnMissing::fail;
     },
     Verdict::fail, "undecidable by this gate: cut at token 100"},
};

INSTANTIATE_TEST_SUITE_P(Cases, GateVerdict, testing::ValuesIn(gate_cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Gate, TheJudgementCarriesTheNumbers) {
    Call call;
    call.gate.escalate = 2.5;
    call.evidence.evidence_tokens = 95;
    const auto accepted = call.judged();
    EXPECT_EQ(accepted.value, 0.41);
    EXPECT_EQ(accepted.threshold, 0.58);
    EXPECT_EQ(accepted.coverage, 0.95);
    call.evidence = evidence_of(3.0);
    EXPECT_EQ(call.judged().threshold, 2.5);
    call.position.step = 2;
    EXPECT_EQ(call.judged().threshold, std::nullopt);
    EXPECT_EQ(call.judged().value, 3.0);
}

TEST(Gate, FaultyEvidenceHasNoValueButACoverage) {
    Call call;
    call.evidence.evidence_tokens = 50;
    const auto faulty = call.judged();
    EXPECT_EQ(faulty.value, std::nullopt);
    EXPECT_EQ(faulty.coverage, 0.5);
    call.evidence = {};
    EXPECT_EQ(call.judged().coverage, 0.0);
}

TEST(Gate, ATruncatedAnswerKeepsTheValueOfItsEvidence) {
    Call call;
    call.facts.finish_reason = FinishReason::length;
    EXPECT_EQ(call.judged().value, 0.41);
}

TEST(Gate, VerdictNamesLeadBack) {
    for (const Verdict verdict : {Verdict::accept, Verdict::refine, Verdict::escalate, Verdict::fail}) {
        EXPECT_EQ(verdict_named(name(verdict)), verdict);
    }
    EXPECT_EQ(name(Verdict::accept), "accept");
    EXPECT_EQ(name(Verdict::refine), "refine");
    EXPECT_EQ(name(Verdict::escalate), "escalate");
    EXPECT_EQ(name(Verdict::fail), "fail");
    EXPECT_EQ(verdict_named("accepted"), std::nullopt);
}

TEST(Gate, StepsCountFromOne) {
    const Gate gate = gate_of(Signal::entropy_mean, {0.5, 0.4});
    EXPECT_EQ(gate.threshold(0), std::nullopt);
    EXPECT_EQ(gate.threshold(1), 0.5);
    EXPECT_EQ(gate.threshold(2), 0.4);
    EXPECT_EQ(gate.threshold(3), std::nullopt);
}

TEST(WithoutGate, RefinesToTheEndAndAcceptsThere) {
    EXPECT_EQ(judge_without_gate({1, 3}, {}).verdict, Verdict::refine);
    EXPECT_EQ(judge_without_gate({3, 3}, {}).verdict, Verdict::accept);
    EXPECT_EQ(judge_without_gate({1, 1}, {}).verdict, Verdict::accept);
    EXPECT_EQ(judge_without_gate({1, 1}, {}).reason, "no gate");
    EXPECT_EQ(judge_without_gate({1, 1}, {}).value, std::nullopt);
}

TEST(WithoutGate, AnAnswerThatIsNoneIsNotAccepted) {
    CallFacts empty;
    empty.has_text = false;
    CallFacts unextracted;
    unextracted.answer_extracted = false;
    const std::pair<CallFacts, const char*> cases[] = {
        {finished(FinishReason::length), "cut at max_tokens, last step"},
        {finished(FinishReason::filter), "withheld by the provider's content filter, last step"},
        {finished(FinishReason::stopped_early), "stopped early"},
        {empty, "the answer is empty, last step"},
        {unextracted, "no answer found in the text, last step"},
    };
    for (const auto& [facts, reason] : cases) {
        const auto got = judge_without_gate({2, 2}, facts);
        EXPECT_EQ(got.verdict, Verdict::escalate);
        EXPECT_EQ(got.reason, reason);
    }
    EXPECT_EQ(judge_without_gate({1, 2}, finished(FinishReason::length)).verdict, Verdict::refine);
}

}  // namespace
}  // namespace enough
