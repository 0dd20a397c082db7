// `stop_early: predicted`: which boundary a gate takes, when it stops a call, and what is said of the fragment.
#include <enough/policies/early_stop.hpp>
#include <enough/policies/gate.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {
namespace {

constexpr ChainPosition last_step{1, 1};
constexpr ChainPosition first_of_four{1, 4};

GateCalibration boundaries() {
    GateCalibration calibration;
    calibration.boundaries = {StopBoundary{0.02, 0.5, {std::nullopt, 1.5, 1.01}}, StopBoundary{0.02, 0.4, {1.25}}};
    calibration.escalate_boundary = StopBoundary{0.02, 2.0, {2.5}};
    return calibration;
}

Gate predicted(const GateCalibration& calibration = boundaries()) {
    Gate gate;
    gate.accept = {0.5, 0.4};
    gate.stop_early = StopEarly::predicted;
    gate.calibration = std::make_shared<const GateCalibration>(calibration);
    return gate;
}

/// A token whose candidates are equally likely: log2(count) bits.
Token token_of(std::size_t count) {
    return {"w0", -std::log(static_cast<double>(count)), Phase::answer, test::uniform(count)};
}

Token without_evidence() {
    Token token;
    token.bytes = "w0";
    return token;
}

/// At which token the call would be stopped; absent if it never is.
std::optional<std::size_t> stopped_after(const EarlyStop& stop, const std::vector<Token>& tokens) {
    EvidenceAccumulator evidence{SignalSettings{}};
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        evidence.add(tokens[i]);
        if (settled(stop, evidence)) return i + 1;
    }
    return std::nullopt;
}

std::vector<Token> repeated(std::size_t count, const Token& token) {
    return std::vector<Token>(count, token);
}

std::vector<Token> joined(std::vector<Token> a, const std::vector<Token>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(PredictedStop, LooksAtItsCheckpointsOnly) {
    const EarlyStop stop = PredictedStop(StopBoundary{0.02, 0.5, {std::nullopt, 1.5, 1.01}});
    const Token two_bits = token_of(4);
    const Token one_bit = token_of(2);
    EXPECT_EQ(stopped_after(stop, repeated(200, two_bits)), 32U) << "the first checkpoint has no boundary";
    EXPECT_EQ(stopped_after(stop, joined(repeated(31, two_bits), repeated(100, one_bit))), 32U)
        << "(31 * 2 + 1) / 32 = 1.97";
    EXPECT_FALSE(stopped_after(stop, repeated(200, one_bit))) << "1 bit is not above 1.01";
    // (15 * 2 + 17) / 32 = 1.47 is not above 1.5; (15 * 2 + 49) / 64 = 1.23 is above 1.01
    EXPECT_EQ(stopped_after(stop, joined(repeated(15, two_bits), repeated(100, one_bit))), 64U);
    // Never at 33 … 63, however unsure, nor beyond the last checkpoint.
    EXPECT_EQ(stopped_after(stop, joined(repeated(32, one_bit), repeated(20, two_bits))), std::nullopt);
    EXPECT_FALSE(stopped_after(stop, joined(repeated(64, one_bit), repeated(500, two_bits))));
}

TEST(PredictedStop, CountsTokensWithEvidence) {
    const EarlyStop stop = PredictedStop(StopBoundary{0.02, 0.5, {1.5}});
    const auto late = joined(repeated(10, without_evidence()), repeated(30, token_of(4)));
    EXPECT_EQ(stopped_after(stop, late), 26U);
    EXPECT_FALSE(stopped_after(stop, repeated(100, without_evidence())));
    EXPECT_FALSE(stopped_after(PredictedStop(StopBoundary{}), repeated(100, token_of(4))));
}

std::optional<StopBoundary> taken(const Gate& gate, ChainPosition position) {
    const auto stop = early_stop(gate, position, std::nullopt);
    if (!stop) return std::nullopt;
    // Which one it is shows in where it stops answers of 1.58, 2 and 3 bits.
    const auto at = [&](std::size_t candidates) { return stopped_after(*stop, repeated(100, token_of(candidates))); };
    if (at(3) == 16U) return boundaries().boundaries[1];
    if (at(3) == 32U) return boundaries().boundaries[0];
    if (at(8) == 16U && !at(4)) return boundaries().escalate_boundary;
    return StopBoundary{};
}

TEST(EarlyStop, TakesTheBoundaryOfTheThresholdThatDecides) {
    EXPECT_EQ(taken(predicted(), last_step), boundaries().boundaries[0]);
    EXPECT_EQ(taken(predicted(), {2, 2}), boundaries().boundaries[1]);
    Gate with_escalate = predicted();
    with_escalate.escalate = 2.0;
    EXPECT_EQ(taken(with_escalate, first_of_four), boundaries().escalate_boundary);
    EXPECT_EQ(taken(with_escalate, last_step), boundaries().boundaries[0]) << "all but accept is escalate here";
}

TEST(EarlyStop, IsAbsentWhereTheVerdictMayBeAnother) {
    EXPECT_FALSE(early_stop(predicted(), first_of_four, 512)) << "it might be refined";
    EXPECT_FALSE(early_stop(predicted(), {3, 3}, 512)) << "step 3 has no threshold";
    Gate gate = predicted();
    gate.missing = OnMissing::fail;
    EXPECT_FALSE(early_stop(gate, last_step, 512)) << "the rest may come without evidence, and fail";
    gate = predicted();
    gate.escalate = 2.0;
    gate.missing = OnMissing::refine;
    EXPECT_FALSE(early_stop(gate, first_of_four, 512)) << "the rest may come without evidence, and be refined";
    gate = predicted();
    gate.accept = {accepts_nothing(gate.signal)};
    EXPECT_FALSE(early_stop(gate, last_step, 512)) << "its boundary was fitted for a threshold";
    gate = predicted();
    gate.signal = Signal::entropy_max;
    EXPECT_FALSE(early_stop(gate, last_step, 512)) << "the boundary is of entropy.mean";
    gate = predicted();
    gate.calibration = nullptr;
    EXPECT_FALSE(early_stop(gate, last_step, 512));
    GateCalibration none = boundaries();
    none.boundaries = {std::nullopt, std::nullopt};
    none.escalate_boundary.reset();
    gate = predicted(none);
    gate.escalate = 2.0;
    EXPECT_FALSE(early_stop(gate, last_step, 512));
    EXPECT_FALSE(early_stop(gate, first_of_four, 512));
    gate = predicted();
    gate.stop_early = StopEarly::off;
    EXPECT_FALSE(early_stop(gate, last_step, 512));
}

TEST(EarlyStop, GivesTheProofWhereThatIsAskedFor) {
    Gate gate = predicted();
    gate.stop_early = StopEarly::provable;
    const auto stop = early_stop(gate, last_step, 512);
    ASSERT_TRUE(stop);
    EXPECT_TRUE(std::holds_alternative<ProvableStop>(*stop));
    EXPECT_FALSE(early_stop(gate, last_step, std::nullopt)) << "a proof needs max_tokens";
    EXPECT_TRUE(early_stop(predicted(), last_step, std::nullopt)) << "a prediction does not";
    EXPECT_FALSE(provable_stop(predicted(), last_step, 512));
}

EvidenceSummary fragment(std::size_t tokens, double value) {
    EvidenceSummary evidence = test::evidence_of(value);
    evidence.tokens = evidence.evidence_tokens = evidence.logprob_tokens = tokens;
    return evidence;
}

Judgement judged(const Gate& gate, ChainPosition position, const EvidenceSummary& evidence) {
    CallFacts facts;
    facts.finish_reason = FinishReason::stopped_early;
    facts.max_tokens = 512;
    return judge(gate, position, evidence, facts);
}

TEST(PredictedFragment, IsEscalatedWhereThisGateWouldHaveStoppedToo) {
    const Judgement stopped = judged(predicted(), last_step, fragment(32, 1.6));
    EXPECT_EQ(name(stopped.verdict), "escalate");
    EXPECT_EQ(stopped.reason, "entropy.mean 1.60 > 1.50 after 32 tokens (predicted)");
    EXPECT_EQ(stopped.value, 1.6);
}

TEST(PredictedFragment, IsUndecidableWhereItWouldNot) {
    for (const EvidenceSummary& evidence : {fragment(32, 1.5), fragment(33, 1.6), fragment(16, 3.0), fragment(31, 3.0),
                                            fragment(128, 3.0), fragment(0, 0)}) {
        const Judgement other = judged(predicted(), last_step, evidence);
        EXPECT_EQ(name(other.verdict), "escalate");
        EXPECT_EQ(other.reason, "undecidable by this gate: cut at token " + std::to_string(evidence.tokens));
    }
    Gate fails = predicted();
    fails.missing = OnMissing::fail;
    EXPECT_EQ(name(judged(fails, last_step, fragment(32, 1.6)).verdict), "fail");
    EXPECT_EQ(judged(predicted(), first_of_four, fragment(32, 0.01)).reason,
              "undecidable by this gate: cut at token 32");
}

// Summaries are read from logs, which anyone may have written.
TEST(PredictedFragment, WithACountButNoValueIsUndecidable) {
    EvidenceSummary evidence = fragment(32, 1.6);
    evidence.entropy_mean.reset();
    EXPECT_EQ(judged(predicted(), last_step, evidence).reason, "undecidable by this gate: cut at token 32");
}

}  // namespace
}  // namespace enough
