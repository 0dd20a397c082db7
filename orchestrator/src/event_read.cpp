#include <enough/orchestrator/event.hpp>

#include <enough/json/json_fields.hpp>
#include "event_names.hpp"

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

FailureKind failure_named(const std::string& text) {
    for (int i = 0; i <= static_cast<int>(FailureKind::script_ended); ++i)
        if (name(static_cast<FailureKind>(i)) == text) return static_cast<FailureKind>(i);
    throw std::invalid_argument("unknown failure '" + text.substr(0, 40) + "'");
}

Usage read_usage(const JsonFields& fields) {
    return {.input_tokens = fields.get<std::int64_t>("input_tokens"),
            .cached_input_tokens = fields.get<std::int64_t>("cached_input_tokens"),
            .output_tokens = fields.get<std::int64_t>("output_tokens"),
            .reasoning_tokens = fields.get<std::int64_t>("reasoning_tokens"),
            .estimated = fields.get<bool>("estimated")};
}

EvidenceSummary read_evidence(const JsonFields& fields) {
    EvidenceSummary evidence;
    const JsonFields signals = fields.object("signals");
    const auto signal = [&](Signal which) { return signals.optional<double>(std::string(name(which)).c_str()); };
    evidence.tokens = fields.get<std::size_t>("tokens");
    evidence.evidence_tokens = fields.get<std::size_t>("evidence_tokens");
    evidence.entropy_mean = signal(Signal::entropy_mean);
    evidence.entropy_max = signal(Signal::entropy_max);
    evidence.entropy_tail = signal(Signal::entropy_tail);
    evidence.confidence_mean = signal(Signal::confidence_mean);
    evidence.confidence_tail = signal(Signal::confidence_tail);
    evidence.confidence_lowest_group = signal(Signal::confidence_lowest_group);
    evidence.confidence_bottom10 = signal(Signal::confidence_bottom10);
    evidence.logprob_mean = signal(Signal::logprob_mean);
    evidence.logprob_tokens = fields.get<std::size_t>("logprob_tokens");
    evidence.mean_covered_mass = fields.optional<double>("mean_covered_mass");
    evidence.min_k_effective = fields.optional<int>("min_k_effective");
    evidence.absent_tokens = fields.get<std::size_t>("absent_tokens");
    evidence.adjacent_pairs = fields.get<std::size_t>("adjacent_pairs");
    evidence.repeated_pairs = fields.get<std::size_t>("repeated_pairs");
    evidence.corrupt_tokens = fields.get<std::size_t>("corrupt_tokens");
    // Logs from before there were pins don't tell.
    evidence.reasoning_tokens = fields.optional<std::size_t>("reasoning_tokens").value_or(0);
    evidence.short_tokens = fields.optional<std::size_t>("short_tokens").value_or(0);
    return evidence;
}

std::vector<ToolCall> read_tool_calls(const JsonFields& fields) {
    std::vector<ToolCall> calls;
    if (!fields.has("tool_calls")) return calls;
    for (const JsonFields& call : fields.list("tool_calls"))
        calls.push_back(
            {call.get<std::string>("id"), call.get<std::string>("name"), call.get<std::string>("arguments")});
    return calls;
}

Message read_message(const JsonFields& fields) {
    return {value_named(roles, fields.get<std::string>("role"), "role"), fields.get<std::string>("content"),
            read_tool_calls(fields), fields.optional<std::string>("tool_call_id").value_or("")};
}

std::map<std::string, std::vector<ToolSpec>> read_tools(const JsonFields& servers) {
    std::map<std::string, std::vector<ToolSpec>> tools;
    for (const auto& [key, unused] : servers.json().items())
        for (const JsonFields& tool : servers.list(key.c_str()))
            tools[key].push_back({tool.get<std::string>("name"), tool.get<std::string>("description"),
                                  tool.get<std::string>("parameters")});
    return tools;
}

Answer read_answer(const JsonFields& fields) {
    Answer answer;
    answer.text = fields.get<std::string>("text");
    answer.reasoning = fields.get<std::string>("reasoning");
    answer.tool_calls = read_tool_calls(fields);
    answer.finish_reason = value_named(finish_reasons, fields.get<std::string>("finish_reason"), "finish_reason");
    answer.usage = read_usage(fields.object("usage"));
    answer.reported_output_tokens = fields.optional<std::int64_t>("reported_output_tokens");
    answer.reported_reasoning_tokens = fields.optional<std::int64_t>("reported_reasoning_tokens");
    answer.answered_by = fields.optional<std::string>("answered_by").value_or("");
    answer.from_cache = fields.optional<bool>("from_cache").value_or(false);
    answer.model = fields.get<std::string>("model");
    answer.fingerprint = fields.get<std::string>("fingerprint");
    answer.logprobs_refused = fields.get<bool>("logprobs_refused");
    answer.latency = RunTime{fields.get<double>("latency_ms")};
    if (const auto first = fields.optional<double>("first_token_ms")) answer.first_token = RunTime{*first};
    return answer;
}

Judgement read_judgement(const JsonFields& fields) {
    const auto verdict = verdict_named(fields.get<std::string>("verdict"));
    if (!verdict) throw std::invalid_argument("unknown verdict");
    return {.verdict = *verdict,
            .reason = fields.get<std::string>("reason"),
            .value = fields.optional<double>("value"),
            .threshold = fields.optional<double>("threshold"),
            .coverage = fields.get<double>("coverage")};
}

Status read_status(const JsonFields& fields) {
    const auto status = status_named(fields.get<std::string>("status"));
    if (!status) throw std::invalid_argument("unknown status");
    return *status;
}

Sampling read_sampling(const JsonFields& fields) {
    return {.temperature = fields.optional<double>("temperature"),
            .top_p = fields.optional<double>("top_p"),
            .seed = fields.optional<std::uint64_t>("seed"),
            .max_tokens = fields.optional<std::int64_t>("max_tokens"),
            .stop = fields.get<std::vector<std::string>>("stop"),
            .reasoning_effort = fields.optional<std::string>("reasoning_effort")};
}

CallPurpose read_purpose(const JsonFields& fields) {
    const auto purpose = call_purpose_named(fields.get<std::string>("purpose"));
    if (!purpose) throw std::invalid_argument("unknown purpose");
    return *purpose;
}

EventBody read_call_requested(const JsonFields& f) {
    CallRequested body{.call = f.get<CallId>("call"),
                       .step = f.get<std::string>("step"),
                       .agent = f.get<std::string>("agent"),
                       .model = f.get<std::string>("model"),
                       .rung = f.get<std::size_t>("rung"),
                       .chain_step = f.get<int>("chain_step"),
                       .chain_length = f.get<int>("chain_length"),
                       .purpose = read_purpose(f),
                       .member = f.optional<std::size_t>("member"),
                       .messages = {},
                       .sampling = read_sampling(f.object("sampling"))};
    for (const JsonFields& message : f.list("messages"))
        body.messages.push_back(read_message(message));
    return body;
}

EventBody read_run_started(const JsonFields& f) {
    RunStarted body{.version = f.get<int>("version"),
                    .workflow = f.get<std::string>("workflow"),
                    .workflow_hash = f.get<std::string>("workflow_hash"),
                    .started = f.get<std::string>("started"),
                    .inputs = f.object("inputs").json(),
                    .tools = read_tools(f.object("tools")),
                    .tools_error = f.optional<std::string>("tools_error")};
    if (f.has("sampling")) body.sampling = read_sampling(f.object("sampling"));
    if (f.has("allowance")) {
        const JsonFields allowance = f.object("allowance");
        body.allowance = {allowance.optional<double>("usd"), allowance.optional<std::int64_t>("tokens")};
    }
    body.granted_calls = f.optional<int>("granted_calls");
    if (body.version != RunStarted::current_version)
        throw std::invalid_argument("event format version " + std::to_string(body.version) + "; this program reads " +
                                    std::to_string(RunStarted::current_version));
    return body;
}

EventBody read_call_answered(const JsonFields& f) {
    CallAnswered body{.call = f.get<CallId>("call"), .answer = read_answer(f.object("answer")), .evidence = {}};
    if (f.has("evidence")) body.evidence = read_evidence(f.object("evidence"));
    return body;
}

EventBody read_attempt_requested(const JsonFields& f) {
    return AttemptRequested{f.get<CallId>("call"), value_named(attempt_kinds, f.get<std::string>("kind"), "kind"),
                            read_usage(f.object("spent")), f.get<std::string>("reason")};
}

EventBody read_panel_decided(const JsonFields& f) {
    return PanelDecided{.step = f.get<std::string>("step"),
                        .rung = f.get<std::size_t>("rung"),
                        .round = f.get<int>("round"),
                        .reason = f.get<std::string>("reason"),
                        .chosen = f.optional<CallId>("chosen"),
                        .answer = f.optional<std::string>("answer"),
                        .answers = f.get<std::size_t>("answers"),
                        .share = f.get<double>("share"),
                        .posterior = f.get<double>("posterior"),
                        .judgement = read_judgement(f.object("judgement")),
                        .signal = f.optional<std::string>("signal").value_or("")};
}

using Reader = EventBody (*)(const JsonFields&);
const std::pair<std::string_view, Reader> readers[] = {
    {"run_started", read_run_started},
    {"call_answered", read_call_answered},
    {"call_failed",
     [](const JsonFields& f) -> EventBody {
         return CallFailed{f.get<CallId>("call"), failure_named(f.get<std::string>("kind")),
                           f.get<std::string>("message"), read_usage(f.object("spent"))};
     }},
    {"call_aborted",
     [](const JsonFields& f) -> EventBody {
         return CallAborted{f.get<CallId>("call"), read_usage(f.object("spent"))};
     }},
    {"time_expired", [](const JsonFields&) -> EventBody { return TimeExpired{}; }},
    {"cancel_requested", [](const JsonFields&) -> EventBody { return CancelRequested{}; }},
    {"attempt_requested", read_attempt_requested},
    {"tool_returned",
     [](const JsonFields& f) -> EventBody {
         return ToolReturned{f.get<ToolUseId>("use"), {f.get<std::string>("content"), f.get<bool>("is_error")}};
     }},
    {"approval_given",
     [](const JsonFields& f) -> EventBody {
         return ApprovalGiven{f.get<ApprovalId>("approval"), f.get<bool>("approved"), f.get<std::string>("by"),
                              f.get<std::string>("comment")};
     }},
    {"timer_fired", [](const JsonFields& f) -> EventBody { return TimerFired{f.get<TimerId>("timer")}; }},
    {"calls_granted", [](const JsonFields& f) -> EventBody { return CallsGranted{f.get<int>("calls")}; }},
    {"calls_ended", [](const JsonFields& f) -> EventBody { return CallsEnded{f.get<std::string>("reason")}; }},
    {"attempt_decided",
     [](const JsonFields& f) -> EventBody {
         return AttemptDecided{f.get<CallId>("call"), f.get<bool>("granted"), f.get<std::string>("reason")};
     }},
    {"call_continued",
     [](const JsonFields& f) -> EventBody {
         return CallContinued{f.get<CallId>("call"), f.get<std::string>("reason")};
     }},
    {"call_set_aside",
     [](const JsonFields& f) -> EventBody {
         return CallSetAside{f.get<CallId>("call"), f.get<std::string>("reason")};
     }},
    {"ballot_cast",
     [](const JsonFields& f) -> EventBody {
         return BallotCast{f.get<CallId>("call"), f.optional<std::string>("answer"), f.get<std::string>("reason")};
     }},
    {"panel_decided", read_panel_decided},
    {"tool_requested",
     [](const JsonFields& f) -> EventBody {
         return ToolRequested{f.get<ToolUseId>("use"), f.get<CallId>("call"), f.get<std::string>("server"),
                              f.get<std::string>("tool"), f.get<std::string>("arguments")};
     }},
    {"approval_requested",
     [](const JsonFields& f) -> EventBody {
         return ApprovalRequested{f.get<ApprovalId>("approval"), f.get<std::string>("step"),
                                  f.get<std::string>("message")};
     }},
    {"step_retried",
     [](const JsonFields& f) -> EventBody {
         return StepRetried{f.get<std::string>("step"), f.get<int>("attempt"), f.get<std::string>("reason")};
     }},
    {"timer_set",
     [](const JsonFields& f) -> EventBody {
         return TimerSet{f.get<TimerId>("timer"), f.get<std::string>("step"), RunTime{f.get<double>("until_ms")}};
     }},
    {"step_started", [](const JsonFields& f) -> EventBody { return StepStarted{f.get<std::string>("step")}; }},
    {"call_requested", read_call_requested},
    {"call_judged",
     [](const JsonFields& f) -> EventBody {
         return CallJudged{f.get<CallId>("call"), read_judgement(f.object("judgement")),
                           f.optional<std::string>("signal").value_or(""), f.optional<std::string>("answer")};
     }},
    {"call_given_up",
     [](const JsonFields& f) -> EventBody { return CallGivenUp{f.get<CallId>("call"), f.get<std::string>("reason")}; }},
    {"step_finished",
     [](const JsonFields& f) -> EventBody {
         return StepFinished{f.get<std::string>("step"), read_status(f), f.optional<std::string>("answer"),
                             f.get<std::string>("reason")};
     }},
    {"run_finished",
     [](const JsonFields& f) -> EventBody {
         return RunFinished{read_status(f), f.optional<std::string>("output"), f.optional<std::string>("error")};
     }},
};

}  // namespace

Event event_from_json(const json& line) {
    const JsonFields fields(line);
    const std::string type = fields.get<std::string>("type");
    for (const auto& [known, read] : readers)
        if (known == type)
            return {fields.get<std::string>("run_id"), fields.get<std::uint64_t>("number"),
                    RunTime{fields.get<double>("at_ms")}, read(fields)};
    throw std::invalid_argument("unknown event type '" + type.substr(0, 40) + "'");
}

}  // namespace enough
