#pragma once

#include "telemetry/metrics.hpp"

namespace enough {

/// What Prometheus expects of every process (`process_…`), read from /proc when it is asked for, and the build.
/// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void add_process_metrics(MetricRegistry& registry);

}  // namespace enough
