#include <enough/policies/token_entropy.hpp>

#include "generators.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace enough {
namespace {

using nlohmann::json;

std::string_view text_of(std::optional<MissingEvidence> missing) {
    if (!missing) return "";
    switch (*missing) {
        case MissingEvidence::no_candidates:
            return "no_candidates";
        case MissingEvidence::single_candidate:
            return "single_candidate";
        case MissingEvidence::mass_above_one:
            return "mass_above_one";
    }
    return "unknown";
}

std::vector<Candidate> candidates_of(const json& list) {
    std::vector<Candidate> candidates;
    for (const json& entry : list) {
        Candidate candidate{entry.at("token"), test::number(entry.at("logprob"))};
        if (const json& bytes = entry.at("bytes"); !bytes.is_null()) {
            candidate.bytes.clear();
            for (const json& byte : bytes)
                candidate.bytes += static_cast<char>(byte.get<int>());
        }
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

std::optional<double> unless_missing(const TokenEntropy& measured, double value) {
    return measured.missing ? std::nullopt : std::optional(value);
}

TEST(TokenEntropy, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("token_entropy")) {
        SCOPED_TRACE(golden.id);
        const json& expect = golden.expect;
        const auto measured = token_entropy(candidates_of(golden.input.at("candidates")), golden.input.at("k"));
        EXPECT_TRUE(test::matches(expect, "missing", text_of(measured.missing)));
        EXPECT_TRUE(test::matches(expect, "entropy", unless_missing(measured, measured.entropy)));
        EXPECT_TRUE(test::matches(expect, "confidence", unless_missing(measured, measured.confidence)));
        EXPECT_TRUE(test::matches(expect, "covered_mass", measured.covered_mass));
        EXPECT_EQ(measured.k_effective, expect.at("k_effective"));
        if (!expect.contains("full_entropy")) continue;
        const auto range = full_entropy(measured, golden.input.at("vocabulary"));
        EXPECT_TRUE(test::matches(expect.at("full_entropy"), "low", range.low));
        EXPECT_TRUE(test::matches(expect.at("full_entropy"), "high", range.high));
    }
}

TEST(TokenEntropy, AWholeVocabularyIsCleanedLikeAFewCandidates) {
    auto many = test::uniform(1000);
    many.push_back({"w0", -0.5});
    const auto measured = token_entropy(many, 20);
    EXPECT_EQ(measured.k_effective, 20);
    EXPECT_FALSE(measured.missing);
    // The largest is the repeated word's larger entry; the other 19 are 1/1000 each.
    EXPECT_NEAR(measured.covered_mass, std::exp(-0.5) + 19e-3, 1e-12);
}

TEST(TokenEntropy, LongKeysThatDifferInTheirMiddleAreDifferent) {
    const std::string end(20, 'x');
    const auto measured = token_entropy(std::vector<Candidate>{{end + "a" + end, -0.7}, {end + "b" + end, -0.7}}, 20);
    EXPECT_EQ(measured.k_effective, 2);
    EXPECT_NEAR(measured.entropy, 1.0, 1e-12);
}

TEST(TokenEntropy, TheRangeOverAVocabularyThatIsCoveredIsAPoint) {
    const auto measured = token_entropy(test::uniform(4), 20);
    const auto range = full_entropy(measured, 4);
    EXPECT_NEAR(range.low, 2.0, 1e-12);
    EXPECT_NEAR(range.high, 2.0, 1e-12);
}

RC_GTEST_PROP(TokenEntropyProperty, LiesBetweenZeroAndTheLogOfItsCandidates, ()) {
    const auto candidates = *rc::gen::oneOf(test::honest_candidates(0, 70), test::any_candidates());
    const int k = *rc::gen::inRange(2, 25);
    const auto measured = token_entropy(candidates, k);
    RC_ASSERT(measured.k_effective <= k);
    RC_ASSERT(measured.covered_mass >= 0);
    if (measured.missing) return;
    RC_ASSERT(measured.entropy >= 0);
    RC_ASSERT(measured.entropy <= std::log2(measured.k_effective) + 1e-12);
    RC_ASSERT(measured.covered_mass <= 1.05);
}

RC_GTEST_PROP(TokenEntropyProperty, HonestCandidatesAreNeverMissing, ()) {
    const auto candidates = *test::honest_candidates(2, 70);
    RC_ASSERT(!token_entropy(candidates, 20).missing);
}

RC_GTEST_PROP(TokenEntropyProperty, OrderChangesNothing, ()) {
    const auto candidates = *rc::gen::oneOf(test::honest_candidates(0, 70), test::any_candidates());
    const auto seeds = *rc::gen::container<std::vector<int>>(candidates.size(), rc::gen::arbitrary<int>());
    std::vector<std::size_t> order(candidates.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return seeds[i]; });
    std::vector<Candidate> shuffled;
    for (const std::size_t i : order)
        shuffled.push_back(candidates[i]);

    const auto one = token_entropy(candidates, 20);
    const auto other = token_entropy(shuffled, 20);
    RC_ASSERT(one.missing == other.missing);
    RC_ASSERT(one.k_effective == other.k_effective);
    RC_ASSERT(one.entropy == other.entropy);
    RC_ASSERT(one.confidence == other.confidence);
    RC_ASSERT(one.covered_mass == other.covered_mass);
}

RC_GTEST_PROP(TokenEntropyProperty, DroppingSentinelsChangesNothing, ()) {
    const auto candidates = *rc::gen::oneOf(test::honest_candidates(0, 70), test::any_candidates());
    std::vector<Candidate> finite;
    for (const Candidate& candidate : candidates) {
        if (std::isfinite(candidate.logprob) && candidate.logprob >= -100) finite.push_back(candidate);
    }
    const auto one = token_entropy(candidates, 20);
    const auto other = token_entropy(finite, 20);
    RC_ASSERT(one.missing == other.missing);
    RC_ASSERT(one.k_effective == other.k_effective);
    RC_ASSERT(one.entropy == other.entropy);
    RC_ASSERT(one.covered_mass == other.covered_mass);
}

RC_GTEST_PROP(TokenEntropyProperty, FewerThanTwoKeysAreMissing, ()) {
    const auto candidates = *test::any_candidates();
    std::set<std::string> keys;
    for (const Candidate& candidate : candidates) {
        if (std::isfinite(candidate.logprob) && candidate.logprob >= -100) keys.insert(candidate.bytes);
    }
    const auto measured = token_entropy(candidates, 100);
    RC_ASSERT(measured.k_effective == static_cast<int>(keys.size()));
    if (keys.size() < 2) RC_ASSERT(measured.missing.has_value());
}

}  // namespace
}  // namespace enough
