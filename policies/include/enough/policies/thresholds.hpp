#pragma once

#include <enough/policies/statistics.hpp>

#include <optional>
#include <span>
#include <string>

namespace enough {

/// One labelled item: a score (higher = less sure) and whether the answer was right.
struct LabelledScore {
    double score = 0;
    bool correct = false;
};

enum class Priors { class_frequency, equal };

/// Why no threshold can be fitted.
enum class Refusal { score_not_finite, class_empty, class_too_small, zero_spread, inverted };
std::string_view name(Refusal refusal);
std::string explain(Refusal refusal);  ///< a sentence for people

/// A fitted threshold: accepts scores <= value.
struct Threshold {
    std::optional<double> value;  ///< absent: this method has none here, `reason` says why
    std::string reason;
    double accepts_correct = 0;  ///< share of the class with score <= value
    double accepts_incorrect = 0;
};

enum class BayesKind { quadratic, linear, sigma_weighted_midpoint };
std::string_view name(BayesKind kind);

/// The root between the means of pi_c N(mu_c, sd_c) = pi_i N(mu_i, sd_i), or a named fallback when there is none.
struct BayesThreshold : Threshold {
    BayesKind kind = BayesKind::quadratic;
    bool fallback = false;
    std::string why;  ///< for a fallback: `incorrect_dominates` or `correct_dominates`
};

/// The four thresholds of arXiv 2510.08146 (section 3.3) on labelled scores.
struct PaperThresholds {
    std::optional<Refusal> refusal;  ///< set: there are no thresholds, only the statistics below
    Moments correct;
    Moments incorrect;
    std::optional<EffectSize> effect;
    Threshold mean;
    Threshold information;
    BayesThreshold bayes;
    Threshold universal;
};
PaperThresholds fit_paper_thresholds(std::span<const LabelledScore> scores, Priors priors);

}  // namespace enough
