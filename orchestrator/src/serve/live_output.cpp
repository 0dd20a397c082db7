#include "serve/live_output.hpp"

#include <variant>

namespace enough {
namespace {

/// The step whose answer the output is, spelt in one of the usual ways; null if it is anything else.
const Step* step_shown(const Workflow& workflow) {
    const auto expression = workflow.output.only_expression();
    if (!expression) return nullptr;
    std::string text = expression->text();
    std::erase(text, ' ');
    for (const Step& step : workflow.steps) {
        const std::string answer = "steps." + step.id + ".answer";
        const std::string whole = "steps." + step.id + ".text";
        if (text == answer || text == whole || text == "coalesce(" + answer + "," + whole + ")") return &step;
    }
    return nullptr;
}

/// Its first words are its last: nothing gates, refines, repairs or repeats it, and nothing is taken out of it.
bool final_at_once(const Workflow& workflow, const AgentRung& rung) {
    const AgentRole& agent = workflow.agents.at(rung.agent);
    return !rung.gate && !rung.refine && !agent.schema && agent.tools.empty() &&
           agent.answer.kind() == ExtractKind::text;
}

}  // namespace

std::optional<LiveOutput> live_output(const Workflow& workflow) {
    const Step* step = step_shown(workflow);
    if (!step || step->attempts > 1 || step->on_error != OnError::fail) return std::nullopt;
    const auto* ladder = std::get_if<Ladder>(&step->body);
    if (!ladder) return std::nullopt;
    const auto* rung = std::get_if<AgentRung>(&ladder->rungs.back());
    if (!rung || !final_at_once(workflow, *rung)) return std::nullopt;
    return LiveOutput{step->id, ladder->rungs.size() - 1};
}

}  // namespace enough
