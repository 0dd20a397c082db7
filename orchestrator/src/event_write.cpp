#include <enough/orchestrator/event.hpp>

#include <enough/json/json_fields.hpp>
#include "event_names.hpp"

#include <utility>

// The event log's format: one object a line, {"run_id", "number", "at_ms", "type", …the fields of the type}. What is
// absent is null, so that a line tells everything its type has.

namespace enough {
namespace {

using nlohmann::json;

json write(const Usage& usage) {
    return {{"input_tokens", usage.input_tokens},
            {"cached_input_tokens", usage.cached_input_tokens},
            {"output_tokens", usage.output_tokens},
            {"reasoning_tokens", usage.reasoning_tokens},
            {"estimated", usage.estimated}};
}

json write(const EvidenceSummary& evidence) {
    json signals = json::object();
    for (const Signal signal : all_signals)
        if (const auto value = evidence.value(signal)) signals[std::string(name(signal))] = *value;
    return {{"tokens", evidence.tokens},
            {"evidence_tokens", evidence.evidence_tokens},
            {"signals", std::move(signals)},
            {"logprob_tokens", evidence.logprob_tokens},
            {"mean_covered_mass", null_or(evidence.mean_covered_mass)},
            {"min_k_effective", null_or(evidence.min_k_effective)},
            {"absent_tokens", evidence.absent_tokens},
            {"adjacent_pairs", evidence.adjacent_pairs},
            {"repeated_pairs", evidence.repeated_pairs},
            {"corrupt_tokens", evidence.corrupt_tokens},
            {"reasoning_tokens", evidence.reasoning_tokens},
            {"short_tokens", evidence.short_tokens}};
}

json write(const std::vector<ToolCall>& calls) {
    json list = json::array();
    for (const ToolCall& call : calls)
        list.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
    return list;
}

json write(const Message& message) {
    json written{{"role", named(roles, message.role)}, {"content", message.content}};
    if (!message.tool_calls.empty()) written["tool_calls"] = write(message.tool_calls);
    if (!message.tool_call_id.empty()) written["tool_call_id"] = message.tool_call_id;
    return written;
}

json write(const std::map<std::string, std::vector<ToolSpec>>& servers) {
    json written = json::object();
    for (const auto& [key, tools] : servers) {
        json& list = written[key] = json::array();
        for (const ToolSpec& tool : tools)
            list.push_back({{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
    }
    return written;
}

json write(const Answer& answer) {
    json first_token = answer.first_token ? json(answer.first_token->count()) : json(nullptr);
    json written{{"text", answer.text},
                 {"reasoning", answer.reasoning},
                 {"tool_calls", write(answer.tool_calls)},
                 {"finish_reason", named(finish_reasons, answer.finish_reason)},
                 {"usage", write(answer.usage)},
                 {"reported_output_tokens", null_or(answer.reported_output_tokens)},
                 {"model", answer.model},
                 {"fingerprint", answer.fingerprint},
                 {"logprobs_refused", answer.logprobs_refused},
                 {"latency_ms", answer.latency.count()},
                 {"first_token_ms", std::move(first_token)}};
    if (!answer.answered_by.empty()) written["answered_by"] = answer.answered_by;
    if (answer.from_cache) written["from_cache"] = true;
    if (answer.reported_reasoning_tokens) written["reported_reasoning_tokens"] = *answer.reported_reasoning_tokens;
    return written;
}

json write(const Judgement& judgement) {
    return {{"verdict", name(judgement.verdict)},
            {"reason", judgement.reason},
            {"value", null_or(judgement.value)},
            {"threshold", null_or(judgement.threshold)},
            {"coverage", judgement.coverage}};
}

json write(const Sampling& sampling) {
    return {{"temperature", null_or(sampling.temperature)},
            {"top_p", null_or(sampling.top_p)},
            {"seed", null_or(sampling.seed)},
            {"max_tokens", null_or(sampling.max_tokens)},
            {"reasoning_effort", null_or(sampling.reasoning_effort)},
            {"stop", sampling.stop}};
}

json write(const RunAllowance& allowance) {
    return {{"usd", null_or(allowance.usd)}, {"tokens", null_or(allowance.tokens)}};
}

struct Write {
    json& line;

    void operator()(const RunStarted& body) {
        line["version"] = body.version;
        line["workflow"] = body.workflow;
        line["workflow_hash"] = body.workflow_hash;
        line["started"] = body.started;
        line["inputs"] = body.inputs;
        line["tools"] = write(body.tools);
        line["tools_error"] = null_or(body.tools_error);
        if (body.sampling != Sampling()) line["sampling"] = write(body.sampling);
        if (body.allowance != RunAllowance()) line["allowance"] = write(body.allowance);
        if (body.granted_calls) line["granted_calls"] = *body.granted_calls;
    }
    void operator()(const CallAnswered& body) {
        line["call"] = body.call;
        line["answer"] = write(body.answer);
        line["evidence"] = body.evidence ? write(*body.evidence) : json(nullptr);
    }
    void operator()(const CallFailed& body) {
        line["call"] = body.call;
        line["kind"] = name(body.kind);
        line["message"] = body.message;
        line["spent"] = write(body.spent);
    }
    void operator()(const CallAborted& body) {
        line["call"] = body.call;
        line["spent"] = write(body.spent);
    }
    void operator()(const TimeExpired&) {}
    void operator()(const CancelRequested&) {}
    void operator()(const AttemptRequested& body) {
        line["call"] = body.call;
        line["kind"] = named(attempt_kinds, body.kind);
        line["spent"] = write(body.spent);
        line["reason"] = body.reason;
    }
    void operator()(const ToolReturned& body) {
        line["use"] = body.use;
        line["content"] = body.result.content;
        line["is_error"] = body.result.is_error;
    }
    void operator()(const ApprovalGiven& body) {
        line["approval"] = body.approval;
        line["approved"] = body.approved;
        line["by"] = body.by;
        line["comment"] = body.comment;
    }
    void operator()(const TimerFired& body) { line["timer"] = body.timer; }
    void operator()(const CallsGranted& body) { line["calls"] = body.calls; }
    void operator()(const CallsEnded& body) { line["reason"] = body.reason; }
    void operator()(const StepStarted& body) { line["step"] = body.step; }
    void operator()(const CallRequested& body) {
        line["call"] = body.call;
        line["step"] = body.step;
        line["agent"] = body.agent;
        line["model"] = body.model;
        line["rung"] = body.rung;
        line["chain_step"] = body.chain_step;
        line["chain_length"] = body.chain_length;
        line["purpose"] = name(body.purpose);
        line["member"] = null_or(body.member);
        line["messages"] = json::array();
        for (const Message& message : body.messages)
            line["messages"].push_back(write(message));
        line["sampling"] = write(body.sampling);
    }
    void operator()(const CallJudged& body) {
        line["call"] = body.call;
        line["signal"] = body.signal.empty() ? json(nullptr) : json(body.signal);
        line["judgement"] = write(body.judgement);
        line["answer"] = null_or(body.answer);
    }
    void operator()(const CallGivenUp& body) {
        line["call"] = body.call;
        line["reason"] = body.reason;
    }
    void operator()(const AttemptDecided& body) {
        line["call"] = body.call;
        line["granted"] = body.granted;
        line["reason"] = body.reason;
    }
    void operator()(const CallContinued& body) {
        line["call"] = body.call;
        line["reason"] = body.reason;
    }
    void operator()(const CallSetAside& body) {
        line["call"] = body.call;
        line["reason"] = body.reason;
    }
    void operator()(const BallotCast& body) {
        line["call"] = body.call;
        line["answer"] = null_or(body.answer);
        line["reason"] = body.reason;
    }
    void operator()(const PanelDecided& body) {
        line["step"] = body.step;
        line["rung"] = body.rung;
        line["round"] = body.round;
        line["reason"] = body.reason;
        line["chosen"] = null_or(body.chosen);
        line["answer"] = null_or(body.answer);
        line["answers"] = body.answers;
        line["share"] = body.share;
        line["posterior"] = body.posterior;
        line["judgement"] = write(body.judgement);
        line["signal"] = body.signal.empty() ? json(nullptr) : json(body.signal);
    }
    void operator()(const ToolRequested& body) {
        line["use"] = body.use;
        line["call"] = body.call;
        line["server"] = body.server;
        line["tool"] = body.tool;
        line["arguments"] = body.arguments;
    }
    void operator()(const ApprovalRequested& body) {
        line["approval"] = body.approval;
        line["step"] = body.step;
        line["message"] = body.message;
    }
    void operator()(const StepRetried& body) {
        line["step"] = body.step;
        line["attempt"] = body.attempt;
        line["reason"] = body.reason;
    }
    void operator()(const TimerSet& body) {
        line["timer"] = body.timer;
        line["step"] = body.step;
        line["until_ms"] = body.until.count();
    }
    void operator()(const StepFinished& body) {
        line["step"] = body.step;
        line["status"] = name(body.status);
        line["answer"] = null_or(body.answer);
        line["reason"] = body.reason;
    }
    void operator()(const RunFinished& body) {
        line["status"] = name(body.status);
        line["output"] = null_or(body.output);
        line["error"] = null_or(body.error);
    }
};

}  // namespace

json to_json(const Event& event) {
    json line{{"run_id", event.run_id},
              {"number", event.number},
              {"at_ms", event.at.count()},
              {"type", type_name(event.body)}};
    std::visit(Write{line}, event.body);
    return line;
}

}  // namespace enough
