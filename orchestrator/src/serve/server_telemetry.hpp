#pragma once

#include "serve/runs.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/run_log.hpp"
#include "telemetry/run_metrics.hpp"

#include <enough/async/task_group.hpp>
#include <enough/orchestrator/server.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace enough {

/// A server's metrics, traces and logs.
class ServerTelemetry {
public:
    ServerTelemetry(asio::any_io_executor executor, const ServeSettings& settings);

    /// Has every run to come watched.
    void watch(Runs& runs);

    /// `count`: open connections, looked at when somebody reads the metrics.
    void watch_connections(std::function<std::size_t()> count);

    /// `store` (null: there is none) must outlive it.
    void watch_store(const RunStore* store);

    MetricRegistry& metrics() { return metrics_; }
    Log& log() { return log_; }
    bool traced() const { return tracing_.has_value(); }

    /// Sends spans from here on …
    void start();
    /// … and what is left of them, within the time for one post.
    Task<void> finish();

private:
    ServeSettings settings_;
    Log log_;
    MetricRegistry metrics_;
    RunMetrics run_metrics_;
    RunLog run_log_;
    std::optional<Tracing> tracing_;
    TaskGroup sending_;
};

}  // namespace enough
