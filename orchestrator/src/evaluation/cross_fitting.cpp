#include "evaluation/cross_fitting.hpp"

#include <algorithm>
#include <random>

namespace enough {
namespace {

CalibrationSettings without_intervals(const ReportSettings& settings) {
    CalibrationSettings fitting;
    fitting.target = settings.target;
    fitting.allow_weak = true;  // what a method is worth is for the comparison to say
    fitting.bootstrap = settings.bootstrap;
    fitting.bootstrap.replicates = 0;
    return fitting;
}

/// The chains with the first step's score moved so that 0 is its fold's threshold.
std::vector<Chain> ledger_chains(const ScoredChains& scored, const std::vector<std::size_t>& fold,
                                 const std::vector<std::optional<double>>& taus) {
    std::vector<Chain> chains;
    for (std::size_t i = 0; i < scored.chains.size(); ++i) {
        Chain& chain = chains.emplace_back();
        for (const ObservedStep& step : scored.chains[i].steps)
            chain.push_back({std::nullopt, step.correct, step.input_tokens, step.output_tokens});
        const auto score = scored.unsureness_at(i);
        const auto& tau = taus[fold[i]];
        if (score && tau) chain.front().score = *score <= *tau ? -1.0 : 1.0;
    }
    return chains;
}

}  // namespace

std::optional<double> ScoredChains::unsureness_at(std::size_t chain) const {
    const ObservedStep& first = chains[chain].steps.front();
    if (!first.score || !first.acceptable) return std::nullopt;
    return unsureness(signal, *first.score);
}

std::vector<std::size_t> folds_of(std::size_t items, std::size_t folds, std::uint64_t seed) {
    std::vector<std::size_t> fold(items);
    for (std::size_t i = 0; i < items; ++i)
        fold[i] = i % folds;
    // Fisher and Yates with a remainder: the bias of at most n / 2^64 is nothing, and it is the same everywhere.
    std::mt19937_64 random(seed);
    for (std::size_t i = items; i > 1; --i)
        std::swap(fold[i - 1], fold[random() % i]);
    return fold;
}

std::map<Method, CrossFittedMethod> cross_fit_methods(const ScoredChains& scored, const ReportSettings& settings) {
    const std::size_t n = scored.chains.size();
    const std::vector<std::size_t> fold = folds_of(n, settings.folds, settings.bootstrap.seed);
    CalibrationKey key;
    key.signal = name(scored.signal);
    std::map<Method, CrossFittedMethod> methods;
    for (std::size_t held_out = 0; held_out < settings.folds; ++held_out) {
        std::vector<ObservedChain> others;
        for (std::size_t i = 0; i < n; ++i)
            if (fold[i] != held_out) others.push_back(scored.chains[i]);
        if (others.empty()) return {};
        const Calibration fitted = calibrate(std::move(others), key, without_intervals(settings));
        const StepCalibration& first = fitted.steps.front();
        for (const auto& [method, threshold] : first.thresholds) {
            const bool refused = first.verdict == CalibrationVerdict::refused;
            methods[method].taus.push_back(threshold.value ? std::optional(unsureness(scored.signal, *threshold.value))
                                                           : std::nullopt);
            // What a method says of itself says more than a fold that was refused for all of them.
            std::string& reason = methods[method].reason;
            if (!refused || reason.empty()) reason = refused ? first.reasons.front() : threshold.reason;
        }
    }
    for (auto& [method, fitted] : methods) {
        const bool any = std::ranges::any_of(fitted.taus, [](const auto& tau) { return tau.has_value(); });
        if (any) fitted.reason.clear();
        fitted.ledger = chain_ledger(ledger_chains(scored, fold, fitted.taus), 0.0, StopRule::first_step);
    }
    return methods;
}

std::vector<Forecast> cross_fit_forecasts(const ScoredChains& scored, const ReportSettings& settings) {
    std::vector<LabelledScore> scores;
    for (std::size_t i = 0; i < scored.chains.size(); ++i)
        if (const auto score = scored.unsureness_at(i))
            scores.push_back({*score, scored.chains[i].steps.front().correct});
    const std::vector<std::size_t> fold = folds_of(scores.size(), settings.folds, settings.bootstrap.seed);
    std::vector<Forecast> forecasts;
    for (std::size_t held_out = 0; held_out < settings.folds; ++held_out) {
        std::vector<LabelledScore> others;
        for (std::size_t i = 0; i < scores.size(); ++i)
            if (fold[i] != held_out) others.push_back(scores[i]);
        if (others.empty()) return {};
        const IsotonicFit fit(others);
        for (std::size_t i = 0; i < scores.size(); ++i)
            if (fold[i] == held_out)
                forecasts.push_back({std::clamp(fit(scores[i].score), 0.0, 1.0), scores[i].correct});
    }
    return forecasts;
}

}  // namespace enough
