#include <enough/orchestrator/report.hpp>

#include "event_names.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json null_or(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json milliseconds(const std::optional<RunTime>& time) {
    return time ? ordered_json(time->count()) : ordered_json(nullptr);
}

ordered_json call_usage(const Usage& usage) {
    ordered_json json{{"input_tokens", usage.input_tokens},
                      {"cached_input_tokens", usage.cached_input_tokens},
                      {"output_tokens", usage.output_tokens}};
    if (usage.reasoning_tokens > 0) json["reasoning_tokens"] = usage.reasoning_tokens;
    if (usage.estimated) json["estimated"] = true;
    return json;
}

ordered_json call_report(const CallRecord& call) {
    ordered_json signals = ordered_json::object();
    if (!call.signal.empty())
        signals[call.signal] = call.judgement ? null_or(call.judgement->value) : ordered_json(nullptr);
    ordered_json json{{"agent", call.agent},
                      {"model", call.model},
                      {"rung", call.rung},
                      {"step", call.chain_step},
                      {"verdict", call.judgement ? ordered_json(name(call.judgement->verdict)) : ordered_json(nullptr)},
                      {"reason", call.reason.empty() && call.in_flight ? "in flight" : call.reason},
                      {"signals", std::move(signals)},
                      {"threshold", call.judgement ? null_or(call.judgement->threshold) : ordered_json(nullptr)},
                      {"coverage", call.judgement ? call.judgement->coverage : 0.0},
                      {"finish_reason",
                       call.answered ? ordered_json(named(finish_reasons, call.finish_reason)) : ordered_json(nullptr)},
                      {"stopped_early", call.stopped_early()},
                      {"answer", null_or(call.answer)},
                      {"usage", call_usage(call.usage)},
                      {"usd", call.usd},
                      {"latency_ms", milliseconds(call.latency)},
                      {"first_token_ms", milliseconds(call.first_token)}};
    if (call.member) json["member"] = *call.member;
    if (call.purpose != CallPurpose::answer) json["purpose"] = name(call.purpose);
    if (call.attempts > 1) json["attempts"] = call.attempts;
    if (!call.answered_by.empty()) json["answered_by"] = call.answered_by;
    if (call.cached) json["cached"] = true;
    if (call.wasted) json["wasted"] = true;
    return json;
}

ordered_json round_report(const PanelState::Round& round) {
    ordered_json answers = ordered_json::array();
    for (const auto& answer : round.answers)
        answers.push_back(null_or(answer));
    return {{"leader", null_or(round.leader)},
            {"share", round.share},
            {"agreement", round.posterior},
            {"answers", std::move(answers)}};
}

ordered_json panel_report(const PanelOutcome& panel) {
    const PanelDecided& decided = panel.decided;
    ordered_json answers = ordered_json::array();
    for (const PanelOutcome::Answer& each : panel.answers)
        answers.push_back({{"answer", null_or(each.answer)}, {"share", each.share}, {"weight", each.weight}});
    ordered_json json{{"rung", panel.rung},
                      {"aggregate", name(panel.aggregate)},
                      {"verdict", name(decided.judgement.verdict)},
                      {"reason", decided.reason + "; " + decided.judgement.reason},
                      {"answer", null_or(decided.answer)},
                      {"answers", std::move(answers)},
                      {"share", decided.share},
                      {"agreement", decided.posterior},
                      {"posterior", decided.posterior},
                      {"threshold", null_or(decided.judgement.threshold)}};
    if (panel.rounds.size() < 2) return json;
    for (const PanelState::Round& round : panel.rounds)
        json["rounds"].push_back(round_report(round));
    return json;
}

ordered_json frame_steps(const RunState& state, FrameId id);

/// A pass, a case or a sub-workflow.
ordered_json frame_report(const RunState& state, FrameId id) {
    const Frame& frame = state.frames.at(id);
    return {{"status", name(frame.status)},
            {"output", null_or(frame.output)},
            {"error", null_or(frame.error)},
            {"steps", frame_steps(state, id)}};
}

ordered_json step_report(const RunState& state, Place place) {
    const StepState& step = state.step(place);
    ordered_json calls = ordered_json::array();
    for (const CallId id : step.calls)
        calls.push_back(call_report(state.call(id)));
    ordered_json json{{"status", name(step.status)},
                      {"agent", null_or(step.agent)},
                      {"text", null_or(step.text)},
                      {"answer", null_or(step.answer)},
                      {"error", step.error.empty() ? ordered_json(nullptr) : ordered_json(step.error)}};
    if (step.attempt > 1) json["attempts"] = step.attempt;
    if (!step.panels.empty()) json["panel"] = panel_report(step.panels.back());
    if (step.panels.size() > 1)
        for (const PanelOutcome& panel : step.panels)
            json["panels"].push_back(panel_report(panel));
    const StepBody& body = state.definition(place).body;
    const bool passes = std::holds_alternative<ForEach>(body) || std::holds_alternative<Loop>(body);
    if (passes) {
        auto& list = json[std::holds_alternative<Loop>(body) ? "passes" : "items"] = ordered_json::array();
        for (const FrameId frame : step.frames)
            list.push_back(frame_report(state, frame));
    } else if (!step.frames.empty()) {
        json["steps"] = frame_steps(state, step.frames.back());
    }
    json["calls"] = std::move(calls);
    return json;
}

ordered_json frame_steps(const RunState& state, FrameId id) {
    const Frame& frame = state.frames.at(id);
    ordered_json steps = ordered_json::object();
    for (std::size_t i = 0; i < frame.steps.size(); ++i)
        steps[frame.definitions->at(i).id] = step_report(state, {id, i});
    return steps;
}

}  // namespace

ordered_json report(const RunState& state) {
    ordered_json usage{{"calls", state.budget().calls()}};
    usage.update(call_usage(state.budget().used()));
    usage["usd"] = state.budget().used_usd();
    if (state.wasted_calls > 0) {
        usage["wasted"] = {{"calls", state.wasted_calls}};
        usage["wasted"].update(call_usage(state.wasted));
        usage["wasted"]["usd"] = state.wasted_usd;
    }
    return {{"run_id", state.run_id},          {"workflow", state.workflow->name}, {"status", name(state.status)},
            {"output", null_or(state.output)}, {"steps", frame_steps(state, 0)},   {"usage", std::move(usage)},
            {"started", state.started},        {"elapsed_ms", state.now.count()},  {"error", null_or(state.error)}};
}

int exit_code(Status status) {
    switch (status) {
        case Status::accepted:
            return 0;
        case Status::unresolved:
            return 3;
        case Status::over_budget:
            return 4;
        case Status::cancelled:
            return 130;
        case Status::queued:
        case Status::running:
        case Status::skipped:
        case Status::failed:
            return 1;
    }
    return 1;
}

}  // namespace enough
