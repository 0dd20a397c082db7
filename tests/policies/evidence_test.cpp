#include <enough/policies/evidence.hpp>

#include "generators.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

EvidenceSummary summarise(const std::vector<Token>& tokens, const SignalSettings& settings = {}) {
    EvidenceAccumulator accumulator(settings);
    for (const Token& token : tokens)
        accumulator.add(token);
    return accumulator.summary();
}

SignalSettings settings_of(const json& input) {
    SignalSettings settings;
    settings.top_k = input.at("k");
    settings.tail = input.at("tail");
    settings.window = input.at("window");
    settings.bottom_fraction = input.at("bottom_fraction");
    return settings;
}

std::vector<Token> tokens_of(const json& input) {
    std::vector<Token> tokens;
    for (const json& entry : input.at("tokens")) {
        Token token;
        token.logprob = test::number(entry.at("logprob"));
        for (const json& candidate : entry.at("top")) {
            token.candidates.push_back({candidate.at(0), test::number(candidate.at(1))});
        }
        tokens.push_back(std::move(token));
    }
    return tokens;
}

TEST(Evidence, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("sequence_signals")) {
        SCOPED_TRACE(golden.id);
        const json& expect = golden.expect;
        const auto got = summarise(tokens_of(golden.input), settings_of(golden.input));
        EXPECT_EQ(got.tokens, expect.at("tokens"));
        EXPECT_EQ(got.evidence_tokens, expect.at("evidence_tokens"));
        EXPECT_EQ(got.logprob_tokens, expect.at("logprob_tokens"));
        EXPECT_TRUE(matches(expect, "coverage", got.coverage()));
        EXPECT_TRUE(matches(expect, "mean_covered_mass", got.mean_covered_mass));
        EXPECT_TRUE(matches(expect, "min_k_effective", got.min_k_effective));
        for (const char* field : {"entropy.mean", "entropy.max", "entropy.tail", "confidence.mean", "confidence.tail",
                                  "confidence.lowest_group", "confidence.bottom10", "logprob.mean"}) {
            EXPECT_TRUE(matches(expect, field, got.value(signal_named(field).value())));
        }
        const auto perplexity = got.logprob_mean ? std::optional(std::exp(-*got.logprob_mean)) : std::nullopt;
        EXPECT_TRUE(matches(expect, "perplexity", perplexity));
    }
}

Token word(const std::string& bytes, std::vector<Candidate> candidates, Phase phase = Phase::answer) {
    return {bytes, -1.0, phase, std::move(candidates)};
}

TEST(Evidence, OnlyTokensInScopeCount) {
    const std::vector<Token> tokens{word("w0", test::uniform(4), Phase::reasoning),
                                    word("v0", test::uniform(2, "v"), Phase::answer),
                                    word("u0", test::uniform(2, "u"), Phase::answer)};
    SignalSettings settings;
    EXPECT_NEAR(*summarise(tokens, settings).entropy_mean, 4.0 / 3, 1e-12);
    settings.scope = Scope::reasoning;
    EXPECT_NEAR(*summarise(tokens, settings).entropy_mean, 2.0, 1e-12);
    settings.scope = Scope::answer;
    const auto answer = summarise(tokens, settings);
    EXPECT_EQ(answer.tokens, 2U);
    EXPECT_EQ(answer.logprob_tokens, 2U);
    EXPECT_NEAR(*answer.entropy_mean, 1.0, 1e-12);

    EvidenceAccumulator accumulator(settings);
    EXPECT_FALSE(accumulator.add(tokens[0]));
    const auto measured = accumulator.add(tokens[1]);
    ASSERT_TRUE(measured);
    EXPECT_NEAR(measured->entropy, 1.0, 1e-12);
}

TEST(Evidence, CountsTokensThatAreNotInTheirOwnList) {
    const auto got = summarise({word("w0", test::uniform(3)), word("x", test::uniform(3, "v")), word("x", {})});
    EXPECT_EQ(got.absent_tokens, 1U);
    EXPECT_EQ(got.evidence_tokens, 2U);
}

TEST(Evidence, CountsNeighboursWithIdenticalLists) {
    auto reversed = test::uniform(3);
    std::ranges::reverse(reversed);
    auto with_sentinel = test::uniform(3);
    with_sentinel.push_back({"s", -9999});
    auto shifted = test::uniform(3);
    shifted[1].logprob -= 1e-6;
    // Same, same in another order, same but for what is not kept; then another number, other words.
    const auto got = summarise({word("w0", test::uniform(3)), word("w1", test::uniform(3)), word("w0", reversed),
                                word("w0", with_sentinel), word("w0", shifted), word("v0", test::uniform(3, "v"))});
    EXPECT_EQ(got.adjacent_pairs, 5U);
    EXPECT_EQ(got.repeated_pairs, 3U);
}

TEST(Evidence, CountsListsThatAreNoDistribution) {
    const auto got = summarise({word("a", {{"a", -0.05}, {"b", -0.06}}),  // mass 1.9
                                word("a", {{"a", 0.01}, {"b", -14}}),     // a probability above 1
                                word("a", {{"a", 0.0005}, {"b", -14}}),   // rounding
                                word("a", {{"a", 3.4e38}, {"b", -1}})});
    EXPECT_EQ(got.corrupt_tokens, 3U);
    EXPECT_EQ(got.evidence_tokens, 2U);
}

TEST(Evidence, ATokenWithoutItsOwnLogprobIsLeftOutOfTheMean) {
    Token silent = word("w0", test::uniform(2));
    silent.logprob = std::numeric_limits<double>::quiet_NaN();
    const auto got = summarise({silent, word("v0", test::uniform(2, "v"))});
    EXPECT_EQ(got.logprob_tokens, 1U);
    EXPECT_EQ(got.logprob_mean, -1.0);
}

TEST(Evidence, EarlyStopsSeeTheRunningSums) {
    EvidenceAccumulator accumulator{SignalSettings{}};
    EXPECT_EQ(accumulator.tokens(), 0U);
    EXPECT_EQ(accumulator.entropy_sum(), 0.0);
    EXPECT_EQ(accumulator.entropy_max(), 0.0);
    accumulator.add(word("w0", test::uniform(4)));
    accumulator.add(word("w0", {}));
    accumulator.add(word("w0", test::uniform(2)));
    EXPECT_EQ(accumulator.tokens(), 3U);
    EXPECT_NEAR(accumulator.entropy_sum(), 3.0, 1e-12);
    EXPECT_NEAR(accumulator.entropy_max(), 2.0, 1e-12);
}

// The streaming sums against the plain definition, over an answer much longer than tail and window.
TEST(Evidence, ALongAnswerIsMeasuredByDefinition) {
    SignalSettings settings;
    settings.tail = 300;
    settings.window = 700;
    std::vector<double> confidences;
    EvidenceAccumulator accumulator(settings);
    for (int i = 0; i < 10'000; ++i) {
        const double below = i % 97 == 0 ? 90.0 : 1e-3 * (i % 1009);  // now and then a huge one, mostly tiny ones
        const auto measured = accumulator.add(word("a", {{"a", -0.01}, {"b", -5 - below}}));
        confidences.push_back(measured.value().confidence);
    }
    std::vector<double> groups;
    for (std::size_t i = 0; i + settings.window <= confidences.size(); ++i) {
        const auto first = confidences.begin() + static_cast<std::ptrdiff_t>(i);
        groups.push_back(std::accumulate(first, first + 700, 0.0) / 700);
    }
    std::ranges::sort(groups);
    const std::size_t lowest = groups.size() / 10;
    const auto got = accumulator.summary();
    EXPECT_NEAR(*got.confidence_lowest_group, groups.front(), 1e-11);
    EXPECT_NEAR(*got.confidence_bottom10,
                std::accumulate(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(lowest), 0.0) /
                    static_cast<double>(lowest),
                1e-11);
    EXPECT_NEAR(*got.confidence_tail, std::accumulate(confidences.end() - 300, confidences.end(), 0.0) / 300, 1e-11);
}

// The last group is the lowest; it must be as exact as a fresh sum over the same tokens, the tail.
TEST(Evidence, SlidingWindowsDoNotDrift) {
    SignalSettings settings;
    settings.tail = settings.window = 100;
    EvidenceAccumulator accumulator(settings);
    for (int i = 0; i < 99'900; ++i)
        accumulator.add(word("a", {{"a", -0.01}, {"b", -5 - 0.1 * (i % 887)}}));
    for (int i = 0; i < 100; ++i)
        accumulator.add(word("a", {{"a", -0.01}, {"b", -5 - 1e-3 * i}}));
    const auto got = accumulator.summary();
    EXPECT_EQ(got.confidence_lowest_group, got.confidence_tail);
}

struct Series {
    std::vector<double> entropies;
    std::vector<double> confidences;
};

double mean(const std::vector<double>& values, std::size_t from) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(from);
    return std::accumulate(first, values.end(), 0.0) / static_cast<double>(values.size() - from);
}

// Streaming gives what the definitions give over the whole series at once.
RC_GTEST_PROP(EvidenceProperty, StreamingEqualsBatch, ()) {
    const auto tokens = *rc::gen::container<std::vector<Token>>(test::any_token());
    SignalSettings settings;
    settings.tail = *rc::gen::inRange<std::size_t>(1, 9);
    settings.window = *rc::gen::inRange<std::size_t>(1, 9);
    settings.scope = *rc::gen::element(Scope::all, Scope::answer, Scope::reasoning);
    Series series;
    for (const Token& token : tokens) {
        const bool counts =
            settings.scope == Scope::all || (settings.scope == Scope::answer) == (token.phase == Phase::answer);
        const auto measured = token_entropy(token.candidates, settings.top_k);
        if (!counts || measured.missing) continue;
        series.entropies.push_back(measured.entropy);
        series.confidences.push_back(measured.confidence);
    }
    const auto got = summarise(tokens, settings);
    const std::size_t n = series.entropies.size();
    RC_ASSERT(got.evidence_tokens == n);
    RC_ASSERT(got.entropy_mean.has_value() == (n > 0));
    if (n == 0) return;
    const auto close = [](std::optional<double> left, double right) { return std::abs(left.value() - right) <= 1e-9; };
    const std::size_t tail = n - std::min(n, settings.tail);
    RC_ASSERT(close(got.entropy_mean, mean(series.entropies, 0)));
    RC_ASSERT(close(got.entropy_tail, mean(series.entropies, tail)));
    RC_ASSERT(close(got.confidence_mean, mean(series.confidences, 0)));
    RC_ASSERT(close(got.confidence_tail, mean(series.confidences, tail)));
    RC_ASSERT(*got.entropy_max == std::ranges::max(series.entropies));
    double lowest = std::numeric_limits<double>::infinity();
    const std::size_t window = std::min(n, settings.window);
    for (std::size_t end = window; end <= n; ++end) {
        const std::vector<double> group(series.confidences.begin() + static_cast<std::ptrdiff_t>(end - window),
                                        series.confidences.begin() + static_cast<std::ptrdiff_t>(end));
        lowest = std::min(lowest, mean(group, 0));
    }
    RC_ASSERT(close(got.confidence_lowest_group, lowest));
    RC_ASSERT(*got.confidence_bottom10 >= *got.confidence_lowest_group - 1e-12);
}

RC_GTEST_PROP(EvidenceProperty, LookingAtTheSummaryChangesNothing, ()) {
    const auto tokens = *rc::gen::container<std::vector<Token>>(test::any_token());
    EvidenceAccumulator watched{SignalSettings{}};
    for (const Token& token : tokens) {
        watched.add(token);
        watched.summary();
    }
    RC_ASSERT(watched.summary() == summarise(tokens));
}

}  // namespace
}  // namespace enough
