#pragma once

#include <enough/agents/settings.hpp>
#include <enough/async/task.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/trace_context.hpp>
#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// A run, for those who watch all of them.
struct ObservedRun {
    std::string id;
    std::shared_ptr<const Workflow> workflow;
    std::optional<RunTrace> trace;
    std::string key;  ///< name of the key it was asked for with; empty: none
};

/// Watches every run of a server: metrics, traces, logs. All on one strand.
class RunObserver {
public:
    virtual ~RunObserver() = default;

    /// What is told everything about one run, from its beginning; it goes when the run has ended, and before the
    /// observer. Null: the run is of no interest.
    virtual std::unique_ptr<EventSink> follow(const ObservedRun& run) = 0;
};

/// Which runs have their spans sent.
struct TraceSampler {
    bool parent_based = true;  ///< a run with a parent is sampled as that is
    double ratio = 1;          ///< share of the others, told by their trace ids

    /// `trace_id`: 32 hexadecimal digits.
    bool samples(const std::string& trace_id, const std::optional<TraceContext>& parent) const;
};

/// Where spans go and how. The defaults are OpenTelemetry's.
struct TraceSettings {
    std::string url;                                      ///< spans are posted there as OTLP/HTTP, in JSON
    std::vector<std::pair<std::string, Secret>> headers;  ///< sent besides our own
    std::chrono::milliseconds timeout{10'000};            ///< of one post
    std::string service = "enough";
    std::vector<std::pair<std::string, std::string>> resource;  ///< attributes besides the service's name
    TraceSampler sampler;
    bool content = false;                    ///< prompts and answers are sent, too
    std::size_t queue = 2'048;               ///< spans that wait to be sent; further ones are dropped
    std::size_t batch = 512;                 ///< most spans in one post
    std::chrono::milliseconds delay{5'000};  ///< longest wait of a span before it is sent
};

/// What the standard variables `OTEL_…` say (docs/observability.md lists them); `base_url`, where it is not empty,
/// takes the place of `OTEL_EXPORTER_OTLP_ENDPOINT`. Absent: nobody wants spans. Throws `std::invalid_argument`, naming
/// the variable but not a header's value, for what can't be used.
std::optional<TraceSettings> trace_settings(const Environment& environment, const std::string& base_url = {});

/// Makes spans of runs (docs/observability.md) and sends them. Never blocks or fails a run: what can't be sent is
/// dropped and counted.
class Tracing final : public RunObserver {
public:
    /// `complain` is told, in a sentence without secrets, when spans can't be sent, once until it works again.
    Tracing(asio::any_io_executor executor, TraceSettings settings,
            std::function<void(std::string)> complain = nullptr);
    ~Tracing() override;

    /// The trace of a run about to start, asked for by the span `parent`.
    RunTrace begin(const std::string& run_id, const std::optional<TraceContext>& parent) const;

    std::unique_ptr<EventSink> follow(const ObservedRun& run) override;

    /// Sends spans until `finish` is called and the rest is sent, or could not be.
    Task<void> serve();
    void finish();

    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t dropped = 0;  ///< the queue was full
        std::uint64_t failed = 0;   ///< could not be sent
    };
    Counts counts() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

enum class LogFormat { off, text, json };
enum class LogLevel { debug, info, warning, error };

struct LogSettings {
    LogFormat format = LogFormat::off;
    LogLevel level = LogLevel::info;  ///< lines below are left out
};

}  // namespace enough
