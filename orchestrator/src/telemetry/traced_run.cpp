#include "telemetry/traced_run.hpp"

#include "event_names.hpp"
#include "telemetry/called_model.hpp"
#include "telemetry/content_json.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace enough {
namespace {

constexpr std::size_t longest_message = 300;

std::string brief(const std::string& text) {
    return text.size() <= longest_message ? text : text.substr(0, longest_message) + " …";
}

void set_usage(Span& span, const Usage& usage) {
    span.set("gen_ai.usage.input_tokens", usage.input_tokens);
    span.set("gen_ai.usage.output_tokens", usage.output_tokens);
    if (usage.cached_input_tokens > 0) span.set("gen_ai.usage.cache_read.input_tokens", usage.cached_input_tokens);
    if (usage.reasoning_tokens > 0) span.set("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens);
}

void set_sampling(Span& span, const Sampling& sampling) {
    span.set_if("gen_ai.request.temperature", sampling.temperature);
    span.set_if("gen_ai.request.top_p", sampling.top_p);
    span.set_if("gen_ai.request.max_tokens", sampling.max_tokens);
    if (sampling.seed) span.set("gen_ai.request.seed", static_cast<std::int64_t>(*sampling.seed));
    if (!sampling.stop.empty()) span.set("gen_ai.request.stop_sequences", sampling.stop);
}

void set_place(Span& span, const CallRequested& event) {
    span.set("enough.step", event.step);
    span.set("enough.rung", static_cast<std::int64_t>(event.rung));
    if (event.member) span.set("enough.member", static_cast<std::int64_t>(*event.member));
    if (event.purpose != CallPurpose::answer) span.set("enough.purpose", std::string(name(event.purpose)));
}

void set_judgement(Attributes& attributes, const Judgement& judgement, const std::string& signal) {
    attributes.emplace_back("enough.verdict", std::string(name(judgement.verdict)));
    attributes.emplace_back("enough.reason", brief(judgement.reason));
    if (!signal.empty()) attributes.emplace_back("enough.signal", signal);
    if (judgement.value) attributes.emplace_back("enough.signal_value", *judgement.value);
    if (judgement.threshold) attributes.emplace_back("enough.threshold", *judgement.threshold);
    if (!signal.empty()) attributes.emplace_back("enough.coverage", judgement.coverage);
}

void fail(Span& span, std::string type, const std::string& message) {
    span.set("error.type", std::move(type));
    span.error = brief(message);
}

}  // namespace

struct TracedRun::Told {
    TracedRun& run;
    RunTime at;
    const std::optional<EndedCall>& ended;  ///< with this event

    void operator()(const CallRequested& event) const {
        Invocation& agent = run.invocation(event, at);
        ++agent.in_flight;
        Span span = run.child(agent.span.id, "call", event.call, "", at);
        span.kind = SpanKind::client;
        span.set("gen_ai.operation.name", std::string("chat"));
        std::string asked = event.model;
        if (const auto model = run.models_.find(event.model); model != run.models_.end()) {
            for (auto& attribute : model_attributes(*model->second)) {
                if (attribute.first == "gen_ai.request.model") asked = std::get<std::string>(attribute.second);
                span.attributes.push_back(std::move(attribute));
            }
        }
        span.name = "chat " + asked;
        set_sampling(span, event.sampling);
        span.set("gen_ai.agent.name", event.agent);
        span.set("enough.model", event.model);
        span.set("enough.call", std::int64_t{event.call});
        set_place(span, event);
        span.set("enough.chain_step", std::int64_t{event.chain_step});
        if (run.with_content_) span.set("gen_ai.input.messages", input_messages_json(event.messages));
        agent.calls.emplace(event.call, std::move(span));
    }

    void operator()(const CallAnswered& event) const {
        Span* span = run.call_span(event.call);
        if (!span || !ended) return;
        const Answer& answer = event.answer;
        const std::string finish(named(finish_reasons, answer.finish_reason));
        if (!answer.model.empty()) span->set("gen_ai.response.model", answer.model);
        span->set("gen_ai.response.finish_reasons", std::vector<std::string>(1, finish));
        if (answer.first_token) span->set("gen_ai.response.time_to_first_chunk", answer.first_token->count() / 1'000);
        if (answer.from_cache) span->set("enough.cached", true);
        if (!answer.answered_by.empty()) span->set("enough.answered_by", answer.answered_by);
        if (event.evidence) span->set_if("enough.entropy_mean", event.evidence->entropy_mean);
        if (run.with_content_) span->set("gen_ai.output.messages", output_messages_json(answer, finish));
        run.end_call(*ended, at);
    }

    void operator()(const CallFailed& event) const {
        Span* span = run.call_span(event.call);
        if (!span || !ended) return;
        fail(*span, std::string(name(event.kind)), event.message);
        run.end_call(*ended, at);
    }

    void operator()(const CallAborted& event) const {
        Span* span = run.call_span(event.call);
        if (!span || !ended) return;
        span->set("enough.aborted", true);
        run.end_call(*ended, at);
    }

    void operator()(const CallSetAside& event) const {
        if (Span* span = run.call_span(event.call)) span->set("enough.wasted", true);
    }

    void operator()(const AttemptDecided& event) const {
        Span* span = run.call_span(event.call);
        const auto* call = run.book_.open(event.call);
        if (!span || !call) return;
        SpanEvent told{run.time(at), "enough.attempt", {}};
        told.attributes.emplace_back("enough.kind", std::string(named(attempt_kinds, call->asked_for)));
        told.attributes.emplace_back("enough.granted", event.granted);
        span->events.push_back(std::move(told));
    }

    void operator()(const CallJudged& event) const {
        if (Span* span = run.call_span(event.call)) set_judgement(span->attributes, event.judgement, event.signal);
    }

    void operator()(const PanelDecided& event) const {
        SpanEvent told{run.time(at), "enough.panel", {}};
        told.attributes.emplace_back("enough.step", event.step);
        told.attributes.emplace_back("enough.rung", static_cast<std::int64_t>(event.rung));
        told.attributes.emplace_back("enough.answers", static_cast<std::int64_t>(event.answers));
        told.attributes.emplace_back("enough.share", event.share);
        set_judgement(told.attributes, event.judgement, event.signal);
        run.root_.events.push_back(std::move(told));
    }

    void operator()(const ToolRequested& event) const {
        Invocation* agent = run.invocation_of(event.call);
        if (!agent) return;
        Span span = run.child(agent->span.id, "tool", event.use, "execute_tool " + event.tool, at);
        span.set("gen_ai.operation.name", std::string("execute_tool"));
        span.set("gen_ai.tool.name", event.tool);
        span.set("gen_ai.tool.type", std::string("function"));
        span.set("enough.tool_server", event.server);
        if (run.with_content_) span.set("gen_ai.tool.call.arguments", event.arguments.substr(0, longest_content));
        if (event.server.empty()) {
            fail(span, "unknown_tool", "no server offers this tool");
            return run.sink_.take(std::move(span));
        }
        ++agent->in_flight;
        run.tools_.insert_or_assign(event.use, ToolSpan{run.calls_.at(event.call), std::move(span)});
    }

    void operator()(const ToolReturned& event) const {
        const auto known = run.tools_.find(event.use);
        if (known == run.tools_.end()) return;
        ToolSpan tool = std::move(known->second);
        run.tools_.erase(known);
        tool.span.end = run.time(at);
        if (event.result.is_error) fail(tool.span, "tool_error", "the tool says that it failed");
        if (run.with_content_)
            tool.span.set("gen_ai.tool.call.result", event.result.content.substr(0, longest_content));
        run.sink_.take(std::move(tool.span));
        run.end_work(tool.agent, at);
    }

    void operator()(const ApprovalRequested& event) const { approval("enough.approval_requested", event.step); }
    void operator()(const ApprovalGiven& event) const {
        approval("enough.approval_given", "");
        run.root_.events.back().attributes.emplace_back("enough.approved", event.approved);
    }
    void approval(std::string what, const std::string& step) const {
        SpanEvent told{run.time(at), std::move(what), {}};
        if (!step.empty()) told.attributes.emplace_back("enough.step", step);
        run.root_.events.push_back(std::move(told));
    }

    void operator()(const StepRetried& event) const { run.step_over(event.step); }
    void operator()(const StepFinished& event) const { run.step_over(event.step); }

    void operator()(const RunFinished& event) const {
        run.flush_all();
        Span root = std::move(run.root_);
        root.end = run.time(at);
        set_usage(root, run.usage_);
        root.set("enough.status", std::string(name(event.status)));
        const bool bad = event.status == Status::failed || event.status == Status::over_budget;
        if (bad) fail(root, std::string(name(event.status)), event.error.value_or(""));
        run.sink_.take(std::move(root));
    }

    template <class Other>
    void operator()(const Other&) const {}
};

TracedRun::TracedRun(const ObservedRun& run, bool with_content, SpanSink& sink)
    : run_(run),
      trace_(run.trace.value_or(own_trace(run.id, std::nullopt, true))),
      with_content_(with_content),
      sink_(sink),
      models_(models_in(*run.workflow)),
      book_(*run.workflow) {
    root_ = child(trace_.parent_span, "run", 0, "invoke_workflow " + run.workflow->name, RunTime{});
    root_.remote_parent = !trace_.parent_span.empty();
    root_.set("gen_ai.operation.name", std::string("invoke_workflow"));
    root_.set("gen_ai.workflow.name", run.workflow->name);
    root_.set("enough.run_id", run.id);
    root_.set("enough.workflow_hash", run.workflow->hash);
}

TracedRun::~TracedRun() = default;

void TracedRun::on(const Event& event) {
    if (!begun_) {  // by the clock of a run that goes on after an interruption, too
        begun_ = true;
        began_ = std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::nanoseconds>(event.at);
        root_.start = began_;
    }
    const auto ended = book_.on(event);
    std::visit(Told{*this, event.at, ended}, event.body);
}

std::chrono::system_clock::time_point TracedRun::time(RunTime at) const {
    return began_ + std::chrono::duration_cast<std::chrono::nanoseconds>(at);
}

Span TracedRun::child(const std::string& parent, std::string_view kind, std::uint32_t number, std::string name,
                      RunTime at) const {
    Span span;
    span.trace_id = trace_.context.trace_id;
    span.id = span_id(run_.id, kind, number);
    span.parent = parent;
    span.trace_state = trace_.context.state;
    span.trace_flags = trace_.context.flags;
    span.name = std::move(name);
    span.start = span.end = time(at);
    return span;
}

TracedRun::Invocation& TracedRun::invocation(const CallRequested& event, RunTime at) {
    const std::int64_t member = event.member ? static_cast<std::int64_t>(*event.member) : -1;
    AgentKey key(event.step, event.rung, event.agent, static_cast<int>(event.purpose), member);
    calls_[event.call] = key;
    const auto [known, fresh] = invocations_.try_emplace(std::move(key));
    Invocation& agent = known->second;
    if (fresh) {
        agent.span = child(root_.id, "agent", event.call, "invoke_agent " + event.agent, at);
        agent.span.set("gen_ai.operation.name", std::string("invoke_agent"));
        agent.span.set("gen_ai.agent.name", event.agent);
        set_place(agent.span, event);
    }
    return agent;
}

Span* TracedRun::call_span(CallId call) {
    Invocation* agent = invocation_of(call);
    if (!agent) return nullptr;
    const auto span = agent->calls.find(call);
    return span == agent->calls.end() ? nullptr : &span->second;
}

TracedRun::Invocation* TracedRun::invocation_of(CallId call) {
    const auto known = calls_.find(call);
    if (known == calls_.end()) return nullptr;
    const auto agent = invocations_.find(known->second);
    return agent == invocations_.end() ? nullptr : &agent->second;
}

void TracedRun::end_call(const EndedCall& call, RunTime at) {
    const AgentKey key = calls_.at(call.call);
    Invocation& agent = invocations_.at(key);
    Span& span = agent.calls.at(call.call);
    span.end = time(at);
    set_usage(span, call.used);
    if (call.used.estimated) span.set("enough.usage_estimated", true);
    if (call.attempts > 1) span.set("enough.attempts", call.attempts);
    if (call.priced) span.set("enough.usd", call.usd);
    agent.usage += call.used;
    usage_ += call.used;
    end_work(key, at);
}

void TracedRun::end_work(AgentKey key, RunTime at) {
    const auto known = invocations_.find(key);
    if (known == invocations_.end()) return;
    Invocation& agent = known->second;
    agent.span.end = time(at);
    if (agent.in_flight > 0) --agent.in_flight;
    if (agent.over && agent.in_flight == 0) flush(std::move(key));
}

void TracedRun::step_over(const std::string& step) {
    std::vector<AgentKey> idle;
    for (auto& [key, agent] : invocations_) {
        if (std::get<0>(key) != step) continue;
        agent.over = true;
        if (agent.in_flight == 0) idle.push_back(key);
    }
    for (AgentKey& key : idle)
        flush(std::move(key));
}

void TracedRun::flush(AgentKey key) {
    Invocation agent = std::move(invocations_.extract(key).mapped());
    std::optional<std::string> failure;
    for (auto& [call, span] : agent.calls) {
        failure = span.error;
        calls_.erase(call);
        sink_.take(std::move(span));
    }
    set_usage(agent.span, agent.usage);
    if (failure) fail(agent.span, "call_failed", *failure);  // its last word
    sink_.take(std::move(agent.span));
}

/// What is still open has been left: a tool that nobody waits for.
void TracedRun::flush_all() {
    for (auto& [use, tool] : tools_)
        sink_.take(std::move(tool.span));
    tools_.clear();
    while (!invocations_.empty())
        flush(invocations_.begin()->first);
}

}  // namespace enough
