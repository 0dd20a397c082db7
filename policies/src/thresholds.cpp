#include <enough/policies/thresholds.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace enough {

namespace {

struct Classes {
    std::vector<double> correct;
    std::vector<double> incorrect;
};

Classes split(std::span<const LabelledScore> scores) {
    Classes classes;
    for (const LabelledScore& item : scores)
        (item.correct ? classes.correct : classes.incorrect).push_back(item.score);
    return classes;
}

bool has_no_spread(const Moments& sample) {
    return *sample.sd <= 1e-12 * std::max(1.0, std::abs(*sample.mean));
}

std::optional<Refusal> refusal_of(std::span<const LabelledScore> scores, const Moments& correct,
                                  const Moments& incorrect) {
    const auto finite = [](const LabelledScore& item) { return std::isfinite(item.score); };
    if (!std::ranges::all_of(scores, finite)) return Refusal::score_not_finite;
    if (correct.n == 0 || incorrect.n == 0) return Refusal::class_empty;
    if (correct.n == 1 || incorrect.n == 1) return Refusal::class_too_small;
    if (!correct.sd || !incorrect.sd) return Refusal::score_not_finite;
    if (has_no_spread(correct) || has_no_spread(incorrect)) return Refusal::zero_spread;
    if (*incorrect.mean <= *correct.mean) return Refusal::inverted;
    return std::nullopt;
}

double share_accepted(const std::vector<double>& scores, double threshold) {
    const auto accepted = std::ranges::count_if(scores, [=](double score) { return score <= threshold; });
    return static_cast<double>(accepted) / static_cast<double>(scores.size());
}

void set_value(Threshold& threshold, double value, const Classes& classes) {
    threshold.value = value;
    threshold.accepts_correct = share_accepted(classes.correct, value);
    threshold.accepts_incorrect = share_accepted(classes.incorrect, value);
}

struct BayesRoot {
    double value = 0;
    BayesKind kind = BayesKind::quadratic;
    std::string fallback_because;
};

// pi_c N(x; mu_c, sd_c) = pi_i N(x; mu_i, sd_i) as a u^2 + b u + c = 0 in u = x - mu_c. The left side rises strictly on
// [0, mu_i - mu_c], so its signs at the ends tell whether there is a root between the means; there is at most one.
BayesRoot solve_bayes(const Moments& correct, const Moments& incorrect, double prior_c, double prior_i) {
    const double mu_c = *correct.mean;
    const double mu_i = *incorrect.mean;
    const double sd_c = *correct.sd;
    const double sd_i = *incorrect.sd;
    const double distance = mu_i - mu_c;
    const double log_ratio = std::log(sd_c / sd_i) + std::log(prior_i / prior_c);
    const double at_correct = log_ratio - distance * distance / (2 * sd_i * sd_i);
    const double at_incorrect = log_ratio + distance * distance / (2 * sd_c * sd_c);
    if (at_correct > 0 || at_incorrect < 0) {
        return {(mu_c * sd_i + mu_i * sd_c) / (sd_c + sd_i), BayesKind::sigma_weighted_midpoint,
                at_correct > 0 ? "incorrect_dominates" : "correct_dominates"};
    }
    const double a = 1 / (2 * sd_c * sd_c) - 1 / (2 * sd_i * sd_i);
    const double b = distance / (sd_i * sd_i);
    if (std::abs(sd_c - sd_i) <= 1e-12 * std::max(sd_c, sd_i)) {
        return {mu_c + std::clamp(-at_correct / b, 0.0, distance), BayesKind::linear, {}};
    }
    // This form of the root has no cancellation: c <= 0 < b.
    const double discriminant = std::max(0.0, b * b - 4 * a * at_correct);
    const double root = -2 * at_correct / (b + std::sqrt(discriminant));
    return {mu_c + std::clamp(root, 0.0, distance), BayesKind::quadratic, {}};
}

void set_bayes(BayesThreshold& threshold, const PaperThresholds& fitted, Priors priors, const Classes& classes) {
    const bool equal = priors == Priors::equal;
    BayesRoot root = solve_bayes(fitted.correct, fitted.incorrect, equal ? 1 : static_cast<double>(fitted.correct.n),
                                 equal ? 1 : static_cast<double>(fitted.incorrect.n));
    set_value(threshold, root.value, classes);
    threshold.kind = root.kind;
    threshold.fallback = root.kind == BayesKind::sigma_weighted_midpoint;
    threshold.why = std::move(root.fallback_because);
}

void set_universal(Threshold& threshold, const PaperThresholds& fitted, const Classes& classes) {
    const double mu_c = *fitted.correct.mean;
    if (mu_c <= 0) {
        threshold.reason = "mean_not_positive";
        return;
    }
    const double root_d = std::sqrt(std::abs(fitted.effect->cohens_d));
    const double steadiness = std::max(0.0, 1 - *fitted.correct.sd / mu_c);
    set_value(threshold, mu_c + root_d / (1 + root_d) * (*fitted.incorrect.mean - mu_c) * steadiness, classes);
}

}  // namespace

std::string_view name(Refusal refusal) {
    switch (refusal) {
        case Refusal::score_not_finite:
            return "score_not_finite";
        case Refusal::class_empty:
            return "class_empty";
        case Refusal::class_too_small:
            return "class_too_small";
        case Refusal::zero_spread:
            return "zero_spread";
        case Refusal::inverted:
            return "inverted";
    }
    return "unknown";
}

std::string explain(Refusal refusal) {
    switch (refusal) {
        case Refusal::score_not_finite:
            return "A score is not a finite number: leave out the items without evidence.";
        case Refusal::class_empty:
            return "All answers are right or all are wrong: a threshold needs samples of both.";
        case Refusal::class_too_small:
            return "There is only one right or only one wrong answer: at least two of each are needed.";
        case Refusal::zero_spread:
            return "All right answers, or all wrong ones, have the same score: their spread can't be estimated.";
        case Refusal::inverted:
            return "Wrong answers are as sure as right ones or surer: this signal can't tell them apart here.";
    }
    return "No threshold can be fitted.";
}

std::string_view name(BayesKind kind) {
    switch (kind) {
        case BayesKind::quadratic:
            return "quadratic";
        case BayesKind::linear:
            return "linear";
        case BayesKind::sigma_weighted_midpoint:
            return "sigma_weighted_midpoint";
    }
    return "unknown";
}

PaperThresholds fit_paper_thresholds(std::span<const LabelledScore> scores, Priors priors) {
    const Classes classes = split(scores);
    PaperThresholds fitted;
    fitted.correct = moments(classes.correct);
    fitted.incorrect = moments(classes.incorrect);
    fitted.refusal = refusal_of(scores, fitted.correct, fitted.incorrect);
    if (!fitted.refusal || fitted.refusal == Refusal::inverted) {
        fitted.effect = effect_size(fitted.correct, fitted.incorrect);
        if (!fitted.effect) fitted.refusal = Refusal::score_not_finite;  // finite scores whose squares are not
    }
    if (fitted.refusal) {
        const std::string reason(name(*fitted.refusal));
        for (Threshold* none :
             {&fitted.mean, &fitted.information, static_cast<Threshold*>(&fitted.bayes), &fitted.universal}) {
            none->reason = reason;
        }
        return fitted;
    }
    const double mu_c = *fitted.correct.mean;
    set_value(fitted.mean, mu_c, classes);
    set_value(fitted.information, mu_c + *fitted.correct.sd * std::log1p(std::abs(fitted.effect->cohens_d)), classes);
    set_bayes(fitted.bayes, fitted, priors, classes);
    set_universal(fitted.universal, fitted, classes);
    return fitted;
}

}  // namespace enough
