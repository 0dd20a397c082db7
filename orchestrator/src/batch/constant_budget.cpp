#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/call_by_call.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string_view>
#include <variant>

namespace enough {
namespace {

/// Of a workflow whose calls come one after the other.
std::optional<std::string> why_not(const Ladder& ladder) {
    std::set<std::string_view> signals;
    for (const Rung& rung : ladder.rungs)
        if (const auto& gate = std::get<AgentRung>(rung).gate) signals.insert(name(gate->signal));
    const auto& first = std::get<AgentRung>(ladder.rungs.front());
    if (!first.gate) return fmt::format("has no gate on agent '{}', so that no answer of its is unsure", first.agent);
    if (signals.size() > 1)
        return fmt::format("has gates with different signals ({}), by which unsure answers can't be compared",
                           fmt::join(signals, ", "));
    if (ladder.rungs.size() == 1 && !first.refine) return "makes one call and no other, whatever the gate says";
    return std::nullopt;
}

}  // namespace

std::optional<std::string> why_no_constant_budget(const Workflow& workflow) {
    if (auto why = why_not_call_by_call(workflow)) return why;
    const auto why = why_not(std::get<Ladder>(workflow.steps.front().body));
    if (!why) return std::nullopt;
    return fmt::format("a budget of calls can't be moved between items: workflow '{}' {}", workflow.name, *why);
}

}  // namespace enough
