#include "extends.hpp"
#include "field_types.hpp"
#include "loading.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace enough {
namespace {

constexpr std::string_view default_refine_prompt = "Review your answer, find gaps or errors, and answer again.";
constexpr std::array<std::string_view, 3> handover_words{"fresh", "answer", "transcript"};
constexpr std::array<std::string_view, 2> until_words{"accept", "all"};

void read_rung_gate(const Value& value, AgentRung& rung, const Loading& loading) {
    if (value.is_scalar()) {
        const auto name = type::Reference{loading.gates}(value);
        const auto gate = loading.workflow.gates.find(name.value_or(""));
        if (!name || gate == loading.workflow.gates.end()) return;
        rung.gate_name = *name;
        rung.gate = gate->second;
    } else if (value.is_map()) {
        const Node node = resolve_in_place(value, loading.root.find("gates"));
        if (!node.broken) rung.gate = read_gate(Value(node, value.path(), loading.problems));
    } else {
        value.expected("the name of a gate, or a gate");
    }
}

/// `thresholds`: for how many steps the gate has one; absent if the gate itself is in error.
std::optional<Refine> read_refine(const Value& value, std::optional<std::size_t> thresholds, const Loading& loading) {
    Fields fields(value);
    Refine refine;
    refine.prompt = default_refine_prompt;
    fields.optional("max_steps", type::Whole<int>{2, 100}, refine.max_steps);
    if (fields.optional("prompt", type::TextOrFile{loading.sources}, refine.prompt) &&
        refine.prompt.find("{{") != std::string::npos)
        value.at("prompt").warning("'{{ }}' is not filled in here, only in a step's prompt");
    const bool every_step = thresholds && *thresholds >= static_cast<std::size_t>(refine.max_steps);
    refine.until = every_step ? RefineUntil::accept : RefineUntil::all;
    if (fields.optional("until", type::Choice<RefineUntil>{until_words}, refine.until) && thresholds &&
        refine.until == RefineUntil::accept && !every_step)
        value.at("until").error(fmt::format(
            "'until: accept' needs a threshold for each of {} steps, the gate's 'accept' has {}; use 'until: all'",
            refine.max_steps, *thresholds));
    return fields.finished(std::move(refine));
}

void warn_of_idle_stop(const Value& where, const AgentRung& rung, const Loading& loading) {
    const auto agent = loading.workflow.agents.find(rung.agent);
    if (!rung.gate || rung.gate->stop_early != StopEarly::provable || agent == loading.workflow.agents.end()) return;
    if (!agent->second.sampling.max_tokens)
        where.warning(fmt::format("stop_early needs 'max_tokens' on agent '{}'; no call is cut short", rung.agent));
}

}  // namespace

std::optional<AgentRung> read_rung(Fields& fields, Loading& loading) {
    AgentRung rung;
    const bool named = fields.required("agent", type::Reference{loading.agents}, rung.agent);
    const auto gate = fields.take("gate");
    if (gate) read_rung_gate(*gate, rung, loading);
    std::optional<std::size_t> thresholds;
    if (!gate || rung.gate) thresholds = rung.gate ? rung.gate->accept.size() : 0;
    if (const auto refine = fields.take("refine")) rung.refine = read_refine(*refine, thresholds, loading);
    fields.optional("handover", type::Choice<Handover>{handover_words}, rung.handover);
    if (named) warn_of_idle_stop(fields.value(), rung, loading);
    return named ? std::optional(std::move(rung)) : std::nullopt;
}

}  // namespace enough
