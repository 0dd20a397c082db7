#include <enough/policies/calibration_file.hpp>

#include <enough/json/json_fields.hpp>

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::optional<double>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json or_null(const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json write(const std::optional<Interval>& interval) {
    if (!interval) return nullptr;
    return {{"low", interval->low}, {"high", interval->high}};
}

ordered_json write(const Estimate& estimate) {
    ordered_json json{{"value", estimate.value}, {"low", nullptr}, {"high", nullptr}};
    if (estimate.interval) {
        json["low"] = estimate.interval->low;
        json["high"] = estimate.interval->high;
    }
    return json;
}

ordered_json write(const std::optional<Estimate>& estimate) {
    return estimate ? write(*estimate) : ordered_json(nullptr);
}

ordered_json write(const Moments& moments) {
    return {{"n", moments.n}, {"mean", or_null(moments.mean)}, {"sd", or_null(moments.sd)}};
}

ordered_json write(const StopBoundary& boundary, const BoundaryOutcome& outcome) {
    ordered_json above = ordered_json::array();
    for (const auto& each : boundary.above)
        above.push_back(or_null(each));
    return {{"delta", boundary.delta},    {"threshold", boundary.threshold}, {"above", std::move(above)},
            {"stopped", outcome.stopped}, {"wrong", outcome.wrong},          {"tokens_saved", outcome.tokens_saved},
            {"tokens", outcome.tokens}};
}

/// What every threshold has.
ordered_json write(const CalibratedThreshold& threshold) {
    ordered_json json{{"value", or_null(threshold.value)}, {"low", nullptr}, {"high", nullptr}};
    if (threshold.interval) {
        json["low"] = threshold.interval->low;
        json["high"] = threshold.interval->high;
    }
    json["reason"] = or_null(threshold.reason);
    return json;
}

ordered_json write(Method method, const CalibratedThreshold& threshold, const CalibrationSettings& settings) {
    ordered_json json = write(threshold);
    json["accepts_correct"] = threshold.accepts_correct;
    json["accepts_correct_interval"] = write(threshold.accepts_correct_interval);
    json["accepts_incorrect"] = threshold.accepts_incorrect;
    json["accepts_incorrect_interval"] = write(threshold.accepts_incorrect_interval);
    json["savings"] = threshold.savings;
    json["accuracy_change"] = write(threshold.accuracy_change);
    json["accepted"] = threshold.accepted;
    if (method == Method::bayes) {
        json["kind"] = threshold.bayes_kind ? ordered_json(name(*threshold.bayes_kind)) : ordered_json(nullptr);
        json["fallback"] = threshold.bayes_kind == BayesKind::sigma_weighted_midpoint;
    }
    if (!controls_risk(method)) return json;
    json["lost"] = threshold.lost;
    json["loss"] = name(settings.loss);
    json["epsilon"] = settings.target.epsilon;
    if (method != Method::crc) json["delta"] = settings.target.delta;
    if (threshold.min_accepted) json["min_accepted"] = *threshold.min_accepted;
    return json;
}

ordered_json write(const CalibratedThreshold& escalate, double next_gain) {
    ordered_json json = write(escalate);
    json["spares"] = escalate.savings;
    json["accuracy_change"] = escalate.accuracy_change.value;
    json["next_gain"] = next_gain;
    return json;
}

ordered_json write(const MethodThresholds& thresholds, const CalibrationSettings& settings) {
    ordered_json json = ordered_json::object();
    for (const auto& [method, threshold] : thresholds)
        json[std::string(name(method))] = write(method, threshold, settings);
    return json;
}

ordered_json boundaries(const StepCalibration& step) {
    ordered_json json = ordered_json::object();
    for (const auto& [method, threshold] : step.thresholds)
        if (threshold.boundary)
            json[std::string(name(method))] = write(*threshold.boundary, threshold.boundary_outcome);
    if (step.escalate && step.escalate->boundary)
        json["escalate"] = write(*step.escalate->boundary, step.escalate->boundary_outcome);
    return json;
}

ordered_json write(const FittedCalibration& fitted, const CalibrationSettings& settings) {
    ordered_json json{{"verdict", name(fitted.verdict)},
                      {"reasons", fitted.reasons},
                      {"features", fitted.model.features},
                      {"mean", fitted.model.mean},
                      {"scale", fitted.model.scale},
                      {"weights", fitted.model.weights},
                      {"intercept", fitted.model.intercept},
                      {"penalty", fitted.model.penalty},
                      {"folds", fitted.folds},
                      {"auroc", write(fitted.auroc)},
                      {"signal_auroc", write(fitted.signal_auroc)},
                      {"better", fitted.better},
                      {"thresholds", write(fitted.thresholds, settings)}};
    if (fitted.escalate) json["thresholds"]["escalate"] = write(*fitted.escalate, settings.next_gain);
    return json;
}

void write_statistics(ordered_json& json, const ScoreStatistics& seen) {
    json["correct"] = write(seen.correct);
    json["incorrect"] = write(seen.incorrect);
    json["cohens_d"] = nullptr;
    json["hedges_g"] = nullptr;
    json["hedges_g_interval"] = nullptr;
    if (seen.effect) {
        json["cohens_d"] = write(Estimate{seen.effect->cohens_d, Interval{seen.effect->low, seen.effect->high}});
        json["hedges_g"] = seen.effect->hedges_g;
        json["hedges_g_interval"] = write(Interval{seen.effect->hedges_low, seen.effect->hedges_high});
    }
    json["welch"] = nullptr;
    if (seen.welch) json["welch"] = {{"t", seen.welch->t}, {"df", seen.welch->df}, {"p", seen.welch->p}};
    json["mann_whitney_p"] = or_null(seen.mann_whitney_p);
    json["auroc"] = write(seen.auroc);
    json["length_auroc"] = write(seen.length_auroc);
    json["residual_auroc"] = write(seen.residual_auroc);
}

ordered_json write(const StepCalibration& step, const CalibrationSettings& settings) {
    ordered_json json{{"step", step.step}, {"verdict", name(step.verdict)}, {"reasons", step.reasons}};
    write_statistics(json, step.statistics);
    json["truncated"] = step.truncated;
    json["missing"] = step.missing;
    json["coverage"] = step.coverage;
    json["thresholds"] = write(step.thresholds, settings);
    if (step.escalate) json["thresholds"]["escalate"] = write(*step.escalate, settings.next_gain);
    json["boundary"] = boundaries(step);
    json["fitted"] = step.fitted ? write(*step.fitted, settings) : ordered_json(nullptr);
    return json;
}

}  // namespace

ordered_json to_json(const ObservedChain& chain, std::string_view signal) {
    ordered_json steps = ordered_json::array();
    const char* key = signal == "entropy.mean" ? "entropy" : "score";
    for (const ObservedStep& step : chain.steps) {
        ordered_json json{{key, or_null(step.score)},          {"tokens", step.output_tokens},
                          {"input_tokens", step.input_tokens}, {"correct", step.correct},
                          {"truncated", step.truncated},       {"acceptable", step.acceptable},
                          {"coverage", step.coverage},         {"running", step.running}};
        if (!step.features.empty()) json["features"] = step.features;
        steps.push_back(std::move(json));
    }
    // The id is JSON text: data files may have numbers for ids.
    auto id = ordered_json::parse(chain.id, nullptr, false);
    return {{"id", id.is_discarded() ? ordered_json(chain.id) : std::move(id)}, {"steps", std::move(steps)}};
}

ordered_json to_json(const Calibration& calibration) {
    const CalibrationKey& key = calibration.key;
    const CalibrationSettings& settings = calibration.settings;
    ordered_json json{{"version", Calibration::current_version},
                      {"model", or_null(key.model)},
                      {"provider", or_null(key.provider)},
                      {"served_model", or_null(key.served_model)},
                      {"fingerprint", or_null(key.fingerprint)},
                      {"signal", key.signal},
                      {"scope", key.scope},
                      {"top_k", key.top_k},
                      {"temperature", or_null(key.temperature)},
                      {"prompt_hash", or_null(key.prompt_hash)},
                      {"settings", key.settings},
                      {"created", calibration.created},
                      {"seed", settings.bootstrap.seed},
                      {"replicates", settings.bootstrap.replicates},
                      {"priors", settings.priors == Priors::equal ? "equal" : "class_frequency"},
                      {"folds", settings.folds},
                      {"loss", name(settings.loss)},
                      {"epsilon", settings.target.epsilon},
                      {"delta", settings.target.delta},
                      {"stop_delta", settings.stop_delta},
                      {"steps", ordered_json::array()},
                      {"items", ordered_json::array()}};
    for (const StepCalibration& step : calibration.steps)
        json["steps"].push_back(write(step, settings));
    for (const ObservedChain& chain : calibration.items)
        json["items"].push_back(to_json(chain, key.signal));
    return json;
}

}  // namespace enough
