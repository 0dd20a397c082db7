#include "step_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace enough {
namespace {

using Fit = std::function<RiskThreshold(std::span<const ScoredLoss>)>;

double share_at_or_below(std::span<const LabelledScore> scores, bool correct, double threshold) {
    std::size_t all = 0;
    std::size_t passed = 0;
    for (const LabelledScore& item : scores) {
        if (item.correct != correct) continue;
        ++all;
        if (item.score <= threshold) ++passed;
    }
    return all == 0 ? 0 : static_cast<double>(passed) / static_cast<double>(all);
}

Interval in_own_units(Signal signal, const Interval& scores) {
    const double a = unsureness(signal, scores.low);
    const double b = unsureness(signal, scores.high);
    return {std::min(a, b), std::max(a, b)};
}

void set_spread(CalibratedThreshold& threshold, const ThresholdSpread& spread, Signal signal) {
    if (spread.tau) threshold.interval = in_own_units(signal, *spread.tau);
    threshold.accepts_correct_interval = spread.accepts_correct;
    threshold.accepts_incorrect_interval = spread.accepts_incorrect;
}

/// What the threshold (as a score) would have saved and lost on the recorded chains.
void set_outcome(CalibratedThreshold& threshold, double score, const StepSample& sample,
                 const CalibrationSettings& settings) {
    const ChainLedger ledger = chain_ledger(sample.tails, score, StopRule::first_step);
    threshold.accepts_correct = share_at_or_below(sample.acceptable, true, score);
    threshold.accepts_incorrect = share_at_or_below(sample.acceptable, false, score);
    threshold.savings = ledger.savings_output;
    threshold.accuracy_change.value = ledger.delta_accuracy;
    const auto change = [&](std::span<const std::size_t> drawn) {
        double sum = 0;
        for (const std::size_t i : drawn) {
            const Chain& tail = sample.tails[i];
            const bool gated = tail[ledger.steps_used[i] - 1].correct;
            sum += static_cast<double>(gated) - static_cast<double>(tail.back().correct);
        }
        return sum / static_cast<double>(drawn.size());
    };
    if (settings.bootstrap.replicates > 0)
        threshold.accuracy_change.interval = bootstrap_interval(sample.tails.size(), change, settings.bootstrap);
    for (const ScoredLoss& item : sample.losses) {
        if (item.score > score) continue;
        ++threshold.accepted;
        if (item.loss) ++threshold.lost;
    }
}

using PaperMethod = const Threshold& (*)(const PaperThresholds&);

/// Items are drawn with those that have no score, as for the other methods.
ThresholdSpread paper_spread(PaperMethod method, const StepSample& sample, const CalibrationSettings& settings) {
    std::vector<const LabelledScore*> scored(sample.acceptable.size());
    for (std::size_t i = 0; i < sample.scored.size(); ++i)
        scored[sample.scored[i]] = &sample.scores[i];
    std::vector<LabelledScore> drawn_scores;
    const auto refit = [&](std::span<const std::size_t> drawn) {
        drawn_scores.clear();
        for (const std::size_t i : drawn)
            if (scored[i] != nullptr) drawn_scores.push_back(*scored[i]);
        return method(fit_paper_thresholds(drawn_scores, settings.priors)).value;
    };
    return bootstrap_threshold(sample.acceptable, refit, settings.bootstrap);
}

CalibratedThreshold from_paper(PaperMethod method, const PaperThresholds& paper, const StepSample& sample,
                               const CalibrationSettings& settings) {
    const Threshold& fitted = method(paper);
    CalibratedThreshold threshold;
    threshold.reason = fitted.reason;
    if (settings.bootstrap.replicates > 0) set_spread(threshold, paper_spread(method, sample, settings), sample.signal);
    if (!fitted.value) return threshold;
    threshold.value = unsureness(sample.signal, *fitted.value);
    set_outcome(threshold, *fitted.value, sample, settings);
    return threshold;
}

/// Says in words why a risk-controlled threshold accepts nothing.
std::string explain(const RiskThreshold& fitted, std::size_t items, const CalibrationSettings& settings) {
    if (fitted.reason == "sample_too_small")
        return fmt::format("{} items are too few to certify {:g}; never accept", items, settings.target.epsilon);
    return fmt::format(
        "no threshold keeps the {} within {:g}; never accept. Where the rung costs more than it saves, "
        "remove it",
        name(settings.loss), settings.target.epsilon);
}

CalibratedThreshold from_risk(const Fit& fit, const StepSample& sample, const CalibrationSettings& settings) {
    CalibratedThreshold threshold;
    const RiskThreshold fitted = fit(sample.losses);
    std::vector<ScoredLoss> drawn_losses;
    const auto refit = [&](std::span<const std::size_t> drawn) {
        drawn_losses.clear();
        for (const std::size_t i : drawn)
            drawn_losses.push_back(sample.losses[i]);
        const auto tau = fit(drawn_losses).tau;
        return tau ? std::optional(std::min(*tau, sample.most_acceptable)) : std::nullopt;
    };
    if (settings.bootstrap.replicates > 0)
        set_spread(threshold, bootstrap_threshold(sample.acceptable, refit, settings.bootstrap), sample.signal);
    if (!fitted.tau) {
        threshold.reason = explain(fitted, sample.losses.size(), settings);
        return threshold;
    }
    // Items that no gate accepts lie above all others and may have been taken in for free.
    const double score = std::min(*fitted.tau, sample.most_acceptable);
    threshold.value = own_value(sample, score);
    set_outcome(threshold, score, sample, settings);
    return threshold;
}

/// On the last step nothing is left that could be regretted, which must not look like safety.
bool nothing_to_regret(const StepSample& sample, const CalibrationSettings& settings) {
    return settings.loss == Loss::regret && sample.tails.front().size() == 1;
}

void fit_risk_methods(MethodThresholds& thresholds, const StepSample& sample, const CalibrationSettings& settings) {
    const RiskTarget target = settings.target;
    const std::size_t least = (sample.losses.size() + 3) / 4;
    // Its error is a share of what is accepted: items that no gate accepts, which have no loss, would thin it out.
    const auto ltt = [=, most = sample.most_acceptable](std::span<const ScoredLoss> items) {
        std::vector<ScoredLoss> acceptable;
        std::ranges::copy_if(items, std::back_inserter(acceptable),
                             [=](const ScoredLoss& item) { return item.score <= most; });
        return ltt_threshold(acceptable, target, least);
    };
    const std::map<Method, Fit> fits{
        {Method::crc, [=](auto items) { return crc_threshold(items, target.epsilon); }},
        {Method::bound, [=](auto items) { return bound_threshold(items, target); }},
        {Method::hoeffding, [=](auto items) { return hoeffding_threshold(items, target); }},
        {Method::ltt, ltt},
    };
    for (const auto& [method, fit] : fits) {
        if (nothing_to_regret(sample, settings)) {
            thresholds[method].reason = "regret has no meaning on the chain's last step; never accept";
        } else if (!sample.any_acceptable) {
            thresholds[method].reason = "no answer that a gate could accept; never accept";
        } else {
            thresholds[method] = from_risk(fit, sample, settings);
        }
    }
    thresholds[Method::ltt].min_accepted = std::max(least, smallest_certifiable(target));
}

}  // namespace

MethodThresholds fit_methods(const StepSample& sample, const CalibrationSettings& settings) {
    MethodThresholds thresholds;
    const PaperThresholds paper = fit_paper_thresholds(sample.scores, settings.priors);
    const std::pair<Method, PaperMethod> methods[] = {
        {Method::mean, [](const PaperThresholds& all) -> const Threshold& { return all.mean; }},
        {Method::information, [](const PaperThresholds& all) -> const Threshold& { return all.information; }},
        {Method::bayes, [](const PaperThresholds& all) -> const Threshold& { return all.bayes; }},
        {Method::universal, [](const PaperThresholds& all) -> const Threshold& { return all.universal; }},
    };
    for (const auto& [method, its] : methods)
        thresholds[method] = from_paper(its, paper, sample, settings);
    if (paper.bayes.value) thresholds[Method::bayes].bayes_kind = paper.bayes.kind;
    fit_risk_methods(thresholds, sample, settings);
    return thresholds;
}

}  // namespace enough
