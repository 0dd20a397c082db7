#pragma once

#include "fields.hpp"
#include "problems.hpp"
#include "sources.hpp"

#include <enough/policies/calibration.hpp>
#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// The names that a section defines, whether or not what stands behind them is well: a mistake in an agent must not
/// make every step that uses it a mistake too.
struct Names {
    std::string kind;  ///< `agent`, for messages
    std::vector<std::string> names;
    bool complete = true;  ///< false: names may be missing through no fault of those who use them
};

Names names_of_section(const Node& root, std::string_view section, std::string kind, bool complete);

/// `unknown agent 'slover'; did you mean 'solver'?`, unless names may be missing.
void report_unknown_name(const Value& where, const Names& known, const std::string& name);

namespace type {

/// A name that must be among the known ones.
struct Reference {
    const Names& known;
    std::optional<std::string> operator()(const Value& value) const;
};

/// Text, or the text of a file: `{file: PATH}`.
struct TextOrFile {
    Sources& sources;
    std::optional<std::string> operator()(const Value& value) const;
};

struct Retry {
    RetryPolicy defaults;
    std::optional<RetryPolicy> operator()(const Value& value) const;
};

}  // namespace type

/// Where a gate wants thresholds from.
struct CalibrationRef {
    Value where;                   ///< the map that says so
    std::optional<Method> method;  ///< of `accept`
    bool allow_stale = false;
};

/// A gate as it stands in the file. What comes from calibrations depends on the rung that uses it, and is filled in
/// there; so is what a rung needs besides the gate to measure the signal.
struct WrittenGate {
    Gate gate;
    std::optional<CalibrationRef> accept;
    std::optional<CalibrationRef> escalate;
    std::optional<int> samples;            ///< of `agreement` on one agent
    std::optional<Verbalized> verbalized;  ///< of that signal
    std::optional<JudgeSignal> judge;      ///< of that signal
};

struct SharedLoad;
struct StepSites;

/// What the sections share while a workflow is read.
struct Loading {
    SharedLoad& shared;
    const Node& root;
    Sources& sources;
    Problems& problems;
    Names models;
    Names agents;
    Names gates;
    Names inputs;
    Names tools;
    Calibrations calibrations = Calibrations::required;
    Workflow workflow{};
    std::map<std::string, WrittenGate> gates_by_name{};
    std::map<std::filesystem::path, std::shared_ptr<const Calibration>> calibration_files{};  ///< null: read in vain
    const StepSites* sites = nullptr;                                                         ///< while steps are read
    std::deque<Node> gates_in_place{};      ///< what they extend merged in; references into them stay valid
    std::vector<std::string> sub_hashes{};  ///< of the workflows that steps run, in the order of reading
};

/// Can `text` stand behind a dot in an expression?
bool is_identifier(std::string_view text);

/// One function a section, in the order in which they must be read. Each fills its part of `loading.workflow`, leaving
/// out what has errors.
void read_inputs(const Value& section, Loading& loading);
void read_models(const Value& section, Loading& loading);
void read_tools(const Value& section, Loading& loading);
void read_agents(const Value& section, Loading& loading);
void read_gates(const Value& section, Loading& loading);
void read_limits(const Value& section, Loading& loading);
void read_serve(const Value& section, Loading& loading);
void read_steps_and_output(const std::optional<Value>& steps, const std::optional<Value>& output, Loading& loading);

/// Checks that fallbacks are models and lead nowhere in a circle.
void check_fallbacks(Loading& loading);

/// Checks what needs more than one section: prices under a money limit.
void check_whole(Loading& loading);

/// The parts of `models:`, one function a provider. Each asks for its own keys.
std::optional<ProviderSettings> read_openai(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_anthropic(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_gemini(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_llama(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_scripted(Fields& fields, Loading& loading);

/// The keys of every model that is reached over HTTP. `more_own_keys`: what `extra_body` must not set besides
/// what it must not with any of them.
void read_server(Fields& fields, ServerSettings& settings, std::span<const std::string_view> more_own_keys = {});

/// `{failures, cooldown}`, or `off`: no circuit.
std::optional<std::optional<CircuitPolicy>> read_circuit(const Value& value);

/// `evidence`: what a model was found to give.
std::optional<EvidencePin> read_evidence_pin(const Value& value);

/// What a model's provider may be pressed to do.
std::optional<RateLimits> read_rate_limits(const Value& value);
std::optional<HedgePolicy> read_hedge(const Value& value);

/// A gate of `gates:` or of a rung, what it extends merged in.
std::optional<WrittenGate> read_gate(const Value& value, Loading& loading);

/// The gate that a rung, a referee or a debate names or writes in place. `gate_name`: the name.
std::optional<WrittenGate> read_gate_in_use(const Value& value, std::string& gate_name, Loading& loading);

/// What a run of one step may use; `time` has no place there.
std::optional<RunLimits> read_step_limits(const Value& value);

/// Where a rung stands.
struct RungPlace {
    std::string question;  ///< the step's prompt, as it is written
    bool first = true;     ///< of its ladder: nobody has answered before
};

/// Fills in a rung's gate from the calibration files that it names, after checking that they hold here.
void bind_calibrations(WrittenGate& written, const AgentRung& rung, const RungPlace& place, Loading& loading);

/// The calibration that a panel's agent takes its P(correct) from, after the same checks; null if there is none.
std::shared_ptr<const IsotonicFit> bind_vote_calibration(const CalibrationRef& ref, const std::string& agent,
                                                         const std::string& question, Loading& loading);

/// An error unless the agent's model gives the token probabilities that `gate` is made of; by its pin, too. Without a
/// gate, any do. `instead`: what works without them.
void check_gives_logprobs(const Value& where, const std::string& agent, std::string_view instead,
                          const Loading& loading, const Gate* gate = nullptr);
inline constexpr std::string_view gates_without_logprobs = "agreement, verbalized or judge";

/// Warns of an agent with temperature 0, which gives much the same again and again.
void warn_of_equal_samples(const Value& where, const std::string& agent, const Loading& loading);

/// A rung of a ladder: reads `agent` or `panel`, `gate`, `refine` and `handover`.
std::optional<Rung> read_rung(Fields& fields, const RungPlace& place, Loading& loading);
/// The same of a step's short forms. One agent that is asked several times becomes a panel; a panel has no `handover`.
std::optional<Rung> read_agent_rung(Fields& fields, const RungPlace& place, Loading& loading);
std::optional<PanelRung> read_panel_rung(Fields& fields, const RungPlace& place, Loading& loading);

/// `eval:`.
void read_eval(const Value& section, Loading& loading);

}  // namespace enough
