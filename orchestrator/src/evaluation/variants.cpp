#include "evaluation/variants.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace enough {
namespace {

/// Calls `visit(subject, rung)` for each agent rung until it returns true.
template <class Visit>
bool any_rung(const Workflow& workflow, const std::string& step_id, const Visit& visit) {
    bool known = step_id.empty();
    for (std::size_t step = 0; step < workflow.steps.size(); ++step) {
        if (!step_id.empty() && workflow.steps[step].id != step_id) continue;
        known = true;
        const auto* ladder = std::get_if<Ladder>(&workflow.steps[step].body);
        for (std::size_t rung = 0; ladder && rung < ladder->rungs.size(); ++rung) {
            const auto* agent = std::get_if<AgentRung>(&ladder->rungs[rung]);
            if (agent && visit(Subject{step, rung, 1}, *agent)) return true;
        }
    }
    if (!known) throw std::invalid_argument(fmt::format("the workflow has no step '{}'", step_id));
    return false;
}

std::string in_step(const std::string& step_id) {
    return step_id.empty() ? "in this workflow" : fmt::format("in step '{}'", step_id);
}

int chain_length(const AgentRung& rung, std::optional<int> steps, int without_refine) {
    return steps.value_or(rung.refine ? rung.refine->max_steps : without_refine);
}

Workflow yardstick(const Workflow& workflow) {
    Workflow copy = workflow;
    copy.limits = {};
    return copy;
}

Ladder& ladder_in(Workflow& workflow, const Subject& subject) {
    return std::get<Ladder>(workflow.steps.at(subject.step).body);
}

/// Judges everything and accepts nothing.
Gate accepting_nothing(const std::optional<Gate>& gate) {
    Gate closed = gate.value_or(Gate{});
    if (closed.signal == Signal::fitted) closed.signal = Signal::entropy_mean;
    closed.accept = {accepts_nothing(closed.signal)};
    closed.escalate.reset();
    closed.missing = OnMissing::refine;
    closed.stop_early = StopEarly::off;
    closed.calibration.reset();
    return closed;
}

void set_length(AgentRung& rung, int length) {
    Refine refine = rung.refine.value_or(Refine{});
    if (!rung.refine) refine.prompt = default_refine_prompt;
    refine.max_steps = length;
    refine.until = RefineUntil::all;
    rung.refine.reset();
    if (length > 1) rung.refine = std::move(refine);
}

void run_whole_chain(AgentRung& rung, int length) {
    rung.gate = accepting_nothing(rung.gate);
    set_length(rung, length);
}

std::shared_ptr<const Workflow> with_one_rung(const Workflow& workflow, const Subject& subject, Rung rung) {
    Workflow copy = yardstick(workflow);
    std::visit([](auto& each) { each.handover = Handover::fresh; }, rung);
    Ladder& ladder = ladder_in(copy, subject);
    ladder.rungs.assign(1, std::move(rung));
    ladder.on_exhausted = OnExhausted::last;
    return std::make_shared<const Workflow>(std::move(copy));
}

}  // namespace

Subject find_agent(const Workflow& workflow, const std::string& agent, const std::string& step_id,
                   std::optional<int> steps, int without_refine) {
    if (!workflow.agents.contains(agent)) {
        std::vector<std::string> known;
        for (const auto& [name, role] : workflow.agents)
            known.push_back(name);
        throw std::invalid_argument(fmt::format("there is no agent '{}'; there are {}", agent, fmt::join(known, ", ")));
    }
    Subject found;
    const bool used = any_rung(workflow, step_id, [&](Subject subject, const AgentRung& rung) {
        if (rung.agent != agent) return false;
        found = subject;
        found.chain_length = chain_length(rung, steps, without_refine);
        return true;
    });
    if (!used) throw std::invalid_argument(fmt::format("agent '{}' is not used {}", agent, in_step(step_id)));
    return found;
}

Subject find_gate(const Workflow& workflow, const std::string& step_id, std::optional<int> steps) {
    Subject found;
    const bool gated = any_rung(workflow, step_id, [&](Subject subject, const AgentRung& rung) {
        if (!rung.gate) return false;
        found = subject;
        found.chain_length = chain_length(rung, steps, 1);
        return true;
    });
    if (!gated) throw std::invalid_argument(fmt::format("there is no gate {}: nothing to evaluate", in_step(step_id)));
    return found;
}

const Ladder& ladder_of(const Workflow& workflow, const Subject& subject) {
    return std::get<Ladder>(workflow.steps.at(subject.step).body);
}

const AgentRung& rung_of(const Workflow& workflow, const Subject& subject) {
    return std::get<AgentRung>(ladder_of(workflow, subject).rungs.at(subject.rung));
}

std::shared_ptr<const Workflow> whole_chain(const Workflow& workflow, const Subject& subject) {
    AgentRung rung = rung_of(workflow, subject);
    run_whole_chain(rung, subject.chain_length);
    return with_one_rung(workflow, subject, std::move(rung));
}

std::shared_ptr<const Workflow> always_steps(const Workflow& workflow, const Subject& subject, int steps) {
    AgentRung rung = rung_of(workflow, subject);
    rung.gate.reset();
    set_length(rung, steps);
    return with_one_rung(workflow, subject, std::move(rung));
}

std::shared_ptr<const Workflow> full_path(const Workflow& workflow, const Subject& subject) {
    Workflow copy = yardstick(workflow);
    auto& rung = std::get<AgentRung>(ladder_in(copy, subject).rungs.at(subject.rung));
    run_whole_chain(rung, subject.chain_length);
    return std::make_shared<const Workflow>(std::move(copy));
}

std::shared_ptr<const Workflow> last_rung(const Workflow& workflow, const Subject& subject) {
    Rung rung = ladder_of(workflow, subject).rungs.back();
    std::visit([](auto& each) { each.gate.reset(); }, rung);
    if (auto* agent = std::get_if<AgentRung>(&rung)) agent->refine.reset();
    return with_one_rung(workflow, subject, std::move(rung));
}

std::shared_ptr<const Workflow> up_to_subject(const Workflow& workflow, const Subject& subject) {
    Workflow copy = workflow;
    copy.steps.resize(subject.step + 1);
    copy.output = Template::parse(
        fmt::format("{{{{ coalesce(steps.{0}.answer, steps.{0}.text) }}}}", workflow.steps.at(subject.step).id));
    return std::make_shared<const Workflow>(std::move(copy));
}

}  // namespace enough
