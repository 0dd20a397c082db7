#include <enough/policies/gate.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace enough {
namespace {

struct Call {
    Call() { gate.accept = {0.58}; }

    Gate gate;
    EvidenceSummary evidence = sound();
    CallFacts facts;

    static EvidenceSummary sound() {
        EvidenceSummary evidence;
        evidence.tokens = evidence.evidence_tokens = evidence.logprob_tokens = 100;
        evidence.adjacent_pairs = 99;
        evidence.entropy_mean = 0.41;
        evidence.logprob_mean = -0.3;
        return evidence;
    }
};

struct FaultCase {
    const char* name;
    std::function<void(Call&)> change;
    const char* fault;  ///< empty: none
};

class EvidenceFault : public testing::TestWithParam<FaultCase> {};

TEST_P(EvidenceFault, SaysWhatIsWrong) {
    Call call;
    GetParam().change(call);
    EXPECT_EQ(evidence_fault(call.gate, call.evidence, call.facts).value_or(""), GetParam().fault);
}

const FaultCase fault_cases[] = {
    {"sound", [](Call&) {}, ""},
    {"refused", [](Call& c) { c.facts.logprobs_refused = true; }, "server refuses logprobs"},
    {"nothing_sent", [](Call& c) { c.evidence = {}; }, "no evidence: the server sent none"},
    {"no_reasoning_part",
     [](Call& c) {
         c.evidence = {};
         c.gate.settings.scope = Scope::reasoning;
     },
     "no evidence: the server sent no tokens of the reasoning part"},
    {"no_candidates", [](Call& c) { c.evidence.evidence_tokens = c.evidence.adjacent_pairs = 0; },
     "no evidence: none of 100 tokens has two candidates or more"},
    {"logprobs_alone_do_for_their_mean",
     [](Call& c) {
         c.evidence.evidence_tokens = c.evidence.adjacent_pairs = 0;
         c.gate.signal = Signal::logprob_mean;
     },
     ""},
    {"no_logprobs",
     [](Call& c) {
         c.evidence.logprob_tokens = 0;
         c.gate.signal = Signal::logprob_mean;
     },
     "no evidence: none of 100 tokens has a logprob"},

    {"coverage_at_the_bound", [](Call& c) { c.evidence.evidence_tokens = 90; }, ""},
    {"coverage_below", [](Call& c) { c.evidence.evidence_tokens = 62; },
     "coverage 0.62 < 0.90 (62 of 100 tokens have evidence)"},
    {"coverage_just_below",
     [](Call& c) {
         c.evidence.tokens = 10'000;
         c.evidence.evidence_tokens = 8'999;
     },
     "coverage 0.8999 < 0.9000 (8999 of 10000 tokens have evidence)"},
    {"coverage_of_what_the_server_counted", [](Call& c) { c.facts.reported_output_tokens = 200; },
     "coverage 0.50 < 0.90 (100 of 200 tokens have evidence)"},
    {"the_end_of_turn_is_counted_but_not_sent",
     [](Call& c) {
         c.evidence.tokens = c.evidence.evidence_tokens = 3;
         c.evidence.adjacent_pairs = 2;
         c.facts.reported_output_tokens = 4;
     },
     ""},
    {"two_unsent_tokens_are_not_an_end_of_turn",
     [](Call& c) {
         c.evidence.tokens = c.evidence.evidence_tokens = 3;
         c.evidence.adjacent_pairs = 2;
         c.facts.reported_output_tokens = 5;
     },
     "coverage 0.60 < 0.90 (3 of 5 tokens have evidence)"},
    {"the_end_of_turn_excuses_no_seen_token",
     [](Call& c) {
         c.evidence.tokens = 4;
         c.evidence.evidence_tokens = 3;
         c.evidence.adjacent_pairs = 2;
     },
     "coverage 0.75 < 0.90 (3 of 4 tokens have evidence)"},
    {"hidden_reasoning_is_outside_the_answer",
     [](Call& c) {
         c.gate.settings.scope = Scope::answer;
         c.facts.reported_output_tokens = 500;
     },
     ""},
    {"known_reasoning_is_subtracted",
     [](Call& c) {
         c.gate.settings.scope = Scope::answer;
         c.facts.reported_output_tokens = 500;
         c.facts.reported_reasoning_tokens = 300;
     },
     "coverage 0.50 < 0.90 (100 of 200 tokens have evidence)"},
    {"reasoning_is_compared_with_its_own_count",
     [](Call& c) {
         c.gate.settings.scope = Scope::reasoning;
         c.facts.reported_output_tokens = 500;
         c.facts.reported_reasoning_tokens = 400;
     },
     "coverage 0.25 < 0.90 (100 of 400 tokens have evidence)"},

    {"half_absent", [](Call& c) { c.evidence.absent_tokens = 50; }, ""},
    {"most_absent", [](Call& c) { c.evidence.absent_tokens = 51; },
     "corrupt evidence: 51 of 100 tokens are not among their own candidates"},
    {"a_quarter_repeated",
     [](Call& c) {
         c.evidence.adjacent_pairs = 100;
         c.evidence.repeated_pairs = 25;
     },
     ""},
    {"more_than_a_quarter_repeated",
     [](Call& c) {
         c.evidence.adjacent_pairs = 100;
         c.evidence.repeated_pairs = 26;
     },
     "corrupt evidence: 26 of 100 neighbouring tokens have identical candidates"},
    {"seven_pairs_are_too_few_to_tell", [](Call& c) { c.evidence.adjacent_pairs = c.evidence.repeated_pairs = 7; }, ""},
    {"eight_pairs_are_enough", [](Call& c) { c.evidence.adjacent_pairs = c.evidence.repeated_pairs = 8; },
     "corrupt evidence: 8 of 8 neighbouring tokens have identical candidates"},
    {"one_list_in_a_hundred_is_no_distribution", [](Call& c) { c.evidence.corrupt_tokens = 1; }, ""},
    {"two_lists_in_a_hundred_are_no_distribution", [](Call& c) { c.evidence.corrupt_tokens = 2; },
     "corrupt evidence: the candidates of 2 of 100 tokens are no probability distribution"},
    {"no_list_is_a_distribution",
     [](Call& c) {
         c.evidence.evidence_tokens = c.evidence.adjacent_pairs = 0;
         c.evidence.corrupt_tokens = 100;
     },
     "corrupt evidence: the candidates of 100 of 100 tokens are no probability distribution"},

    {"entries_within_the_slack", [](Call& c) { c.facts.reported_output_tokens = 98; }, ""},
    {"entries_beyond_the_slack", [](Call& c) { c.facts.reported_output_tokens = 97; },
     "contradicting count: evidence for 100 tokens, but the server reports 97"},
    {"zero_tokens_with_text", [](Call& c) { c.facts.reported_output_tokens = 0; },
     "contradicting count: the server reports 0 output tokens for an answer with text"},
    {"more_than_max_tokens",
     [](Call& c) {
         c.gate.stop_early = StopEarly::provable;
         c.facts.max_tokens = 99;
     },
     "contradicting count: evidence for 100 tokens, but max_tokens was 99"},
    {"max_tokens_matter_to_provable_stops_only", [](Call& c) { c.facts.max_tokens = 99; }, ""},
};

INSTANTIATE_TEST_SUITE_P(Cases, EvidenceFault, testing::ValuesIn(fault_cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace enough
