#include <enough/policies/early_stop.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace enough {
namespace {

constexpr ChainPosition last_step{1, 1};
constexpr ChainPosition first_of_four{1, 4};

Gate provable(Signal signal = Signal::entropy_mean) {
    Gate gate;
    gate.signal = signal;
    gate.accept = {0.5};
    gate.stop_early = StopEarly::provable;
    return gate;
}

Token word(std::size_t count) {
    return {"w0", -1.0, Phase::answer, test::uniform(count)};
}

TEST(ProvableStop, IsThereWhereTheVerdictCanOnlyBecomeEscalate) {
    EXPECT_TRUE(provable_stop(provable(), last_step, 512));
    EXPECT_TRUE(provable_stop(provable(Signal::entropy_max), last_step, 512));
    Gate with_escalate = provable();
    with_escalate.escalate = 2.5;
    EXPECT_TRUE(provable_stop(with_escalate, first_of_four, 512));
    Gate missing_refines = provable();
    missing_refines.missing = OnMissing::refine;
    EXPECT_TRUE(provable_stop(missing_refines, last_step, 512)) << "refine is escalate on the last step";
}

TEST(ProvableStop, IsAbsentWhereThereIsNoProof) {
    Gate off = provable();
    off.stop_early = StopEarly::off;
    EXPECT_FALSE(provable_stop(off, last_step, 512));
    EXPECT_FALSE(provable_stop(provable(), last_step, std::nullopt));
    EXPECT_FALSE(provable_stop(provable(), last_step, 0));
    EXPECT_FALSE(provable_stop(provable(), last_step, -1));
    EXPECT_FALSE(provable_stop(provable(), first_of_four, 512)) << "it might be refined";
    EXPECT_FALSE(provable_stop(provable(), {2, 2}, 512)) << "step 2 has no threshold";
    Gate fails = provable();
    fails.missing = OnMissing::fail;
    EXPECT_FALSE(provable_stop(fails, last_step, 512)) << "the rest may come without evidence, and fail";
    Gate refines = provable();
    refines.missing = OnMissing::refine;
    refines.escalate = 2.5;
    EXPECT_FALSE(provable_stop(refines, first_of_four, 512)) << "the rest may come without evidence, and be refined";
    Gate second = provable();
    second.accept = {0.5, 0.5};
    second.escalate = 2.5;
    EXPECT_FALSE(provable_stop(second, {2, 4}, 512)) << "the upper threshold is for step 1";
    for (const Signal signal : {Signal::entropy_tail, Signal::confidence_mean, Signal::confidence_tail,
                                Signal::confidence_lowest_group, Signal::confidence_bottom10, Signal::logprob_mean}) {
        EXPECT_FALSE(provable_stop(provable(signal), last_step, 512)) << name(signal);
        EvidenceAccumulator evidence{SignalSettings{}};
        evidence.add(word(16));
        EXPECT_FALSE(ProvableStop(signal, 0.0, 1).settled(evidence)) << name(signal);
    }
}

TEST(ProvableStop, AMeanIsSettledOnceTheSumAloneIsTooMuch) {
    // 4 bits a token, at most 20 tokens: the mean of the finished answer exceeds 0.5 for sure once the sum is above 10.
    const auto stop = provable_stop(provable(), last_step, 20);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence{SignalSettings{}};
    EXPECT_FALSE(stop->settled(evidence));
    evidence.add(word(16));
    evidence.add(word(16));
    EXPECT_FALSE(stop->settled(evidence)) << "8 bits";
    evidence.add(word(4));
    EXPECT_FALSE(stop->settled(evidence)) << "10 bits make exactly the threshold, which is accepted";
    evidence.add({"w0", -1.0, Phase::answer, {}});
    EXPECT_FALSE(stop->settled(evidence)) << "a token without evidence settles nothing";
    evidence.add(word(2));
    EXPECT_TRUE(stop->settled(evidence));
}

TEST(ProvableStop, AMaximumIsSettledByOneToken) {
    const auto stop = provable_stop(provable(Signal::entropy_max), last_step, 1000);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence{SignalSettings{}};
    evidence.add({"a", -1.0, Phase::answer, {{"a", -0.01}, {"b", -9}}});
    EXPECT_FALSE(stop->settled(evidence));
    evidence.add(word(2));
    EXPECT_TRUE(stop->settled(evidence));
}

TEST(ProvableStop, TheUpperThresholdIsTheBoundWhereRefiningIsPossible) {
    Gate gate = provable(Signal::entropy_max);
    gate.escalate = 2.5;
    const auto stop = provable_stop(gate, first_of_four, 1000);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence{SignalSettings{}};
    evidence.add(word(4));
    EXPECT_FALSE(stop->settled(evidence)) << "2 bits: not accepted, but it might be refined";
    evidence.add(word(8));
    EXPECT_TRUE(stop->settled(evidence));
}

TEST(ProvableStop, TokensOutOfScopeCountNothing) {
    Gate gate = provable();
    gate.settings.scope = Scope::answer;
    const auto stop = provable_stop(gate, last_step, 10);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence(gate.settings);
    Token thought = word(16);
    thought.phase = Phase::reasoning;
    for (int i = 0; i < 5; ++i)
        evidence.add(thought);
    EXPECT_FALSE(stop->settled(evidence));
    for (int i = 0; i < 2; ++i)
        evidence.add(word(16));
    EXPECT_TRUE(stop->settled(evidence));
}

TEST(ProvableStop, AServerThatIgnoresMaxTokensSettlesNothing) {
    const auto stop = provable_stop(provable(), last_step, 2);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence{SignalSettings{}};
    for (int i = 0; i < 3; ++i)
        evidence.add(word(16));
    EXPECT_FALSE(stop->settled(evidence));
}

// Sound: whatever a server sends after the stop, of whatever length and quality, the gate gives the same verdict.
RC_GTEST_PROP(ProvableStopProperty, NoContinuationCouldHaveChangedTheVerdict, ()) {
    Gate gate = provable(*rc::gen::element(Signal::entropy_mean, Signal::entropy_max));
    gate.accept = {*rc::gen::element(0.0, 0.05, 0.2, 0.5, 1.0, 2.0)};
    gate.missing = *rc::gen::element(OnMissing::escalate, OnMissing::refine);
    gate.settings.scope = *rc::gen::element(Scope::all, Scope::answer);
    gate.min_coverage = *rc::gen::element(0.01, 0.9);
    if (*rc::gen::arbitrary<bool>()) gate.escalate = *rc::gen::element(0.1, 0.5, 1.5, 3.0);
    const ChainPosition position = *rc::gen::element(last_step, first_of_four);
    const std::int64_t max_tokens = *rc::gen::inRange(1, 40);
    const auto stop = provable_stop(gate, position, max_tokens);
    RC_PRE(stop.has_value());

    const auto start = *rc::gen::container<std::vector<Token>>(test::honest_token());
    EvidenceAccumulator evidence(gate.settings);
    for (const Token& token : start) {
        evidence.add(token);
        if (stop->settled(evidence)) break;
    }
    RC_PRE(stop->settled(evidence));

    // The surest continuation there is, or any at all, for any length, even beyond max_tokens.
    const Token certain{"a", -1e-9, Phase::answer, {{"a", -1e-9}, {"b", -99.0}}};
    const auto rest =
        *rc::gen::container<std::vector<Token>>(rc::gen::oneOf(rc::gen::just(certain), test::any_token()));
    const auto certain_tokens = *rc::gen::inRange(0, 60);
    CallFacts facts;
    facts.max_tokens = max_tokens;
    facts.answer_extracted = *rc::gen::arbitrary<bool>();
    facts.finish_reason = *rc::gen::element(FinishReason::stop, FinishReason::length, FinishReason::filter);
    const auto same = [&] { return judge(gate, position, evidence.summary(), facts).verdict == Verdict::escalate; };
    RC_ASSERT(same());
    for (int i = 0; i < certain_tokens; ++i) {
        evidence.add(certain);
        RC_ASSERT(same());
    }
    for (const Token& token : rest) {
        evidence.add(token);
        RC_ASSERT(same());
    }
}

// Sharp: one hair earlier, some continuation would have been accepted.
RC_GTEST_PROP(ProvableStopProperty, WhatIsNotSettledCouldStillBeAccepted, ()) {
    const Gate gate = provable();
    const std::int64_t max_tokens = *rc::gen::inRange(10, 60);
    const auto stop = provable_stop(gate, last_step, max_tokens).value();
    const auto start = *rc::gen::container<std::vector<Token>>(test::honest_token());
    RC_PRE(start.size() <= static_cast<std::size_t>(max_tokens));
    EvidenceAccumulator evidence(gate.settings);
    for (const Token& token : start)
        evidence.add(token);
    const double settled_at = 0.5 * static_cast<double>(max_tokens);
    RC_PRE(std::abs(evidence.entropy_sum() - settled_at) > 1e-6);
    RC_ASSERT(stop.settled(evidence) == (evidence.entropy_sum() > settled_at));
    if (stop.settled(evidence)) return;
    while (evidence.tokens() < static_cast<std::size_t>(max_tokens)) {
        const std::string own = std::to_string(evidence.tokens());
        evidence.add({own, -1e-9, Phase::answer, {{own, -1e-9}, {"b", -99.0}}});
    }
    RC_ASSERT(judge(gate, last_step, evidence.summary(), {}).verdict == Verdict::accept);
}

}  // namespace
}  // namespace enough
