#include "calibrate_step.hpp"

#include "step_sample.hpp"

#include <enough/policies/ranking.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t least_items = 50;
constexpr std::size_t least_of_class = 20;

std::optional<Estimate> auroc_of(std::span<const LabelledScore> scores) {
    const auto area = auroc(scores);
    if (!area) return std::nullopt;
    return Estimate{area->value, area->degenerate ? std::nullopt : area->interval};
}

std::optional<Estimate> auroc_of(const StepSample& sample, std::span<const double> scores) {
    std::vector<LabelledScore> labelled;
    for (std::size_t i = 0; i < scores.size(); ++i)
        labelled.push_back({scores[i], sample.scores[i].correct});
    return auroc_of(labelled);
}

Moments class_moments(const StepSample& sample, bool correct) {
    std::vector<double> scores;
    for (const LabelledScore& item : sample.scores)
        if (item.correct == correct) scores.push_back(item.score);
    return moments(scores);
}

ScoreStatistics statistics_of(const StepSample& sample) {
    ScoreStatistics result;
    result.correct = class_moments(sample, true);
    result.incorrect = class_moments(sample, false);
    result.effect = effect_size(result.correct, result.incorrect);
    result.welch = welch_test(result.correct, result.incorrect);
    if (const auto test = mann_whitney(sample.scores)) result.mann_whitney_p = test->p;
    result.auroc = auroc_of(sample.scores);
    if (sample.scores.empty()) return result;
    result.length_auroc = auroc_of(sample, sample.lengths);
    std::vector<double> scores;
    for (const LabelledScore& item : sample.scores)
        scores.push_back(item.score);
    result.residual_auroc = auroc_of(sample, residuals(scores, sample.lengths));
    for (Moments* moments : {&result.correct, &result.incorrect})
        if (moments->mean) moments->mean = unsureness(sample.signal, *moments->mean);
    return result;
}

bool contains_half(const std::optional<Estimate>& area) {
    return area && area->interval && area->interval->contains(0.5);
}

/// What is worth knowing but forbids nothing.
void add_notes(StepCalibration& step, std::size_t items) {
    const ScoreStatistics& seen = step.statistics;
    if (step.truncated > 0)
        step.reasons.push_back(fmt::format(
            "{} of {} answers were cut at max_tokens; they count as wrong, which alone can separate the classes",
            step.truncated, items));
    if (step.missing > 0) step.reasons.push_back(fmt::format("{} of {} answers have no score", step.missing, items));
    // Equal lengths, or none at all, have exactly 1/2.
    const bool length_tells = seen.length_auroc && seen.length_auroc->value > 0.5;
    if (seen.auroc && length_tells && seen.length_auroc->value >= seen.auroc->value)
        step.reasons.push_back(fmt::format("the answer's length alone tells as much (AUROC {:.2f} against {:.2f})",
                                           seen.length_auroc->value, seen.auroc->value));
    if (contains_half(seen.residual_auroc) && !contains_half(seen.auroc))
        step.reasons.push_back(fmt::format(
            "with length regressed out, AUROC is {:.2f} and its interval contains 1/2: it may be mostly length",
            seen.residual_auroc->value));
}

struct Judged {
    CalibrationVerdict verdict = CalibrationVerdict::usable;
    std::vector<std::string> reasons;

    void weaken(std::string why) {
        verdict = CalibrationVerdict::weak;
        reasons.push_back(std::move(why));
    }
};

Judged refused(std::string why) {
    return {CalibrationVerdict::refused, {std::move(why)}};
}

void judge_weakness(Judged& judged, const StepSample& sample, const std::optional<Estimate>& area) {
    const std::size_t items = sample.losses.size();
    if (items < least_items)
        judged.weaken(fmt::format("only {} items: below {} this is uncalibrated", items, least_items));
    for (const auto& [correct, what] : {std::pair(true, "correct"), std::pair(false, "incorrect")}) {
        const auto n = static_cast<std::size_t>(std::ranges::count(sample.scores, correct, &LabelledScore::correct));
        if (n < least_of_class) judged.weaken(fmt::format("only {} {} items, {} are advised", n, what, least_of_class));
    }
    if (area && !area->interval)
        judged.weaken(fmt::format("AUROC is {:.2f} without any variance: its interval says nothing", area->value));
}

/// May the scores be used? `area` is their AUROC.
Judged judge_scores(const StepSample& sample, const std::optional<Estimate>& area,
                    const CalibrationSettings& settings) {
    if (const auto refusal = fit_paper_thresholds(sample.scores, settings.priors).refusal)
        return refused(explain(*refusal));
    if (area && area->interval && area->interval->high < 0.5)
        return refused(
            fmt::format("AUROC {:.2f}: most wrong answers are surer than right ones, although their mean "
                        "is not; a few outliers make it",
                        area->value));
    Judged judged;
    if (contains_half(area)) {
        std::string why = fmt::format(
            "the AUROC interval {:.2f} to {:.2f} contains 1/2: the signal is not shown to "
            "tell right from wrong answers here",
            area->interval->low, area->interval->high);
        if (!settings.allow_weak) return refused(std::move(why));
        judged.weaken(std::move(why));
    }
    judge_weakness(judged, sample, area);
    if (judged.verdict == CalibrationVerdict::usable)
        judged.reasons.push_back(fmt::format("AUROC {:.2f} ({:.2f} to {:.2f}) on {} items", area->value,
                                             area->interval->low, area->interval->high, sample.losses.size()));
    return judged;
}

MethodThresholds refused_thresholds() {
    MethodThresholds thresholds;
    for (const Method method : all_methods)
        thresholds[method].reason = "refused";
    return thresholds;
}

std::vector<Trajectory> trajectories(std::span<const ObservedChain> chains, std::size_t step) {
    std::vector<Trajectory> all;
    for (const ObservedChain& chain : chains) {
        const ObservedStep& seen = chain.steps[step];
        if (seen.score && seen.acceptable) all.push_back({seen.running, *seen.score, seen.output_tokens});
    }
    return all;
}

/// Boundaries on the running mean for `stop_early: predicted`.
void fit_boundaries(StepCalibration& step, std::span<const Trajectory> recorded, double delta) {
    const bool any = std::ranges::any_of(recorded, [](const Trajectory& each) { return !each.running.empty(); });
    if (!any) return;
    const auto fit = [&](CalibratedThreshold& threshold) {
        if (!threshold.value) return;
        threshold.boundary = fit_boundary(recorded, *threshold.value, delta);
        threshold.boundary_outcome = apply_boundary(*threshold.boundary, recorded);
    };
    for (auto& [method, threshold] : step.thresholds)
        fit(threshold);
    if (step.escalate) fit(*step.escalate);
}

std::optional<FittedCalibration> fit_model(std::span<const ObservedChain> chains, std::size_t step,
                                           const StepSample& plain, const CalibrationSettings& settings) {
    std::vector<LabelledFeatures> items;
    for (std::size_t i = 0; i < plain.scored.size(); ++i) {
        const ObservedStep& seen = chains[plain.scored[i]].steps[step];
        if (seen.features.size() != feature_names().size()) return std::nullopt;
        items.push_back({seen.features, plain.scores[i].correct});
    }
    auto crossed = cross_fit(items, feature_names(), settings.folds, settings.bootstrap.seed);
    if (!crossed) return std::nullopt;

    std::vector<std::optional<double>> probability(chains.size());
    for (std::size_t i = 0; i < plain.scored.size(); ++i)
        probability[plain.scored[i]] = crossed->held_out[i];
    const StepSample sample =
        step_sample(chains, step, Signal::fitted, [&](std::size_t i) { return probability[i]; }, settings.loss);
    FittedCalibration fitted;
    fitted.model = std::move(crossed->model);
    fitted.folds = settings.folds;
    const auto area = auroc_of(sample.scores);
    auto judged = judge_scores(sample, area, settings);
    fitted.verdict = judged.verdict;
    fitted.reasons = std::move(judged.reasons);
    fitted.auroc = area.value_or(Estimate{});
    fitted.signal_auroc = auroc_of(plain.scores).value_or(Estimate{});
    fitted.better = fitted.auroc.value > fitted.signal_auroc.value;
    if (!fitted.usable()) return fitted;
    fitted.thresholds = fit_methods(sample, settings);
    if (step + 1 < chains.front().steps.size()) fitted.escalate = fit_escalation(sample, settings);
    return fitted;
}

}  // namespace

StepCalibration calibrate_step(std::span<const ObservedChain> chains, std::size_t step, Signal signal,
                               const CalibrationSettings& settings) {
    StepCalibration result;
    result.step = static_cast<int>(step) + 1;
    for (const ObservedChain& chain : chains) {
        const ObservedStep& seen = chain.steps[step];
        if (seen.truncated) ++result.truncated;
        if (!seen.score) ++result.missing;
        result.coverage += seen.coverage / static_cast<double>(chains.size());
    }
    const StepSample sample =
        step_sample(chains, step, signal, [&](std::size_t i) { return chains[i].steps[step].score; }, settings.loss);
    result.statistics = statistics_of(sample);
    auto judged = judge_scores(sample, result.statistics.auroc, settings);
    result.verdict = judged.verdict;
    result.reasons = std::move(judged.reasons);
    add_notes(result, chains.size());
    result.fitted = fit_model(chains, step, sample, settings);
    if (result.verdict == CalibrationVerdict::refused) {
        result.thresholds = refused_thresholds();
        return result;
    }
    result.thresholds = fit_methods(sample, settings);
    if (step + 1 < chains.front().steps.size()) result.escalate = fit_escalation(sample, settings);
    if (signal == Signal::entropy_mean) fit_boundaries(result, trajectories(chains, step), settings.stop_delta);
    return result;
}

}  // namespace enough
