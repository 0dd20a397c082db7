#include <enough/orchestrator/telemetry.hpp>

#include "telemetry/otlp_exporter.hpp"
#include "telemetry/traced_run.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace enough {

/// The last 56 bits are random in every trace id (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag), so that
/// all who look at them with the same share take the same traces.
bool TraceSampler::samples(const std::string& trace_id, const std::optional<TraceContext>& parent) const {
    if (parent_based && parent) return parent->sampled();
    constexpr std::size_t digits = 14;
    std::uint64_t value = 0;
    const char* end = trace_id.data() + trace_id.size();
    std::from_chars(end - std::min(digits, trace_id.size()), end, value, 16);
    // As whole numbers: 56 bits are more than a double holds.
    return value < static_cast<std::uint64_t>(std::ldexp(ratio, 56));
}

struct Tracing::State {
    State(asio::any_io_executor executor, TraceSettings settings, std::function<void(std::string)> complain)
        : exporter(std::move(executor), std::move(settings), std::move(complain)) {}

    OtlpExporter exporter;
};

Tracing::Tracing(asio::any_io_executor executor, TraceSettings settings, std::function<void(std::string)> complain)
    : state_(std::make_unique<State>(std::move(executor), std::move(settings), std::move(complain))) {}

Tracing::~Tracing() = default;

RunTrace Tracing::begin(const std::string& run_id, const std::optional<TraceContext>& parent) const {
    const RunTrace trace = own_trace(run_id, parent, true);
    const bool sampled = state_->exporter.settings().sampler.samples(trace.context.trace_id, parent);
    return sampled ? trace : own_trace(run_id, parent, false);
}

std::unique_ptr<EventSink> Tracing::follow(const ObservedRun& run) {
    if (!run.trace || !run.trace->own || !run.trace->context.sampled()) return nullptr;
    return std::make_unique<TracedRun>(run, state_->exporter.settings().content, state_->exporter);
}

Task<void> Tracing::serve() {
    co_await state_->exporter.serve();
}

void Tracing::finish() {
    state_->exporter.finish();
}

Tracing::Counts Tracing::counts() const {
    return state_->exporter.counts();
}

}  // namespace enough
