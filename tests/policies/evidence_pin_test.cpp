#include <enough/policies/evidence_pin.hpp>
#include <enough/policies/gate.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace enough {
namespace {

/// `tokens` tokens of `candidates` equally likely candidates each, each list another.
EvidenceSummary measured(int tokens, int candidates, SignalSettings settings = {}, Phase phase = Phase::answer) {
    EvidenceAccumulator accumulator(settings);
    for (int i = 0; i < tokens; ++i) {
        Token token{std::to_string(i), -std::log(candidates), phase, {}};
        for (int j = 0; j < candidates; ++j)
            token.candidates.push_back({std::to_string(i + j), token.logprob});
        accumulator.add(token);
    }
    return accumulator.summary();
}

CallFacts pinned(EvidencePin pin) {
    CallFacts facts;
    facts.pin = std::move(pin);
    return facts;
}

Gate gate(SignalSettings settings = {}) {
    Gate gate;
    gate.settings = settings;
    gate.accept = {10};
    gate.missing = OnMissing::escalate;
    return gate;
}

TEST(EvidencePin, an_answer_that_is_as_pinned_is_judged_as_ever) {
    auto facts = pinned({.k = 20, .usage = true, .model = "m"});
    facts.model = "m";
    facts.reported_output_tokens = 30;
    const auto judgement = judge(gate(), {}, measured(30, 20), facts);
    EXPECT_EQ(judgement.verdict, Verdict::accept) << judgement.reason;
}

TEST(EvidencePin, fewer_candidates_on_most_tokens_are_no_evidence) {
    const auto facts = pinned({.k = 20});
    EXPECT_EQ(judge(gate(), {}, measured(30, 19), facts).verdict, Verdict::escalate);
    EXPECT_EQ(judge(gate(), {}, measured(30, 19), facts).reason,
              "pinned at 20 candidates a token, but 30 of 30 tokens have fewer than 20");
    EXPECT_EQ(judge(gate(), {}, measured(30, 19), {}).verdict, Verdict::accept) << "without a pin nothing contradicts";
    EvidenceSummary half = measured(30, 20);
    half.short_tokens = 15;
    EXPECT_EQ(judge(gate(), {}, half, facts).verdict, Verdict::accept);
    half.short_tokens = 16;
    EXPECT_EQ(judge(gate(), {}, half, facts).verdict, Verdict::escalate);
}

TEST(EvidencePin, a_gate_that_wants_fewer_is_content) {
    const SignalSettings five{.top_k = 5};
    EXPECT_EQ(judge(gate(five), {}, measured(30, 7, five), pinned({.k = 20})).verdict, Verdict::accept);
}

TEST(EvidencePin, another_model_is_no_evidence) {
    auto facts = pinned({.k = 20, .model = "m-1"});
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), facts).verdict, Verdict::accept) << "unnamed";
    facts.model = "m-2";
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), facts).reason, "pinned on model 'm-1', answered by 'm-2'");
}

TEST(EvidencePin, a_missing_count_is_no_evidence) {
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), pinned({.k = 20, .usage = true})).reason,
              "pinned as one that counts its tokens, but the answer has no count");
}

TEST(EvidencePin, reasoning_without_evidence_is_no_evidence) {
    auto facts = pinned({.k = 20, .reasoning = ReasoningEvidence::covered});
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), facts).verdict, Verdict::accept) << "it did not reason";
    facts.has_reasoning = true;
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), facts).reason,
              "pinned as one with evidence for its reasoning, but there is none");
    EXPECT_EQ(judge(gate(), {}, measured(30, 20, {}, Phase::reasoning), facts).verdict, Verdict::accept);
    const SignalSettings answer_only{.scope = Scope::answer};
    EXPECT_EQ(judge(gate(answer_only), {}, measured(30, 20, answer_only), facts).verdict, Verdict::accept);
    facts.pin->reasoning = ReasoningEvidence::none;
    EXPECT_EQ(judge(gate(), {}, measured(30, 20), facts).reason, "pinned as one that does not reason, but it did");
}

TEST(EvidencePin, the_verdict_is_that_of_missing) {
    Gate failing = gate();
    failing.missing = OnMissing::fail;
    EXPECT_EQ(judge(failing, {}, measured(30, 3), pinned({.k = 20})).verdict, Verdict::fail);
    EXPECT_EQ(judge(failing, {}, measured(30, 3), pinned({.k = 20})).value, std::nullopt);
}

TEST(EvidencePin, conflicts_with_gates_that_want_more) {
    const EvidencePin five{.k = 5};
    EXPECT_TRUE(pin_conflict(five, Signal::entropy_mean, {}));
    EXPECT_FALSE(pin_conflict(five, Signal::entropy_mean, {.top_k = 5}));
    EXPECT_FALSE(pin_conflict(five, Signal::logprob_mean, {})) << "needs no candidates";
    EXPECT_FALSE(pin_conflict({.k = 0}, Signal::verbalized, {}));
    EXPECT_TRUE(pin_conflict({.k = 0}, Signal::logprob_mean, {}));
    EXPECT_TRUE(pin_conflict({.k = 20, .streamed = false}, Signal::entropy_mean, {}));
    const EvidencePin half{.k = 20, .reasoning = ReasoningEvidence::not_covered};
    EXPECT_TRUE(pin_conflict(half, Signal::entropy_mean, {}));
    EXPECT_TRUE(pin_conflict(half, Signal::entropy_mean, {.scope = Scope::reasoning}));
    EXPECT_FALSE(pin_conflict(half, Signal::entropy_mean, {.scope = Scope::answer}));
    const EvidencePin plain{.k = 20, .reasoning = ReasoningEvidence::none};
    EXPECT_FALSE(pin_conflict(plain, Signal::entropy_mean, {}));
    EXPECT_TRUE(pin_conflict(plain, Signal::entropy_mean, {.scope = Scope::reasoning}));
}

}  // namespace
}  // namespace enough
