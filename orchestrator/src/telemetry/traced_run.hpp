#pragma once

#include "telemetry/call_book.hpp"
#include "telemetry/span.hpp"

#include <enough/orchestrator/telemetry.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace enough {

/// Makes the spans of one run:
///
///     invoke_workflow NAME
///       invoke_agent AGENT      one agent at work on one rung of a step: a chain, a panel's member, a judge
///         chat MODEL            a call, all attempts of it
///         execute_tool TOOL
///
/// An agent's spans go out when its step has ended and nothing of it is in flight, the run's with its end.
class TracedRun final : public EventSink {
public:
    /// `sink` must outlive it.
    TracedRun(const ObservedRun& run, bool with_content, SpanSink& sink);
    ~TracedRun() override;

    void on(const Event& event) override;

private:
    /// Step, rung, agent, purpose, member (-1: none).
    using AgentKey = std::tuple<std::string, std::size_t, std::string, int, std::int64_t>;
    struct Invocation {
        Span span;
        std::map<CallId, Span> calls;
        Usage usage;
        std::size_t in_flight = 0;  ///< calls and tools
        bool over = false;          ///< its step has ended
    };
    struct ToolSpan {
        AgentKey agent;
        Span span;
    };
    struct Told;  ///< what each event means

    std::chrono::system_clock::time_point time(RunTime at) const;
    Span child(const std::string& parent, std::string_view kind, std::uint32_t number, std::string name,
               RunTime at) const;
    Invocation& invocation(const CallRequested& event, RunTime at);
    Span* call_span(CallId call);
    Invocation* invocation_of(CallId call);
    void end_call(const EndedCall& call, RunTime at);
    void end_work(AgentKey key, RunTime at);
    void step_over(const std::string& step);
    void flush(AgentKey key);
    void flush_all();

    ObservedRun run_;
    RunTrace trace_;
    bool with_content_;
    SpanSink& sink_;
    std::map<std::string, const Model*> models_;
    CallBook book_;
    std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
    bool begun_ = false;
    Span root_;
    Usage usage_;
    std::map<CallId, AgentKey> calls_;  ///< whose they are, until their spans have gone out
    std::map<AgentKey, Invocation> invocations_;
    std::map<ToolUseId, ToolSpan> tools_;
};

}  // namespace enough
