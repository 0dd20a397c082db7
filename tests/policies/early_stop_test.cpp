#include <enough/policies/early_stop.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

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
}

TEST(ProvableStop, SomeSignalsHaveNoProof) {
    for (const Signal signal :
         {Signal::entropy_tail, Signal::confidence_tail, Signal::confidence_bottom10, Signal::fitted, Signal::agreement,
          Signal::agreement_share, Signal::verbalized, Signal::judge}) {
        EXPECT_FALSE(has_proof(signal, SignalSettings{}, 8192)) << name(signal);
        EXPECT_FALSE(has_proof(signal, SignalSettings{}, std::nullopt)) << name(signal);
        EXPECT_FALSE(provable_stop(provable(signal), last_step, 8192)) << name(signal);
        EvidenceAccumulator evidence{SignalSettings{}};
        evidence.add(word(16));
        EXPECT_FALSE(ProvableStop(signal, 0.0, 1).settled(evidence)) << name(signal);
    }
}

TEST(ProvableStop, ExtremesNeedNoMaxTokensMeansDo) {
    for (const Signal signal : {Signal::entropy_max, Signal::confidence_lowest_group})
        EXPECT_TRUE(provable_stop(provable(signal), last_step, std::nullopt)) << name(signal);
    for (const Signal signal : {Signal::entropy_mean, Signal::confidence_mean, Signal::logprob_mean}) {
        EXPECT_TRUE(provable_stop(provable(signal), last_step, 8192)) << name(signal);
        EXPECT_FALSE(provable_stop(provable(signal), last_step, std::nullopt)) << name(signal);
        EXPECT_FALSE(provable_stop(provable(signal), last_step, 0)) << name(signal);
    }
}

TEST(ProvableStop, ATailOrWindowNoAnswerCanOutgrowIsAMean) {
    SignalSettings settings;
    settings.tail = 100;
    settings.window = 100;
    for (const Signal signal : {Signal::entropy_tail, Signal::confidence_tail}) {
        EXPECT_TRUE(has_proof(signal, settings, 100)) << name(signal);
        EXPECT_FALSE(has_proof(signal, settings, 101)) << name(signal);
    }
    EXPECT_TRUE(has_proof(Signal::confidence_bottom10, settings, 100));
    EXPECT_TRUE(has_proof(Signal::confidence_bottom10, settings, 118)) << "19 windows: the lowest tenth is one";
    EXPECT_FALSE(has_proof(Signal::confidence_bottom10, settings, 119)) << "20 windows: it is two";
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

// A token of confidence `nats` and of that own logprob.
Token sure(double nats, double logprob = -1) {
    return {"a", logprob, Phase::answer, {{"a", -nats}, {"b", -nats}}};
}

TEST(ProvableStop, TheLowestGroupIsSettledByAFullWindow) {
    Gate gate = provable(Signal::confidence_lowest_group);
    gate.accept = {2.0};
    gate.settings.window = 3;
    const auto stop = provable_stop(gate, last_step, 1000);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence(gate.settings);
    evidence.add(sure(1));
    evidence.add(sure(1));
    EXPECT_FALSE(stop->settled(evidence)) << "the mean of a shorter answer is no minimum yet";
    evidence.add(sure(4));
    EXPECT_FALSE(stop->settled(evidence)) << "2 is the threshold";
    evidence.add(sure(0.9));
    EXPECT_TRUE(stop->settled(evidence)) << "5.9 / 3";
    for (int i = 0; i < 5; ++i)
        evidence.add(sure(50));
    EXPECT_TRUE(stop->settled(evidence)) << "and stays so";
}

TEST(ProvableStop, TheLowestGroupOfAShortAnswerIsItsMean) {
    // 5 tokens of 1 nat, and at most one more of 100: 105 / 6 = 17.5.
    Gate gate = provable(Signal::confidence_lowest_group);
    gate.settings.window = 6;
    EvidenceAccumulator evidence(gate.settings);
    for (int i = 0; i < 5; ++i)
        evidence.add(sure(1));
    gate.accept = {17.6};
    EXPECT_TRUE(provable_stop(gate, last_step, 6)->settled(evidence));
    gate.accept = {17.4};
    EXPECT_FALSE(provable_stop(gate, last_step, 6)->settled(evidence));
}

TEST(ProvableStop, ALogprobIsSettledOnceCertaintyCannotMakeUpForIt) {
    // n tokens of -1, the other 10 - n of ln 1.05 = 0.0488: n = 3 gives -0.266, n = 4 gives -0.371.
    Gate gate = provable(Signal::logprob_mean);
    gate.accept = {-0.3};
    const auto stop = provable_stop(gate, last_step, 10);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence{SignalSettings{}};
    for (int i = 0; i < 3; ++i)
        evidence.add(sure(1));
    EXPECT_FALSE(stop->settled(evidence));
    evidence.add(sure(1, -9999));
    EXPECT_FALSE(stop->settled(evidence)) << "a token without a logprob settles nothing";
    evidence.add(sure(1));
    EXPECT_TRUE(stop->settled(evidence));
}

TEST(ProvableStop, TheLowerOfTwoLowBoundsSettles) {
    Gate gate = provable(Signal::confidence_lowest_group);
    gate.accept = {4.0};
    gate.escalate = 2.0;
    gate.settings.window = 1;
    const auto stop = provable_stop(gate, first_of_four, 1000);
    ASSERT_TRUE(stop);
    EvidenceAccumulator evidence(gate.settings);
    evidence.add(sure(3));
    EXPECT_FALSE(stop->settled(evidence)) << "not accepted, but it might be refined";
    evidence.add(sure(1.5));
    EXPECT_TRUE(stop->settled(evidence));
}

// The surest token there is, each with candidates of its own.
Token surest(Signal signal, std::size_t number) {
    const std::string own = "s" + std::to_string(number);
    if (direction(signal) == Direction::lower_is_surer)
        return {own, -1e-9, Phase::answer, {{own, -1e-9}, {"b", -99.0}}};
    return {own, std::log(1.05), Phase::answer, {{own, -100.0}, {"b", -100.0}}};
}

// Sound: whatever a server sends after the stop, of whatever length and quality, the gate gives the same verdict.
RC_GTEST_PROP(ProvableStopProperty, NoContinuationCouldHaveChangedTheVerdict, ()) {
    Gate gate = provable(*rc::gen::elementOf(std::vector(all_signals.begin(), all_signals.end())));
    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    const bool logprob = gate.signal == Signal::logprob_mean;
    const std::vector<double> bounds = low       ? std::vector{0.0, 0.05, 0.2, 0.5, 1.0, 2.0}
                                       : logprob ? std::vector{-5.0, -2.0, -1.0, -0.5, 0.0, 0.04}
                                                 : std::vector{1.0, 3.0, 8.0, 20.0, 60.0, 99.0};
    gate.accept = {*rc::gen::elementOf(bounds)};
    gate.settings.window = *rc::gen::element<std::size_t>(1, 2, 5, 20, 100);
    gate.settings.tail = *rc::gen::element<std::size_t>(1, 5, 100);
    gate.missing = *rc::gen::element(OnMissing::escalate, OnMissing::refine);
    gate.settings.scope = *rc::gen::element(Scope::all, Scope::answer);
    gate.min_coverage = *rc::gen::element(0.01, 0.9);
    if (*rc::gen::arbitrary<bool>()) gate.escalate = *rc::gen::elementOf(bounds);
    const ChainPosition position = *rc::gen::element(last_step, first_of_four);
    const auto max_tokens = *rc::gen::element<std::optional<std::int64_t>>(1, 2, 3, 5, 8, 13, 21, 40, std::nullopt);
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
    const Token certain = surest(gate.signal, 0);
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
        evidence.add(*rc::gen::arbitrary<bool>() ? certain : surest(gate.signal, static_cast<std::size_t>(i)));
        RC_ASSERT(same());
    }
    for (const Token& token : rest) {
        evidence.add(token);
        RC_ASSERT(same());
    }
}

// Sharp: one hair earlier, some continuation would have been accepted.
RC_GTEST_PROP(ProvableStopProperty, WhatIsNotSettledCouldStillBeAccepted, ()) {
    Gate gate = provable(*rc::gen::element(Signal::entropy_mean, Signal::confidence_mean, Signal::logprob_mean));
    const auto max_tokens = *rc::gen::inRange<std::size_t>(10, 60);
    const auto start = *rc::gen::container<std::vector<Token>>(test::honest_token());
    RC_PRE(start.size() <= max_tokens);
    EvidenceAccumulator evidence(gate.settings);
    for (const Token& token : start)
        evidence.add(token);
    EvidenceAccumulator finished(gate.settings);
    for (const Token& token : start)
        finished.add(token);
    while (finished.tokens() < max_tokens)
        finished.add(surest(gate.signal, finished.tokens()));
    const double surest_value = finished.summary().value(gate.signal).value();

    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    const double hair = (low ? 1 : -1) * 1e-6 * (1 + std::abs(surest_value));
    const auto stop = [&](double threshold) {
        gate.accept = {threshold};
        return provable_stop(gate, last_step, static_cast<std::int64_t>(max_tokens)).value();
    };
    RC_ASSERT(!stop(surest_value + hair).settled(evidence));
    RC_ASSERT(judge(gate, last_step, finished.summary(), {}).verdict == Verdict::accept);
    RC_ASSERT(stop(surest_value - hair).settled(evidence));
}

// Sharp: a lowest group is settled exactly when one of its windows is below the threshold.
RC_GTEST_PROP(ProvableStopProperty, ALowestGroupIsSettledByItsLowestWindow, ()) {
    Gate gate = provable(Signal::confidence_lowest_group);
    gate.accept = {*rc::gen::element(1.0, 3.0, 6.0, 10.0)};
    gate.settings.window = *rc::gen::inRange<std::size_t>(1, 6);
    const auto stop = provable_stop(gate, last_step, 1000).value();
    EvidenceAccumulator evidence(gate.settings);
    for (const Token& token : *rc::gen::container<std::vector<Token>>(test::any_token())) {
        evidence.add(token);
        const auto lowest = evidence.summary().confidence_lowest_group;
        RC_PRE(!lowest || std::abs(*lowest - gate.accept.front()) > 1e-6);
        const bool below = lowest && *lowest < gate.accept.front();
        RC_ASSERT(stop.settled(evidence) == (below && evidence.evidence_tokens() >= gate.settings.window));
    }
}

// What the engine stopped, the gate finds settled too, from the summary alone; so does a replay of the log.
RC_GTEST_PROP(ProvableStopProperty, AFragmentIsJudgedAsSettled, ()) {
    Gate gate = provable(*rc::gen::elementOf(std::vector(all_signals.begin(), all_signals.end())));
    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    gate.accept = {gate.signal == Signal::logprob_mean ? -0.25 : low ? 0.25 : 50.0};
    gate.settings.window = *rc::gen::element<std::size_t>(2, 5, 100);
    gate.settings.tail = *rc::gen::element<std::size_t>(5, 100);
    const std::int64_t max_tokens = *rc::gen::inRange(1, 30);
    const auto stop = provable_stop(gate, last_step, max_tokens);
    RC_PRE(stop.has_value());
    EvidenceAccumulator evidence(gate.settings);
    CallFacts facts;
    facts.finish_reason = FinishReason::stopped_early;
    facts.max_tokens = max_tokens;
    bool settled = false;
    for (const Token& token : *rc::gen::container<std::vector<Token>>(test::honest_token())) {
        evidence.add(token);
        settled = stop->settled(evidence);
        if (settled) break;
    }
    RC_PRE(settled);
    const Judgement got = judge(gate, last_step, evidence.summary(), facts);
    RC_ASSERT(got.verdict == Verdict::escalate);
    RC_ASSERT(got.reason.starts_with(std::string(name(gate.signal)) + (low ? " settled above " : " settled below ")));
}

}  // namespace
}  // namespace enough
