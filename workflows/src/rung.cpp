#include "extends.hpp"
#include "field_types.hpp"
#include "loading.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> handover_words{"fresh", "answer", "transcript"};
constexpr std::array<std::string_view, 2> until_words{"accept", "all"};

/// `node` keeps what a gate in place is made of.
std::optional<WrittenGate> read_rung_gate(const Value& value, Node& node, std::string& gate_name,
                                          const Loading& loading) {
    if (value.is_scalar()) {
        const auto name = type::Reference{loading.gates}(value);
        const auto gate = loading.gates_by_name.find(name.value_or(""));
        if (!name || gate == loading.gates_by_name.end()) return std::nullopt;
        gate_name = *name;
        return gate->second;
    }
    if (!value.is_map()) return value.expected("the name of a gate, or a gate");
    node = resolve_in_place(value, loading.root.find("gates"));
    return node.broken ? std::nullopt : read_gate(Value(node, value.path(), loading.problems));
}

/// All but `until`, which depends on the gate, and the gate may depend on this.
Refine read_refine(Fields& fields, const Loading& loading) {
    const Value& value = fields.value();
    Refine refine;
    refine.prompt = default_refine_prompt;
    fields.optional("max_steps", type::Whole<int>{2, 100}, refine.max_steps);
    if (fields.optional("prompt", type::TextOrFile{loading.sources}, refine.prompt) &&
        refine.prompt.find("{{") != std::string::npos)
        value.at("prompt").warning("'{{ }}' is not filled in here, only in a step's prompt");
    return refine;
}

/// `thresholds`: for how many steps the gate has one; absent if the gate itself is in error.
void read_until(Fields& fields, Refine& refine, std::optional<std::size_t> thresholds) {
    const Value& value = fields.value();
    const bool every_step = thresholds && *thresholds >= static_cast<std::size_t>(refine.max_steps);
    refine.until = every_step ? RefineUntil::accept : RefineUntil::all;
    if (fields.optional("until", type::Choice<RefineUntil>{until_words}, refine.until) && thresholds &&
        refine.until == RefineUntil::accept && !every_step)
        value.at("until").error(fmt::format(
            "'until: accept' needs a threshold for each of {} steps, the gate's 'accept' has {}; use 'until: all'",
            refine.max_steps, *thresholds));
}

void warn_of_idle_stop(const Value& where, const AgentRung& rung, const Loading& loading) {
    const auto agent = loading.workflow.agents.find(rung.agent);
    if (!rung.gate || rung.gate->stop_early != StopEarly::provable || agent == loading.workflow.agents.end()) return;
    if (!agent->second.sampling.max_tokens)
        where.warning(fmt::format("stop_early needs 'max_tokens' on agent '{}'; no call is cut short", rung.agent));
}

}  // namespace

std::optional<AgentRung> read_rung(Fields& fields, const RungPlace& place, Loading& loading) {
    AgentRung rung;
    const bool named = fields.required("agent", type::Reference{loading.agents}, rung.agent);
    fields.optional("handover", type::Choice<Handover>{handover_words}, rung.handover);
    const auto gate = fields.take("gate");
    Node in_place;
    auto written = gate ? read_rung_gate(*gate, in_place, rung.gate_name, loading) : std::nullopt;
    const auto refine = fields.take("refine");
    std::optional<Fields> refine_fields;
    if (refine) rung.refine = read_refine(refine_fields.emplace(*refine), loading);
    if (written) {
        bind_calibrations(*written, rung, place, loading);
        rung.gate = std::move(written->gate);
    }
    if (refine_fields) {
        std::optional<std::size_t> thresholds;
        if (!gate) thresholds = 0;
        // None at all: the calibration they should have come from is in error.
        if (rung.gate && !rung.gate->accept.empty()) thresholds = rung.gate->accept.size();
        read_until(*refine_fields, *rung.refine, thresholds);
        rung.refine = refine_fields->finished(*std::move(rung.refine));
    }
    if (named) warn_of_idle_stop(fields.value(), rung, loading);
    return named ? std::optional(std::move(rung)) : std::nullopt;
}

}  // namespace enough
