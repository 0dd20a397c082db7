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
    return {{"agent", call.agent},
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
}

ordered_json step_report(const RunState& state, const StepState& step) {
    const CallRecord* chosen = step.chosen ? &state.call(*step.chosen) : nullptr;
    ordered_json calls = ordered_json::array();
    for (const CallId id : step.calls)
        calls.push_back(call_report(state.call(id)));
    return {{"status", name(step.status)},
            {"agent", chosen ? ordered_json(chosen->agent) : ordered_json(nullptr)},
            {"text", chosen ? ordered_json(chosen->text) : ordered_json(nullptr)},
            {"answer", chosen ? null_or(chosen->answer) : ordered_json(nullptr)},
            {"error", step.error.empty() ? ordered_json(nullptr) : ordered_json(step.error)},
            {"calls", std::move(calls)}};
}

}  // namespace

ordered_json report(const RunState& state) {
    ordered_json steps = ordered_json::object();
    for (std::size_t i = 0; i < state.steps.size(); ++i)
        steps[state.workflow->steps[i].id] = step_report(state, state.steps[i]);
    const Usage& used = state.budget.used();
    ordered_json usage{{"calls", state.budget.calls()}};
    usage.update(call_usage(used));
    usage["usd"] = state.budget.used_usd();
    return {{"run_id", state.run_id},          {"workflow", state.workflow->name}, {"status", name(state.status)},
            {"output", null_or(state.output)}, {"steps", std::move(steps)},        {"usage", std::move(usage)},
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
