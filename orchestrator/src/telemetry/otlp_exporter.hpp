#pragma once

#include "bell.hpp"
#include "telemetry/span.hpp"

#include <enough/net/http_client.hpp>
#include <enough/orchestrator/telemetry.hpp>

#include <deque>
#include <functional>
#include <string>

namespace enough {

/// Sends spans in batches to one collector. Spans wait in a bounded queue; what can't be sent after some attempts is
/// given up. All on one strand.
class OtlpExporter final : public SpanSink {
public:
    OtlpExporter(asio::any_io_executor executor, TraceSettings settings, std::function<void(std::string)> complain);

    void take(Span span) override;

    /// Until `finish` has been called and the rest is sent, or its time is over: that of one post.
    Task<void> serve();
    void finish();

    const Tracing::Counts& counts() const { return counts_; }
    const TraceSettings& settings() const { return settings_; }

private:
    /// What became of a post: sent, or why not and whether to try again after a while.
    struct Outcome {
        std::string fault;  ///< empty: it was taken
        bool again = false;
        std::chrono::milliseconds wait{0};
        std::uint64_t rejected = 0;  ///< spans of a post that was taken
    };

    Task<void> send_batch();
    Task<Outcome> post(std::string body);
    void settle(const Outcome& outcome, std::uint64_t spans);

    asio::any_io_executor executor_;
    TraceSettings settings_;
    std::function<void(std::string)> complain_;
    HttpClient client_;
    Bell bell_;
    std::deque<Span> queue_;
    Tracing::Counts counts_;
    bool finishing_ = false;
    Deadline end_;  ///< of all posts, once it finishes
    bool complained_ = false;
};

/// Of a collector's answer: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes.
bool worth_another_attempt(int status);

}  // namespace enough
