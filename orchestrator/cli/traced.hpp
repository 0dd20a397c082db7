#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/telemetry.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>

namespace enough::cli {

/// The trace of one run, where one is wanted.
class TracedOnce {
public:
    /// Gives the run an id, a trace and a sink that makes its spans. Without settings it does nothing at all.
    TracedOnce(const std::optional<TraceSettings>& settings, std::shared_ptr<const Workflow> workflow,
               asio::any_io_executor executor, RunOptions& options);

    /// Awaits the run and sends its spans, also of one that was interrupted.
    Task<RunState> around(Task<RunState> run);

private:
    std::optional<Tracing> tracing_;
    std::unique_ptr<EventSink> sink_;
};

}  // namespace enough::cli
