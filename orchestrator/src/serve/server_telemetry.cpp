#include "serve/server_telemetry.hpp"

#include "telemetry/process_metrics.hpp"

#include <enough/async/join_by.hpp>

#include <utility>

namespace enough {
namespace {

constexpr std::chrono::milliseconds grace{500};  // beyond the last post's own time

}  // namespace

ServerTelemetry::ServerTelemetry(asio::any_io_executor executor, const ServeSettings& settings)
    : settings_(settings), log_(settings.log), run_metrics_(metrics_), run_log_(log_), sending_(executor) {
    const auto complain = [this](const std::string& what) {
        nlohmann::ordered_json fields;
        fields["reason"] = what;
        log_.line(LogLevel::warning, "traces", fields);
    };
    if (settings.traces) tracing_.emplace(executor, *settings.traces, complain);
    Metric& spans =
        metrics_.add({.kind = MetricKind::counter,
                      .name = "enough_trace_spans_total",
                      .help = "Spans sent, dropped for a full queue, or given up as they could not be sent.",
                      .labels = {"outcome"}});
    metrics_.before_text([this, &spans] {
        const Tracing::Counts counts = tracing_ ? tracing_->counts() : Tracing::Counts();
        spans.set({"sent"}, static_cast<double>(counts.sent));
        spans.set({"dropped"}, static_cast<double>(counts.dropped));
        spans.set({"failed"}, static_cast<double>(counts.failed));
    });
    add_process_metrics(metrics_);
}

void ServerTelemetry::watch(Runs& runs) {
    runs.watch(run_metrics_);
    if (settings_.log.format != LogFormat::off) runs.watch(run_log_);
    if (!tracing_) return;
    runs.watch(*tracing_);
    runs.trace_with(*tracing_);
}

void ServerTelemetry::watch_connections(std::function<std::size_t()> count) {
    Metric& open = metrics_.add({.kind = MetricKind::gauge,
                                 .name = "enough_http_connections_open",
                                 .help = "Connections of clients.",
                                 .labels = {}});
    metrics_.before_text([&open, count = std::move(count)] { open.set({}, static_cast<double>(count())); });
}

void ServerTelemetry::watch_store(const RunStore* store) {
    Metric& failing = metrics_.add({.kind = MetricKind::gauge,
                                    .name = "enough_store_failing",
                                    .help = "1 while runs can not be written to the store.",
                                    .labels = {}});
    Metric& lost = metrics_.add({.kind = MetricKind::counter,
                                 .name = "enough_store_lost_runs_total",
                                 .help = "Runs that the store does not hold because writing failed.",
                                 .labels = {}});
    metrics_.before_text([store, &failing, &lost] {
        failing.set({}, store && store->failing() ? 1 : 0);
        lost.set({}, store ? static_cast<double>(store->runs_lost()) : 0);
    });
}

void ServerTelemetry::start() {
    if (tracing_) sending_.spawn(tracing_->serve());
}

Task<void> ServerTelemetry::finish() {
    if (!tracing_) co_return;
    tracing_->finish();
    co_await join_by(sending_, Deadline::after(settings_.traces->timeout + grace));
}

}  // namespace enough
