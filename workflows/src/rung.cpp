#include "extends.hpp"
#include "field_types.hpp"
#include "gate_signals.hpp"
#include "loading.hpp"
#include "shared_load.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> handover_words{"fresh", "answer", "transcript"};
constexpr std::array<std::string_view, 2> until_words{"accept", "all"};

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
    if (needs_logprobs(rung.gate->signal) && !agent->second.sampling.max_tokens)
        where.warning(fmt::format("stop_early needs 'max_tokens' on agent '{}'; no call is cut short", rung.agent));
}

/// One agent, asked several times: its answers are compared. Asking ends as soon as they agree well enough.
std::optional<Rung> several_samples(Fields& fields, AgentRung rung, const WrittenGate& written, const Value& gate) {
    if (const auto refine = fields.take("refine"))
        refine->error(fmt::format("'refine' does not go with signal '{}', which compares several first answers",
                                  name(written.gate.signal)));
    if (!written.samples) {
        gate.error(fmt::format("signal '{}' compares several answers: add 'samples' to the gate, or use a panel",
                               name(written.gate.signal)));
        return std::nullopt;
    }
    PanelRung panel{{}, written.gate, std::move(rung.gate_name), rung.handover};
    panel.panel.agents = {std::move(rung.agent)};
    panel.panel.samples = *written.samples;
    panel.panel.stop.decided = false;  // the gate wants to know by how much
    if (written.gate.signal == Signal::agreement && !written.gate.accept.empty())
        panel.panel.stop.agreement = written.gate.accept.front();
    return panel;
}

}  // namespace

std::optional<WrittenGate> read_gate_in_use(const Value& value, std::string& gate_name, Loading& loading) {
    if (value.is_scalar()) {
        const auto name = type::Reference{loading.gates}(value);
        const auto gate = loading.gates_by_name.find(name.value_or(""));
        if (!name || gate == loading.gates_by_name.end()) return std::nullopt;
        gate_name = *name;
        return gate->second;
    }
    if (!value.is_map()) return value.expected("the name of a gate, or a gate");
    // Calibrations are bound later and refer to nodes of the gate: what it extends stays in memory until then.
    const Node& node = loading.gates_in_place.emplace_back(
        resolve_in_place(value, loading.root.find("gates"), loading.gates.complete));
    return node.broken ? std::nullopt : read_gate(Value(node, value.path(), loading.problems), loading);
}

void check_gives_logprobs(const Value& where, const std::string& agent, std::string_view instead,
                          const Loading& loading, const Gate* gate) {
    const auto role = loading.workflow.agents.find(agent);
    if (role == loading.workflow.agents.end()) return;
    const auto model = loading.workflow.models.find(role->second.model);
    if (model == loading.workflow.models.end()) return;
    if (!gives_logprobs(model->second.provider))
        return where.error(fmt::format("model '{}' gives no token probabilities; use {}", role->second.model, instead));
    const auto& pin = model->second.evidence;
    if (!pin || loading.shared.pins == Pins::ignored) return;
    const auto conflict = gate != nullptr
                              ? pin_conflict(*pin, gate->signal, gate->settings)
                              : pin_conflict(*pin, Signal::logprob_mean, SignalSettings{.scope = Scope::answer});
    if (conflict) return where.error(fmt::format("model '{}' {}", role->second.model, *conflict));
    if (gate != nullptr && pin->mode == LogprobMode::tempered && !role->second.sampling.temperature)
        where.warning(
            fmt::format("the logprobs of model '{}' depend on the temperature, and agent '{}' has none: the threshold "
                        "holds for the server's own temperature alone",
                        role->second.model, agent));
}

void warn_of_equal_samples(const Value& where, const std::string& agent, const Loading& loading) {
    const auto role = loading.workflow.agents.find(agent);
    if (role != loading.workflow.agents.end() && role->second.sampling.temperature == 0.0)
        where.warning(fmt::format("agent '{}' has temperature 0: its samples are much the same", agent));
}

std::optional<Rung> read_agent_rung(Fields& fields, const RungPlace& place, Loading& loading) {
    AgentRung rung;
    const bool named = fields.required("agent", type::Reference{loading.agents}, rung.agent);
    fields.optional("handover", type::Choice<Handover>{handover_words}, rung.handover);
    const auto gate = fields.take("gate");
    auto written = gate ? read_gate_in_use(*gate, rung.gate_name, loading) : std::nullopt;
    if (written && compares_answers(written->gate.signal)) {
        warn_of_equal_samples(*gate, rung.agent, loading);
        auto several = several_samples(fields, std::move(rung), *written, *gate);
        return named ? std::move(several) : std::nullopt;
    }
    if (written && needs_logprobs(written->gate.signal) && named)
        check_gives_logprobs(*gate, rung.agent, gates_without_logprobs, loading, &written->gate);
    const auto refine = fields.take("refine");
    std::optional<Fields> refine_fields;
    if (refine) rung.refine = read_refine(refine_fields.emplace(*refine), loading);
    if (written) {
        bind_calibrations(*written, rung, place, loading);
        rung.gate = std::move(written->gate);
        rung.verbalized = std::move(written->verbalized);
        rung.judge = std::move(written->judge);
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
    return named ? std::optional<Rung>(std::move(rung)) : std::nullopt;
}

std::optional<Rung> read_rung(Fields& fields, const RungPlace& place, Loading& loading) {
    if (!fields.has("panel")) return read_agent_rung(fields, place, loading);
    if (fields.has("agent")) {
        for (const char* key : {"agent", "panel", "gate", "refine", "handover"})
            fields.take(key);
        fields.value().at("panel").error("both 'agent' and 'panel'; a rung is one of them");
        return std::nullopt;
    }
    Handover handover = Handover::answer;
    fields.optional("handover", type::Choice<Handover>{handover_words}, handover);
    auto rung = read_panel_rung(fields, place, loading);
    if (!rung) return std::nullopt;
    rung->handover = handover;
    return *std::move(rung);
}

}  // namespace enough
