#include <enough/orchestrator/evaluation_report.hpp>

#include "evaluation/compared_policies.hpp"
#include "evaluation/cross_fitting.hpp"
#include "evaluation/item_details.hpp"
#include "evaluation/method_tables.hpp"
#include "evaluation/report_json.hpp"

#include <enough/policies/ranking.hpp>
#include <enough/policies/risk_coverage.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace enough {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_points = 200;
constexpr std::size_t reliability_bins = 10;

const Gate& gate_of(const Evaluation& evaluation) {
    for (const Step& step : evaluation.workflow->steps) {
        if (step.id != evaluation.step) continue;
        for (const Rung& rung : std::get<Ladder>(step.body).rungs)
            if (const auto* agent = std::get_if<AgentRung>(&rung); agent && agent->gate) return *agent->gate;
    }
    throw std::invalid_argument("the evaluation has no gate");
}

/// The fitted signal is judged beside the plain one, which is recorded.
Signal recorded_signal(const Gate& gate) {
    return gate.signal == Signal::fitted ? Signal::entropy_mean : gate.signal;
}

ScoredChains scored_chains(const Evaluation& evaluation) {
    ScoredChains scored{{}, recorded_signal(gate_of(evaluation))};
    for (const EvaluatedItem& item : evaluation.items)
        scored.chains.push_back(item.chain);
    return scored;
}

ordered_json gate_json(const Evaluation& evaluation) {
    const Gate& gate = gate_of(evaluation);
    ordered_json thresholds = ordered_json::array();
    for (const double threshold : gate.accept)
        thresholds.push_back(std::isfinite(threshold) ? ordered_json(threshold) : ordered_json(nullptr));
    ordered_json intervals = ordered_json::array();
    if (gate.calibration)
        for (const auto& interval : gate.calibration->threshold_intervals)
            intervals.push_back(interval ? ordered_json{{"low", interval->low}, {"high", interval->high}}
                                         : ordered_json(nullptr));
    const auto stopped = std::ranges::count_if(evaluation.items, &EvaluatedItem::stopped);
    return {{"step", evaluation.step},
            {"agent", evaluation.agent},
            {"model", evaluation.served_model},
            {"signal", name(gate.signal)},
            {"lower_is_surer", direction(recorded_signal(gate)) == Direction::lower_is_surer},
            {"top_k", gate.settings.top_k},
            {"scope", name(gate.settings.scope)},
            {"chain_length", evaluation.chain_length},
            {"thresholds", std::move(thresholds)},
            {"threshold_intervals", std::move(intervals)},
            {"escalate", json_or_null(gate.escalate)},
            {"calibration", gate.calibration ? ordered_json(gate.calibration->file) : ordered_json(nullptr)},
            {"method", gate.calibration ? ordered_json(gate.calibration->method) : ordered_json(nullptr)},
            {"stop_rate", static_cast<double>(stopped) / static_cast<double>(evaluation.items.size())}};
}

/// What the gate judges at step 1.
std::optional<double> judged_score(const Gate& gate, const ObservedStep& step) {
    if (gate.signal != Signal::fitted) return step.score;
    if (step.features.size() != feature_names().size() || gate.calibration->models.empty()) return std::nullopt;
    return gate.calibration->models.front().probability(step.features);
}

/// How often the workflow was right where its gate accepted the first answer.
ordered_json threshold_accuracy(const Evaluation& evaluation) {
    std::size_t stopped = 0;
    std::size_t right = 0;
    for (const EvaluatedItem& item : evaluation.items) {
        if (!item.stopped) continue;
        ++stopped;
        if (item.policies.at(Policy::workflow).right) ++right;
    }
    return stopped == 0 ? ordered_json(nullptr) : json_of_share(right, stopped);
}

ordered_json flips_json(const Evaluation& evaluation) {
    Flips refinement;
    Flips gate;
    Flips debate;
    std::size_t debates = 0;
    const auto count = [](Flips& flips, bool before, bool after) {
        if (before && !after) ++flips.right_wrong;
        if (!before && after) ++flips.wrong_right;
    };
    for (const EvaluatedItem& item : evaluation.items) {
        count(refinement, item.chain.steps.front().correct, item.chain.steps.back().correct);
        count(gate, item.policies.at(evaluation.full_policy).right, item.policies.at(Policy::workflow).right);
        for (const DebateOutcome& each : item.debates)
            count(debate, each.right_before, each.right_after);
        debates += item.debates.size();
    }
    const auto json = [](const Flips& flips) {
        return ordered_json{{"right_wrong", flips.right_wrong}, {"wrong_right", flips.wrong_right}};
    };
    ordered_json all{{"refinement", json(refinement)}, {"gate", json(gate)}};
    if (debates == 0) return all;
    all["debate"] = json(debate);
    all["debate"]["debates"] = debates;
    return all;
}

ordered_json risk_coverage_json(const ScoredChains& scored) {
    std::vector<LabelledScore> scores;
    for (std::size_t i = 0; i < scored.chains.size(); ++i)
        if (const auto score = scored.unsureness_at(i))
            scores.push_back({*score, scored.chains[i].steps.front().correct});
    const RiskCoverage measured = risk_coverage(scores);
    ordered_json curve = ordered_json::array();
    for (const RiskCoveragePoint& point : measured.curve)
        curve.push_back(
            {{"tau", unsureness(scored.signal, point.tau)}, {"coverage", point.coverage}, {"risk", point.risk}});
    return {{"error_rate", measured.error_rate},
            {"aurc", measured.aurc},
            {"e_aurc", measured.e_aurc},
            {"curve", std::move(curve)}};
}

/// What each possible threshold would save and cost on these very items; at most 200 points.
ordered_json savings_curve(const ScoredChains& scored) {
    std::vector<Chain> chains;
    std::vector<double> taus;
    for (std::size_t i = 0; i < scored.chains.size(); ++i) {
        Chain& chain = chains.emplace_back();
        for (const ObservedStep& step : scored.chains[i].steps)
            chain.push_back({std::nullopt, step.correct, step.input_tokens, step.output_tokens});
        chain.front().score = scored.unsureness_at(i);
        if (chain.front().score) taus.push_back(*chain.front().score);
    }
    std::ranges::sort(taus);
    taus.erase(std::ranges::unique(taus).begin(), taus.end());
    const std::size_t stride = std::max<std::size_t>(1, taus.size() / most_points);
    ordered_json curve = ordered_json::array();
    const auto add = [&](std::optional<double> tau) {
        const ChainLedger ledger = chain_ledger(chains, tau, StopRule::first_step);
        curve.push_back({{"tau", tau ? ordered_json(unsureness(scored.signal, *tau)) : ordered_json(nullptr)},
                         {"savings", ledger.savings_output},
                         {"accuracy", ledger.gated_accuracy},
                         {"coverage", ledger.stop_rate}});
    };
    add(std::nullopt);
    for (std::size_t i = 0; i < taus.size(); i += stride)
        add(taus[i]);
    if (!taus.empty() && (taus.size() - 1) % stride != 0) add(taus.back());
    return curve;
}

ordered_json reliability_json(const ScoredChains& scored, const ReportSettings& settings) {
    const std::vector<Forecast> forecasts = cross_fit_forecasts(scored, settings);
    if (forecasts.empty()) return nullptr;
    const Reliability measured = reliability(forecasts, reliability_bins);
    ordered_json bins = ordered_json::array();
    for (const ReliabilityBin& bin : measured.table)
        bins.push_back({{"low", bin.low},
                        {"high", bin.high},
                        {"n", bin.n},
                        {"mean_probability", bin.mean_probability},
                        {"accuracy", bin.accuracy}});
    return {{"ece", measured.ece},
            {"brier", measured.brier},
            {"bins", std::move(bins)},
            {"about", "isotonic fit of correctness on the signal, cross-fitted on " + std::to_string(settings.folds) +
                          " folds"}};
}

ordered_json drift_json(const Evaluation& evaluation) {
    const auto moved = drift_of(evaluation);
    if (!moved) return nullptr;
    return {{"n", moved->n},
            {"ks", moved->distance},
            {"p", moved->p},
            {"share_below_threshold", moved->share_accepted},
            {"calibration_share", moved->calibration_share},
            {"alarm", moved->alarm}};
}

}  // namespace

std::optional<Drift> drift_of(const Evaluation& evaluation) {
    const Gate& gate = gate_of(evaluation);
    if (!gate.calibration || gate.accept.empty()) return std::nullopt;
    std::vector<double> now;
    std::vector<double> then;
    for (const EvaluatedItem& item : evaluation.items)
        if (const auto score = judged_score(gate, item.chain.steps.front()))
            now.push_back(unsureness(gate.signal, *score));
    for (const double score : gate.calibration->scores)
        then.push_back(unsureness(gate.signal, score));
    return drift(now, then, unsureness(gate.signal, gate.accept.front()));
}

ordered_json evaluation_report(const Evaluation& evaluation, const ReportSettings& settings) {
    if (evaluation.items.empty()) throw std::invalid_argument("no item was evaluated: there is nothing to report");
    const ScoredChains scored = scored_chains(evaluation);
    ordered_json report{{"version", 1},
                        {"kind", "evaluation"},
                        {"workflow", evaluation.workflow->name},
                        {"workflow_hash", evaluation.workflow->hash},
                        {"created", settings.created},
                        {"seed", settings.bootstrap.seed},
                        {"replicates", settings.bootstrap.replicates},
                        {"data", settings.data},
                        {"grader", evaluation.grader},
                        {"items", evaluation.items.size()},
                        {"failed", evaluation.failures.size()},
                        {"failures", evaluation.failures},
                        {"gate", gate_json(evaluation)},
                        {"policies", policies_json(evaluation, settings)},
                        {"full_policy", name(evaluation.full_policy)},
                        {"threshold_accuracy", threshold_accuracy(evaluation)},
                        {"flips", flips_json(evaluation)},
                        {"steps", steps_json(scored)},
                        {"risk_coverage", risk_coverage_json(scored)},
                        {"savings_curve", savings_curve(scored)},
                        {"reliability", reliability_json(scored, settings)},
                        {"methods", methods_json(scored, settings)},
                        {"ablation", ablation_json(evaluation, scored, gate_of(evaluation).settings.top_k, settings)},
                        {"drift", drift_json(evaluation)},
                        {"details", details_json(evaluation)}};
    return report;
}

}  // namespace enough
