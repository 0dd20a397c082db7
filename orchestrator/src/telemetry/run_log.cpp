#include "telemetry/run_log.hpp"

#include "telemetry/call_book.hpp"

#include <variant>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_reason = 300;

LogLevel level_of(Status status) {
    return status == Status::failed || status == Status::over_budget ? LogLevel::warning : LogLevel::info;
}

class LoggedRun final : public EventSink {
public:
    LoggedRun(Log& log, const ObservedRun& run) : log_(log), run_(run), book_(*run.workflow) {}

    void on(const Event& event) override {
        if (const auto ended = book_.on(event)) {
            ++calls_;
            used_ += ended->used;
            usd_ += ended->usd;
        }
        if (const auto* finished = std::get_if<RunFinished>(&event.body)) tell(*finished, event.at);
    }

private:
    void tell(const RunFinished& finished, RunTime at) {
        Json fields{{"run_id", run_.id}, {"workflow", run_.workflow->name}, {"status", name(finished.status)}};
        fields["duration_ms"] = at.count();
        fields["calls"] = calls_;
        fields["input_tokens"] = used_.input_tokens;
        fields["output_tokens"] = used_.output_tokens;
        fields["usd"] = usd_;
        if (finished.error) fields["reason"] = finished.error->substr(0, longest_reason);
        if (!run_.key.empty()) fields["key"] = run_.key;
        if (run_.trace) fields["trace_id"] = run_.trace->context.trace_id;
        log_.line(level_of(finished.status), "run", fields);
    }

    Log& log_;
    ObservedRun run_;
    CallBook book_;
    Usage used_;
    double usd_ = 0;
    int calls_ = 0;
};

}  // namespace

std::unique_ptr<EventSink> RunLog::follow(const ObservedRun& run) {
    return std::make_unique<LoggedRun>(log_, run);
}

}  // namespace enough
