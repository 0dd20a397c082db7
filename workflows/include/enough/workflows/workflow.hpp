#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>
#include <enough/policies/gate.hpp>
#include <enough/workflows/expression.hpp>
#include <enough/workflows/extract.hpp>
#include <enough/workflows/grader.hpp>
#include <enough/workflows/template.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace enough {

enum class InputType { string, number, integer, boolean };
std::string_view name(InputType type);

struct Input {
    InputType type = InputType::string;
    std::string description;
    std::optional<std::string> default_value;  ///< as JSON text; absent = required
};

/// USD per million tokens.
struct Price {
    double input = 0;
    std::optional<double> cached_input;  ///< absent: as `input`
    double output = 0;
};

struct Model {
    ProviderSettings provider;
    std::optional<Price> price;  ///< absent: unknown for HTTP models; in-process models cost nothing
};

struct AgentRole {
    std::string model;
    std::optional<std::string> system;
    Sampling sampling;
    Extractor answer;
};

/// What a following agent is told of the rung before.
enum class Handover {
    fresh,       ///< nothing
    answer,      ///< the previous answer, inside the user's turn
    transcript,  ///< the whole conversation so far
};

/// When a chain of refinements ends.
enum class RefineUntil {
    accept,  ///< each step is judged by its own threshold
    all,     ///< step 1 is judged; once refined, all steps run (the paper's rule)
};

struct Refine {
    int max_steps = 4;  ///< counts the first answer; at least 2
    std::string prompt;
    RefineUntil until = RefineUntil::all;
};

/// One agent's chain on one question.
struct AgentRung {
    std::string agent;
    std::optional<Gate> gate;  ///< absent: what the agent answers is accepted
    std::string gate_name;     ///< as in `gates:`; empty when written in place
    std::optional<Refine> refine;
    Handover handover = Handover::answer;
};

/// A rung of a ladder. Panels join the variant.
using Rung = std::variant<AgentRung>;

/// What a step gives when no rung was accepted.
enum class OnExhausted { best, last, fail };

/// Rungs tried in order until one is accepted.
struct Ladder {
    Template prompt;
    std::vector<Rung> rungs;
    OnExhausted on_exhausted = OnExhausted::best;
};

/// What a step does. Loops, maps and sub-workflows join the variant.
using StepBody = std::variant<Ladder>;

struct Step {
    std::string id;
    std::vector<std::size_t> needs;  ///< indices into `Workflow::steps`, all smaller than this step's own
    std::optional<Expression> when;  ///< false: the step is skipped
    StepBody body;
};

/// Absent = no limit.
struct RunLimits {
    std::optional<double> usd;
    std::optional<std::int64_t> tokens;  ///< input and output, cached and reasoning tokens included
    std::optional<int> calls;
    std::optional<std::chrono::milliseconds> time;
};

/// How the workflow's outputs are graded.
struct EvalSettings {
    GraderKind grader = GraderKind::exact;
    std::string pointer;               ///< of `json`
    std::string agent;                 ///< of `judge`
    std::string prompt;                ///< of `judge`; empty: the built-in one
    std::vector<std::string> command;  ///< of `command`: program and arguments
};

/// A checked workflow: every reference in it resolves. Immutable after loading; share it by `shared_ptr<const
/// Workflow>`.
struct Workflow {
    std::string name;
    std::string description;
    std::vector<std::pair<std::string, Input>> inputs;  ///< in file order: the first is the chat API's message
    std::map<std::string, Model> models;
    std::map<std::string, AgentRole> agents;
    std::map<std::string, Gate> gates;
    RunLimits limits;
    std::vector<Step> steps;  ///< at least one, in file order
    Template output;
    std::optional<EvalSettings> eval;
    std::string hash;  ///< SHA-256 (hex) of what the file says after includes and variables, secrets left out
};

}  // namespace enough
