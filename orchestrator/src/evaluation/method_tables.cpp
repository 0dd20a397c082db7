#include "evaluation/method_tables.hpp"

#include "evaluation/report_json.hpp"
#include "evaluation/witness.hpp"

#include <enough/policies/proportions.hpp>

#include <utility>

namespace enough {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const Moments& moments) {
    return {{"n", moments.n}, {"mean", json_or_null(moments.mean)}, {"sd", json_or_null(moments.sd)}};
}

ordered_json json_of(const std::optional<EffectSize>& effect) {
    if (!effect) return nullptr;
    return enough::json_of(Estimate{effect->cohens_d, Interval{effect->low, effect->high}});
}

/// Statistics alone: what a calibration would say, without thresholds' intervals.
Calibration described(const ScoredChains& scored) {
    CalibrationSettings settings;
    settings.bootstrap.replicates = 0;
    CalibrationKey key;
    key.signal = name(scored.signal);
    return calibrate(scored.chains, std::move(key), settings);
}

ordered_json step_json(const StepCalibration& step, const ScoredChains& scored) {
    const auto index = static_cast<std::size_t>(step.step) - 1;
    std::size_t right = 0;
    double tokens = 0;
    double sum = 0;
    std::size_t measured = 0;
    for (const ObservedChain& chain : scored.chains) {
        const ObservedStep& seen = chain.steps[index];
        if (seen.correct) ++right;
        tokens += static_cast<double>(seen.output_tokens);
        if (!seen.score) continue;
        sum += *seen.score;
        ++measured;
    }
    const auto n = static_cast<double>(scored.chains.size());
    const ScoreStatistics& statistics = step.statistics;
    return {{"step", step.step},
            {"accuracy", json_of_share(right, scored.chains.size())},
            {"mean_score", measured > 0 ? ordered_json(sum / static_cast<double>(measured)) : ordered_json(nullptr)},
            {"mean_tokens", tokens / n},
            {"correct", json_of(statistics.correct)},
            {"incorrect", json_of(statistics.incorrect)},
            {"missing", step.missing},
            {"truncated", step.truncated},
            {"cohens_d", json_of(statistics.effect)},
            {"welch_p", statistics.welch ? ordered_json(statistics.welch->p) : ordered_json(nullptr)},
            {"mann_whitney_p", json_or_null(statistics.mann_whitney_p)},
            {"auroc", enough::json_of(statistics.auroc)},
            {"length_auroc", enough::json_of(statistics.length_auroc)},
            {"residual_auroc", enough::json_of(statistics.residual_auroc)}};
}

/// The change of accuracy against the whole chains, with a paired bootstrap.
Estimate accuracy_change(const ScoredChains& scored, const ChainLedger& ledger, BootstrapSettings bootstrap) {
    const auto change = [&](std::span<const std::size_t> drawn) {
        double sum = 0;
        for (const std::size_t i : drawn) {
            const auto& steps = scored.chains[i].steps;
            sum += static_cast<double>(steps[ledger.steps_used[i] - 1].correct) -
                   static_cast<double>(steps.back().correct);
        }
        return sum / static_cast<double>(drawn.size());
    };
    return {ledger.delta_accuracy, bootstrap_interval(scored.chains.size(), change, bootstrap)};
}

ordered_json method_json(Method method, const CrossFittedMethod& fitted, double holm_p, const ScoredChains& scored,
                         const ReportSettings& settings) {
    ordered_json thresholds = ordered_json::array();
    for (const auto& tau : fitted.taus)
        thresholds.push_back(tau ? ordered_json(unsureness(scored.signal, *tau)) : ordered_json(nullptr));
    const ChainLedger& ledger = fitted.ledger;
    return {{"method", name(method)},
            {"folds", fitted.taus.size()},
            {"thresholds", std::move(thresholds)},
            {"step1_accuracy", ledger.step1_accuracy},
            {"full_accuracy", ledger.full_accuracy},
            {"gated_accuracy", ledger.gated_accuracy},
            {"threshold_accuracy", json_or_null(ledger.threshold_accuracy)},
            {"stop_rate", ledger.stop_rate},
            {"savings", ledger.savings_output},
            {"accuracy_change", enough::json_of(accuracy_change(scored, ledger, settings.bootstrap))},
            {"right_wrong", ledger.flips.right_wrong},
            {"wrong_right", ledger.flips.wrong_right},
            {"mcnemar_p", ledger.mcnemar_p},
            {"holm_p", holm_p},
            {"reason", fitted.reason.empty() ? ordered_json(nullptr) : ordered_json(fitted.reason)}};
}

}  // namespace

ordered_json steps_json(const ScoredChains& scored) {
    const Calibration calibration = described(scored);
    ordered_json steps = ordered_json::array();
    for (const StepCalibration& step : calibration.steps)
        steps.push_back(step_json(step, scored));
    return steps;
}

ordered_json methods_json(const ScoredChains& scored, const ReportSettings& settings) {
    const auto methods = cross_fit_methods(scored, settings);
    std::vector<double> p_values;
    for (const auto& [method, fitted] : methods)
        p_values.push_back(fitted.ledger.mcnemar_p);
    const std::vector<double> adjusted = holm(p_values);
    ordered_json list = ordered_json::array();
    for (const auto& [method, fitted] : methods)
        list.push_back(method_json(method, fitted, adjusted[list.size()], scored, settings));
    return list;
}

ordered_json ablation_json(const Evaluation& evaluation, const ScoredChains& scored, int top_k,
                           const ReportSettings& settings) {
    ordered_json list = ordered_json::array();
    if (scored.signal != Signal::entropy_mean) return list;
    for (std::size_t place = 0; place < ablation_top_k.size(); ++place) {
        if (ablation_top_k[place] > top_k) break;
        ScoredChains other = scored;
        for (std::size_t i = 0; i < other.chains.size(); ++i) {
            ObservedStep& first = other.chains[i].steps.front();
            if (first.score) first.score = evaluation.items[i].shown.front().entropy_by_k[place];
        }
        const StepCalibration first = described(other).steps.front();
        const auto methods = cross_fit_methods(other, settings);
        const auto universal = methods.find(Method::universal);
        ordered_json row{{"k", ablation_top_k[place]},
                         {"auroc", enough::json_of(first.statistics.auroc)},
                         {"cohens_d", json_of(first.statistics.effect)},
                         {"method", "universal"},
                         {"savings", nullptr},
                         {"accuracy_change", nullptr}};
        if (universal != methods.end() && universal->second.reason.empty()) {
            row["savings"] = universal->second.ledger.savings_output;
            row["accuracy_change"] = universal->second.ledger.delta_accuracy;
        }
        list.push_back(std::move(row));
    }
    return list;
}

}  // namespace enough
