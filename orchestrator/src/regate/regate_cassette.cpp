#include <enough/orchestrator/regate.hpp>

#include "evaluation/item_run.hpp"
#include "evaluation/variants.hpp"

#include <enough/agents/replay.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

/// The first rung of the agent that has a gate.
Subject gated_rung(const Workflow& workflow, const std::string& agent) {
    for (std::size_t step = 0; step < workflow.steps.size(); ++step) {
        const auto* ladder = std::get_if<Ladder>(&workflow.steps[step].body);
        for (std::size_t rung = 0; ladder && rung < ladder->rungs.size(); ++rung) {
            const auto* each = std::get_if<AgentRung>(&ladder->rungs[rung]);
            if (each && each->gate && (agent.empty() || each->agent == agent)) return {step, rung, 1};
        }
    }
    throw std::invalid_argument(agent.empty() ? "the workflow has no gate"
                                              : fmt::format("the workflow has no gate on agent '{}'", agent));
}

std::shared_ptr<const Workflow> changed(const Workflow& workflow, const Subject& subject, const GateChange& change) {
    Workflow copy = workflow;
    auto& rung = std::get<AgentRung>(std::get<Ladder>(copy.steps.at(subject.step).body).rungs.at(subject.rung));
    // Thresholds of several steps are there to be judged by.
    if (rung.refine && change.accept.size() > 1) rung.refine->until = RefineUntil::accept;
    Gate& gate = *rung.gate;
    gate.signal = change.signal.value_or(gate.signal);
    gate.accept = change.accept;
    if (change.escalate) gate.escalate = change.escalate;
    gate.missing = change.missing.value_or(gate.missing);
    gate.settings.top_k = change.top_k.value_or(gate.settings.top_k);
    if (change.calibration) gate.calibration = change.calibration;
    gate.stop_early = StopEarly::off;
    return std::make_shared<const Workflow>(std::move(copy));
}

Agents replaying(const Workflow& workflow, const std::shared_ptr<const Tape>& tape) {
    Agents agents;
    for (const auto& [key, model] : models_in(workflow))
        agents.emplace(key, make_replaying(key, tape));
    return agents;
}

/// The first call that is on no tape; what came after it is not what would have come.
std::string miss_of(const ItemRun& run) {
    for (const WitnessedCall& call : run.calls)
        if (!call.answer && call.failure.starts_with("no recording fits"))
            return fmt::format("would ask '{}' for step {} of rung {}, which is not recorded", call.request.agent,
                               call.request.chain_step, call.request.rung);
    return {};
}

/// A call that was cut while it was recorded says nothing to a gate that would have let it go on.
std::string undecidable(const ItemRun& run, const Subject& subject) {
    const std::string& step = run.state.workflow->steps.at(subject.step).id;
    for (const WitnessedCall& call : run.calls) {
        if (call.request.step != step || call.request.rung != subject.rung || !call.answer || !call.judgement) continue;
        if (call.answer->finish_reason == FinishReason::stopped_early && !call.judgement->value)
            return fmt::format("step {} is {}", call.request.chain_step, call.judgement->reason);
    }
    return {};
}

RegateSide side_of(const ItemRun& run, const Subject& subject, const DataItem& item,
                   const std::optional<Grader>& grader) {
    RegateSide side;
    const std::string& step = run.state.workflow->steps.at(subject.step).id;
    for (const WitnessedCall& call : run.calls) {
        if (call.request.step != step || call.request.rung != subject.rung || !call.judgement) continue;
        side.verdict = call.judgement->verdict;
        side.reason = call.judgement->reason;
        side.chain_step = call.request.chain_step;
    }
    if (const auto chosen = run.state.steps().at(subject.step).chosen) side.answer = run.state.call(*chosen).answer;
    const Usage& used = run.state.budget().used();
    side.input_tokens = used.input_tokens;
    side.output_tokens = used.output_tokens;
    side.usd = run.state.budget().used_usd();
    if (grader && !item.expected.is_null()) side.right = (*grader)(item.expected, side.answer);
    return side;
}

}  // namespace

Task<std::vector<RegatedRun>> regate_cassette(std::shared_ptr<const Workflow> workflow,
                                              std::shared_ptr<const Tape> tape, std::vector<DataItem> items,
                                              GateChange change, std::optional<Grader> grader) {
    if (change.accept.empty()) throw std::invalid_argument("the changed gate has no threshold");
    const Subject subject = gated_rung(*workflow, change.agent);
    const SignalSettings measured = rung_of(*workflow, subject).gate->settings;
    const auto other = changed(*workflow, subject, change);
    std::vector<RegatedRun> result;
    for (const DataItem& item : items) {
        Task<ItemRun> running = run_item(workflow, replaying(*workflow, tape), item.inputs, measured, {});
        const ItemRun before = co_await std::move(running);
        if (!miss_of(before).empty()) continue;
        Task<ItemRun> running_anew = run_item(other, replaying(*workflow, tape), item.inputs, measured, {});
        const ItemRun after = co_await std::move(running_anew);
        RegatedRun regated{item.id.dump(),
                           workflow->steps.at(subject.step).id,
                           rung_of(*workflow, subject).agent,
                           side_of(before, subject, item, grader),
                           {},
                           miss_of(after)};
        if (regated.unknown.empty()) regated.unknown = undecidable(after, subject);
        if (regated.unknown.empty()) regated.after = side_of(after, subject, item, grader);
        result.push_back(std::move(regated));
    }
    if (result.empty()) throw std::invalid_argument("the cassette holds the calls of no item");
    co_return result;
}

}  // namespace enough
