#include <enough/policies/thresholds.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

PaperThresholds fit(const json& input) {
    std::vector<LabelledScore> scores;
    const json& correct = input.at("correct");
    for (const json& score : input.at("scores"))
        scores.push_back({test::number(score), correct.at(scores.size())});
    const bool equal = input.at("priors") == "equal";
    return fit_paper_thresholds(scores, equal ? Priors::equal : Priors::class_frequency);
}

void expect_moments(const json& want, const Moments& got) {
    EXPECT_EQ(got.n, want.at("n"));
    EXPECT_TRUE(matches(want, "mean", got.mean));
    EXPECT_TRUE(matches(want, "sd", got.sd));
}

void expect_effect(const json& want, const std::optional<EffectSize>& got) {
    const auto field = [&](double EffectSize::* member) { return got ? std::optional((*got).*member) : std::nullopt; };
    EXPECT_TRUE(matches(want, "cohens_d", field(&EffectSize::cohens_d)));
    EXPECT_TRUE(matches(want, "hedges_g", field(&EffectSize::hedges_g)));
    EXPECT_TRUE(matches(want, "pooled_sd", field(&EffectSize::pooled_sd)));
    EXPECT_TRUE(matches(want, "d_low", field(&EffectSize::low)));
    EXPECT_TRUE(matches(want, "d_high", field(&EffectSize::high)));
}

void expect_threshold(const json& want, const Threshold& got) {
    EXPECT_TRUE(matches(want, "value", got.value));
    EXPECT_TRUE(matches(want, "reason", std::string_view(got.reason)));
    EXPECT_TRUE(matches(want, "accepts_correct", got.accepts_correct));
    EXPECT_TRUE(matches(want, "accepts_incorrect", got.accepts_incorrect));
}

TEST(Thresholds, AgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("thresholds")) {
        SCOPED_TRACE(golden.id);
        const json& expect = golden.expect;
        const auto got = fit(golden.input);
        EXPECT_EQ(got.refusal ? "refused" : "ok", expect.at("status"));
        EXPECT_TRUE(matches(expect, "reason", got.refusal ? name(*got.refusal) : std::string_view()));
        expect_moments(expect.at("correct"), got.correct);
        expect_moments(expect.at("incorrect"), got.incorrect);
        expect_effect(expect, got.effect);
        const json& thresholds = expect.at("thresholds");
        if (thresholds.is_null()) {
            EXPECT_FALSE(got.mean.value || got.information.value || got.bayes.value || got.universal.value);
            EXPECT_EQ(got.bayes.reason, name(*got.refusal));
            continue;
        }
        expect_threshold(thresholds.at("mean"), got.mean);
        expect_threshold(thresholds.at("information"), got.information);
        expect_threshold(thresholds.at("bayes"), got.bayes);
        expect_threshold(thresholds.at("universal"), got.universal);
        EXPECT_EQ(got.bayes.fallback, thresholds.at("bayes").at("fallback"));
        EXPECT_TRUE(matches(thresholds.at("bayes"), "kind", name(got.bayes.kind)));
        EXPECT_TRUE(matches(thresholds.at("bayes"), "why", std::string_view(got.bayes.why)));
    }
}

TEST(Thresholds, ScoresThatAreNotFiniteAreRefusedFirst) {
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const std::vector<LabelledScore> scores{{0.1, true}, {bad, true}};
        EXPECT_EQ(fit_paper_thresholds(scores, Priors::equal).refusal, Refusal::score_not_finite);
    }
    const std::vector<LabelledScore> huge{{1e200, true}, {2e200, true}, {3e200, false}, {5e200, false}};
    EXPECT_EQ(fit_paper_thresholds(huge, Priors::equal).refusal, Refusal::score_not_finite);
    EXPECT_EQ(fit_paper_thresholds({}, Priors::equal).refusal, Refusal::class_empty);
}

TEST(Thresholds, EveryRefusalIsExplained) {
    for (const Refusal refusal : {Refusal::score_not_finite, Refusal::class_empty, Refusal::class_too_small,
                                  Refusal::zero_spread, Refusal::inverted}) {
        EXPECT_TRUE(explain(refusal).ends_with('.')) << name(refusal);
        EXPECT_NE(explain(refusal), "No threshold can be fitted.") << name(refusal);
    }
}

}  // namespace
}  // namespace enough
