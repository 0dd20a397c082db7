#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>
#include <enough/policies/evidence_pin.hpp>
#include <enough/policies/gate.hpp>
#include <enough/policies/panel.hpp>
#include <enough/policies/reliability.hpp>
#include <enough/workflows/answer_schema.hpp>
#include <enough/workflows/expression.hpp>
#include <enough/workflows/extract.hpp>
#include <enough/workflows/grader.hpp>
#include <enough/workflows/template.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace enough {

enum class InputType { string, number, integer, boolean, list, object };
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
    std::optional<Price> price;           ///< absent: unknown for HTTP models; in-process models cost nothing
    std::vector<std::string> fallback;    ///< names of models asked in this order when it fails
    std::optional<EvidencePin> evidence;  ///< what it is known to give; absent: whatever comes is judged as it is
    /// What the engine asks it by: its name, or `WORKFLOW/NAME` in a sub-workflow that defines another model by a name
    /// that the workflow above it uses too.
    std::string key;
};

struct AgentRole {
    std::string model;
    std::optional<std::string> system;
    Sampling sampling;
    Extractor answer;
    std::optional<AnswerSchema> schema;  ///< of the extracted JSON; one attempt to repair an answer that breaks it
    std::vector<std::string> tools;      ///< names of `Workflow::tools`
    int max_tool_rounds = 8;             ///< answers that call tools, before one that must not
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

/// `signal: verbalized`: a number that the agent states in its answer.
struct Verbalized {
    Extractor value;  ///< finds the number
    double min = 0;   ///< stated for no confidence at all
    double max = 100;
};

/// `signal: judge`: a number that another agent gives the answer.
struct JudgeSignal {
    std::string agent;
    Template prompt;  ///< sees `question` and `answer`
    double min = 0;   ///< given to an answer that is certainly wrong
    double max = 10;
};

/// One agent's chain on one question.
struct AgentRung {
    std::string agent;
    std::optional<Gate> gate;              ///< absent: what the agent answers is accepted
    std::string gate_name;                 ///< as in `gates:`; empty when written in place
    std::optional<Verbalized> verbalized;  ///< of a gate with that signal
    std::optional<JudgeSignal> judge;      ///< of a gate with that signal
    std::optional<Refine> refine;
    Handover handover = Handover::answer;
};

/// An agent that decides on a panel's answers or makes one of them: `judge` and `fuse`.
struct Referee {
    std::string agent;
    Template prompt;           ///< sees `question` and `candidates`
    std::optional<Gate> gate;  ///< absent: what it says holds; not accepted: the panel is not, and the majority stands
};

/// Answers that see each other: `aggregate: debate`.
struct Debate {
    int rounds = 2;                 ///< the first answers included
    Template prompt;                ///< of the later rounds; sees `question`, `own` and `peers`
    double skip_agreement = 1;      ///< no debate if the leading answer's share is at least this
    std::optional<Gate> skip_gate;  ///< no debate either if every member that answered is accepted by this
};

/// Several answers to one question, at the same time. A gate on it may read `agreement` or `agreement.share`.
struct Panel {
    std::vector<std::string> agents;  ///< at least one; a name may stand there more than once
    int samples = 1;                  ///< of each agent
    std::optional<int> max_parallel;  ///< absent: all at once
    Aggregate aggregate = Aggregate::majority;
    Voting voting;  ///< of the aggregates that vote; of `judge` and `debate` where they fall back to it
    std::optional<Referee> referee;  ///< of `judge` and `fuse`
    std::optional<Debate> debate;
    PanelStop stop;
    std::optional<DeepConf> deepconf;
    /// Of `VoteWeight::calibrated`, by agent: P(correct) for its entropy.mean.
    std::map<std::string, std::shared_ptr<const IsotonicFit>> calibrations;
    int min_answers = 1;  ///< fewer answers with a value: the panel is not accepted

    std::size_t members() const { return agents.size() * static_cast<std::size_t>(samples); }
};

/// A panel as a rung of a ladder.
struct PanelRung {
    Panel panel;
    std::optional<Gate> gate;  ///< absent: what it comes to is accepted
    std::string gate_name;
    Handover handover = Handover::answer;
};

/// A rung of a ladder.
using Rung = std::variant<AgentRung, PanelRung>;

/// What a step gives when no rung was accepted.
enum class OnExhausted { best, last, fail };

/// Rungs tried in order until one is accepted.
struct Ladder {
    Template prompt;
    std::vector<Rung> rungs;
    OnExhausted on_exhausted = OnExhausted::best;
};

struct Step;
struct Workflow;

/// The same steps for each item of a list, at the same time. They see `item` and `index` (from 0).
struct ForEach {
    Expression items;
    std::optional<int> max_parallel;  ///< absent: 16
    std::vector<Step> steps;
};

/// The same steps again and again. They see `iteration` (from 1) and `previous`, the fields of the pass before (null in
/// the first).
struct Loop {
    Expression until;  ///< asked after each pass, with the step's fields of that pass
    int max = 1;       ///< passes; then the step is `unresolved` with what the last one gave
    std::vector<Step> steps;
};

/// The first case whose `when` is true; none: the step is skipped.
struct Switch {
    struct Case {
        std::optional<Expression> when;  ///< absent: always
        std::vector<Step> steps;
    };
    std::vector<Case> cases;
};

/// Another workflow, run inside this one: its events, its budget and its cancellation are this run's.
struct SubWorkflow {
    struct Argument {
        std::string input;
        Template text;                    ///< what it is given …
        std::optional<Expression> value;  ///< … or, where the text is one `{{ expression }}` alone, the value itself
    };
    std::shared_ptr<const Workflow> workflow;
    std::vector<Argument> arguments;
};

/// A person is asked. "yes" lets the run go on; "no" fails the step.
struct Approval {
    Template message;
};

/// What a step does. Steps inside `for_each`, `loop` and `switch` see the steps around theirs as well as those before
/// them inside; a single body written in place (`for_each:` beside `agent:`) is one step of the same id.
using StepBody = std::variant<Ladder, ForEach, Loop, Switch, SubWorkflow, Approval>;

/// What comes of a step that failed.
enum class OnError {
    fail,      ///< the run fails, unless every dependant's `when` asks for the status
    go_on,     ///< `continue`: the run goes on; the step's fields are null
    fallback,  ///< the run goes on with a value written beforehand
};

/// Absent = no limit.
struct RunLimits {
    std::optional<double> usd;
    std::optional<std::int64_t> tokens;  ///< input and output, cached and reasoning tokens included
    std::optional<int> calls;
    std::optional<std::chrono::milliseconds> time;
};

struct Step {
    std::string id;
    std::vector<std::size_t> needs;  ///< indices into the steps it stands among, all smaller than its own
    std::optional<Expression> when;  ///< false: the step is skipped
    StepBody body;
    // Of a step with `for_each` or `loop` these apply to each pass, and stand in the inner step.
    std::optional<std::chrono::milliseconds> timeout;  ///< of one attempt; then it has failed
    int attempts = 1;                                  ///< in all, while it fails
    std::chrono::milliseconds retry_delay{1'000};
    OnError on_error = OnError::fail;
    Template fallback;  ///< of `OnError::fallback`
    RunLimits limits;   ///< of the step and everything inside, taken from the purse it stands in; `time` is not used
};

/// How the workflow's outputs are graded.
struct EvalSettings {
    GraderKind grader = GraderKind::exact;
    std::string pointer;               ///< of `json`
    std::string agent;                 ///< of `judge`
    std::string prompt;                ///< of `judge`; empty: the built-in one
    std::vector<std::string> command;  ///< of `command`: program and arguments
};

/// What of an agent's sampling a request over HTTP may set anew (`serve: {allow: [...]}`).
enum class SamplingField { temperature, top_p, seed, max_tokens, stop, reasoning_effort };
std::string_view name(SamplingField field);

/// A checked workflow: every reference in it resolves. Immutable after loading; share it by `shared_ptr<const
/// Workflow>`.
struct Workflow {
    std::string name;
    std::string description;
    std::vector<std::pair<std::string, Input>> inputs;  ///< in file order: the first is the chat API's message
    std::map<std::string, Model> models;
    std::map<std::string, AgentRole> agents;
    std::map<std::string, Gate> gates;
    std::map<std::string, ToolServerSettings> tools;
    RunLimits limits;
    std::vector<Step> steps;  ///< at least one, in file order
    Template output;
    std::optional<EvalSettings> eval;
    std::vector<SamplingField> allowed;  ///< of its own agents, not those of sub-workflows
    std::string hash;  ///< SHA-256 (hex) of what the file says after includes and variables, secrets left out
};

/// Every model that a run of `workflow` may ask, those of sub-workflows included, by `Model::key`.
std::map<std::string, const Model*> models_in(const Workflow& workflow);

/// The highest price of a model and of all that may answer in its place, each component by itself: no call can cost
/// more. Absent if none of them has a price.
std::optional<Price> dearest_price(const Workflow& workflow, const std::string& model);

/// Calls `visit` for each step, those inside other steps included, but not those of sub-workflows.
void each_step(const std::vector<Step>& steps, const std::function<void(const Step&)>& visit);

}  // namespace enough
