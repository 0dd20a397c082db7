#pragma once

#include "fields.hpp"
#include "problems.hpp"
#include "sources.hpp"

#include <enough/policies/calibration.hpp>
#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
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
/// there.
struct WrittenGate {
    Gate gate;
    std::optional<CalibrationRef> accept;
    std::optional<CalibrationRef> escalate;
};

/// What the sections share while a workflow is read.
struct Loading {
    const Node& root;
    Sources& sources;
    Problems& problems;
    Names models;
    Names agents;
    Names gates;
    Names inputs;
    Calibrations calibrations = Calibrations::required;
    Workflow workflow;
    std::map<std::string, WrittenGate> gates_by_name;
    std::map<std::filesystem::path, std::shared_ptr<const Calibration>> calibration_files;  ///< null: read in vain
};

/// One function a section, in the order in which they must be read. Each fills its part of `loading.workflow`, leaving
/// out what has errors.
/// Can `text` stand behind a dot in an expression?
bool is_identifier(std::string_view text);

void read_inputs(const Value& section, Loading& loading);
void read_models(const Value& section, Loading& loading);
void read_agents(const Value& section, Loading& loading);
void read_gates(const Value& section, Loading& loading);
void read_limits(const Value& section, Loading& loading);
void read_steps_and_output(const std::optional<Value>& steps, const std::optional<Value>& output, Loading& loading);

/// Checks what needs more than one section: prices under a money limit.
void check_whole(Loading& loading);

/// The parts of `models:`, one function a provider. Each asks for its own keys.
std::optional<ProviderSettings> read_openai(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_llama(Fields& fields, const Loading& loading);
std::optional<ProviderSettings> read_scripted(Fields& fields, Loading& loading);

/// A gate of `gates:` or of a rung, what it extends merged in.
std::optional<WrittenGate> read_gate(const Value& value);

/// Where a rung stands.
struct RungPlace {
    std::string question;  ///< the step's prompt, as it is written
    bool first = true;     ///< of its ladder: nobody has answered before
};

/// Fills in a rung's gate from the calibration files that it names, after checking that they hold here.
void bind_calibrations(WrittenGate& written, const AgentRung& rung, const RungPlace& place, Loading& loading);

/// A step's rung, in a ladder or in the short form: reads `agent`, `gate`, `refine` and `handover`.
std::optional<AgentRung> read_rung(Fields& fields, const RungPlace& place, Loading& loading);

/// `eval:`.
void read_eval(const Value& section, Loading& loading);

}  // namespace enough
