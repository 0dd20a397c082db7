#include "telemetry/run_metrics.hpp"

#include "telemetry/metered_run.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

const std::vector<double> seconds_of_calls{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320};
const std::vector<double> seconds_of_runs{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600};
const std::vector<double> bits{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6};

Metric& counter(MetricRegistry& registry, const char* name, const char* help, std::vector<std::string> labels) {
    return registry.add({.kind = MetricKind::counter, .name = name, .help = help, .labels = std::move(labels)});
}

Metric& gauge(MetricRegistry& registry, const char* name, const char* help, std::vector<std::string> labels) {
    return registry.add({.kind = MetricKind::gauge, .name = name, .help = help, .labels = std::move(labels)});
}

Metric& histogram(MetricRegistry& registry, const char* name, const char* help, std::vector<std::string> labels,
                  const std::vector<double>& bounds) {
    return registry.add(
        {.kind = MetricKind::histogram, .name = name, .help = help, .labels = std::move(labels), .bounds = bounds});
}

}  // namespace

RunMetrics::RunMetrics(MetricRegistry& registry)
    : runs_(counter(registry, "enough_runs_total", "Runs that have ended.", {"workflow", "status"})),
      runs_in_flight_(gauge(registry, "enough_runs_in_flight", "Runs that have not ended.", {"workflow"})),
      run_seconds_(
          histogram(registry, "enough_run_duration_seconds", "How long runs took.", {"workflow"}, seconds_of_runs)),
      calls_(
          counter(registry, "enough_calls_total", "Calls of models that have ended.", {"model", "agent", "outcome"})),
      call_failures_(
          counter(registry, "enough_call_failures_total", "Calls that failed, by what went wrong.", {"model", "kind"})),
      calls_in_flight_(gauge(registry, "enough_calls_in_flight", "Calls of models that have not ended.", {"model"})),
      call_seconds_(histogram(registry, "enough_call_duration_seconds",
                              "How long answered calls took, waiting for limits and failed attempts included.",
                              {"model"}, seconds_of_calls)),
      first_token_seconds_(histogram(registry, "enough_call_first_token_seconds",
                                     "From the request being sent to the first token.", {"model"}, seconds_of_calls)),
      tokens_(counter(registry, "enough_tokens_total", "Tokens used; input includes cached, output reasoning tokens.",
                      {"model", "type"})),
      cached_tokens_(
          counter(registry, "enough_cached_input_tokens_total", "Input tokens that the server had cached.", {"model"})),
      reasoning_tokens_(
          counter(registry, "enough_reasoning_tokens_total", "Output tokens that were reasoning.", {"model"})),
      spend_(counter(registry, "enough_spend_usd_total", "What the tokens cost by the workflows' prices, in USD.",
                     {"model"})),
      wasted_tokens_(counter(registry, "enough_wasted_tokens_total",
                             "Input and output tokens of calls that were aborted or that nobody needed in the end.",
                             {"model"})),
      attempts_(counter(registry, "enough_extra_attempts_total",
                        "Requests beyond a call's first: retries, hedges and fallbacks, granted or refused.",
                        {"model", "kind", "decision"})),
      verdicts_(
          counter(registry, "enough_verdicts_total", "Answers judged, by verdict.", {"model", "agent", "verdict"})),
      panels_(counter(registry, "enough_panel_verdicts_total", "Panels decided, by verdict.", {"workflow", "verdict"})),
      entropy_(histogram(registry, "enough_entropy_bits",
                         "Mean token entropy of answers whose evidence was measured, in bits.", {"model"}, bits)),
      evidence_(counter(registry, "enough_gated_answers_total",
                        "Answers that a gate judged, by whether its signal could be had.", {"model", "evidence"})),
      tools_(counter(registry, "enough_tool_calls_total", "Calls of tools that have returned.",
                     {"server", "tool", "outcome"})),
      drift_distance_(
          gauge(registry, "enough_drift_distance",
                "Kolmogorov-Smirnov distance between a gate's latest scores and those it was calibrated on.",
                {"workflow", "step", "rung"})),
      drift_p_(gauge(registry, "enough_drift_p_value", "The p-value of that distance.", {"workflow", "step", "rung"})),
      drift_alarm_(gauge(registry, "enough_drift_alarm", "1 where the p-value is below 0.01: calibrate anew.",
                         {"workflow", "step", "rung"})),
      drift_scores_(gauge(registry, "enough_drift_scores", "Latest scores that are compared; at least 30 are needed.",
                          {"workflow", "step", "rung"})),
      accepted_share_(gauge(registry, "enough_drift_accepted_share", "Share of the latest scores that pass the gate.",
                            {"workflow", "step", "rung"})),
      calibrated_share_(gauge(registry, "enough_drift_calibration_share",
                              "Share of the calibration's scores that pass the gate.", {"workflow", "step", "rung"})) {
    registry.before_text([this] { show_drift(); });
}

std::unique_ptr<EventSink> RunMetrics::follow(const ObservedRun& run) {
    return std::make_unique<MeteredRun>(*this, run.workflow);
}

GateDrift& RunMetrics::drift_of(const std::string& workflow, const GatePlace& place, const Gate& gate) {
    const std::pair key(workflow, place);
    const auto known = drifts_.find(key);
    if (known != drifts_.end() && known->second.is_of(gate)) return known->second;
    return drifts_.insert_or_assign(key, GateDrift(gate)).first->second;
}

void RunMetrics::show_drift() {
    for (Metric* metric :
         {&drift_distance_, &drift_p_, &drift_alarm_, &drift_scores_, &accepted_share_, &calibrated_share_})
        metric->clear();
    for (const auto& [key, compared] : drifts_) {
        const LabelValues labels{key.first, key.second.first, fmt::to_string(key.second.second)};
        drift_scores_.set(labels, static_cast<double>(compared.scores()));
        const auto drift = compared.drift();
        if (!drift) continue;
        drift_distance_.set(labels, drift->distance);
        drift_p_.set(labels, drift->p);
        drift_alarm_.set(labels, drift->alarm ? 1 : 0);
        accepted_share_.set(labels, drift->share_accepted);
        calibrated_share_.set(labels, drift->calibration_share);
    }
}

}  // namespace enough
