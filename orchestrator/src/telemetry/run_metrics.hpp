#pragma once

#include "telemetry/gate_drift.hpp"
#include "telemetry/metrics.hpp"

#include <enough/orchestrator/telemetry.hpp>

#include <map>
#include <string>
#include <utility>

namespace enough {

/// Counts what runs do: calls, tokens, money, verdicts, evidence, drift, tools, waste. docs/observability.md says what
/// each metric means.
class RunMetrics final : public RunObserver {
public:
    /// `registry` must outlive it, and is not to be read after it has gone.
    explicit RunMetrics(MetricRegistry& registry);

    std::unique_ptr<EventSink> follow(const ObservedRun& run) override;

private:
    friend class MeteredRun;

    /// The drift of a workflow's gate, begun anew where the gate has another calibration.
    GateDrift& drift_of(const std::string& workflow, const GatePlace& place, const Gate& gate);
    void show_drift();

    Metric& runs_;
    Metric& runs_in_flight_;
    Metric& run_seconds_;
    Metric& calls_;
    Metric& call_failures_;
    Metric& calls_in_flight_;
    Metric& call_seconds_;
    Metric& first_token_seconds_;
    Metric& tokens_;
    Metric& cached_tokens_;
    Metric& reasoning_tokens_;
    Metric& spend_;
    Metric& wasted_tokens_;
    Metric& attempts_;
    Metric& verdicts_;
    Metric& panels_;
    Metric& entropy_;
    Metric& evidence_;
    Metric& tools_;
    Metric& drift_distance_;
    Metric& drift_p_;
    Metric& drift_alarm_;
    Metric& drift_scores_;
    Metric& accepted_share_;
    Metric& calibrated_share_;
    std::map<std::pair<std::string, GatePlace>, GateDrift> drifts_;
};

}  // namespace enough
