#include <enough/orchestrator/call_by_call.hpp>

#include "engine/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace enough {
namespace {

bool hedges(const Model& model) {
    if (const ServerSettings* server = server_settings(model.provider)) return server->hedge.has_value();
    const auto* scripted = std::get_if<ScriptedSettings>(&model.provider);
    return scripted && scripted->hedge;
}

/// The model's name, or that of a fallback, which asks twice at once; empty: none does.
std::string hedging(const Workflow& workflow, const std::string& name) {
    const Model& model = workflow.models.at(name);
    if (hedges(model)) return name;
    for (const std::string& fallback : model.fallback)
        if (hedges(workflow.models.at(fallback))) return fallback;
    return {};
}

std::optional<std::string> why_not(const Workflow& workflow, const Rung& rung) {
    const auto* agent = std::get_if<AgentRung>(&rung);
    if (!agent) return "has a panel, whose members answer at the same time";
    if (agent->judge) return fmt::format("has its answers judged by agent '{}'", agent->judge->agent);
    const AgentRole& role = workflow.agents.at(agent->agent);
    if (!role.tools.empty()) return fmt::format("has tools, of agent '{}'", agent->agent);
    if (const std::string model = hedging(workflow, role.model); !model.empty())
        return fmt::format("hedges requests to model '{}'", model);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> why_not_call_by_call(const Workflow& workflow) {
    std::optional<std::string> why;
    const auto* ladder = std::get_if<Ladder>(&workflow.steps.front().body);
    if (workflow.steps.size() != 1 || !ladder)
        why = "has other steps than a single one with agents";
    else
        for (std::size_t i = 0; i < ladder->rungs.size() && !why; ++i)
            why = why_not(workflow, ladder->rungs[i]);
    if (!why) return std::nullopt;
    return fmt::format(
        "workflow '{}' can't be granted its calls one by one: it {}; that takes one step whose agents "
        "answer one after the other",
        workflow.name, *why);
}

bool awaits_call(const RunState& state) {
    if (state.frames.empty() || state.ending != Status::running) return false;
    return std::ranges::any_of(state.steps(), [](const StepState& step) { return step.ladder.awaited.has_value(); });
}

bool is_granted(Fold& fold, const CallOrder& order, std::vector<Message>& messages) {
    const RunState& run = fold.state;
    if (run.calls_ended) {
        if (fold.ladder_state(order.place).answers.empty())
            finish_step(fold, order.place, Status::failed, fmt::format("there is no answer, and {}", *run.calls_ended));
        else
            exhausted(fold, order.place, *run.calls_ended);
        return false;
    }
    if (!run.granted_calls || std::cmp_less(run.calls.size(), *run.granted_calls)) return true;
    fold.ladder_state(order.place).awaited = AwaitedCall{order.agent,  order.chain_step, order.chain_length,
                                                         order.signal, order.evidence,   std::move(messages)};
    return false;
}

namespace {

/// Makes the call that waits, if one does.
void make_awaited(Fold& fold) {
    for (std::size_t i = 0; i < fold.state.steps().size(); ++i) {
        const Place place{0, i};
        if (!fold.ladder_state(place).awaited) continue;
        AwaitedCall awaited = std::move(*fold.ladder_state(place).awaited);
        fold.ladder_state(place).awaited.reset();
        CallOrder order{.place = place, .agent = std::move(awaited.agent)};
        order.chain_step = awaited.chain_step;
        order.chain_length = awaited.chain_length;
        order.signal = std::move(awaited.signal);
        order.evidence = awaited.evidence;
        ask(fold, order, std::move(awaited.messages));
        return;
    }
}

}  // namespace

void on_calls_granted(Fold& fold, int calls) {
    auto& granted = fold.state.granted_calls;
    if (!granted || calls <= *granted) return;
    granted = calls;
    make_awaited(fold);
}

void on_calls_ended(Fold& fold, const std::string& reason) {
    if (!fold.state.granted_calls) return;
    fold.state.calls_ended = reason;
    make_awaited(fold);
}

}  // namespace enough
