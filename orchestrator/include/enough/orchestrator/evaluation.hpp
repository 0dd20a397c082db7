#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/chain_recording.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/policies/calibration.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace enough {

/// A way to answer all questions, compared with the others on the same recorded calls.
enum class Policy {
    workflow,   ///< as the file says
    step1,      ///< always the agent's first answer
    chain,      ///< always its whole chain of refinements
    full,       ///< the gate never accepts: everything that follows in the ladder
    last_rung,  ///< always the ladder's last rung, alone
};
std::string_view name(Policy policy);

/// What a policy did with one item.
struct PolicyOutcome {
    bool right = false;
    Status status = Status::failed;
    std::optional<std::string> output;
    std::optional<std::string> error;
    int calls = 0;
    Usage usage;
    double usd = 0;
    double latency_ms = 0;  ///< the sum of its calls'
};

/// One step of an item's chain, for people to read.
struct ShownStep {
    std::string text;
    std::optional<std::string> answer;
    std::vector<std::pair<std::string, std::optional<double>>> heat;  ///< token and entropy in bits
    std::vector<std::optional<double>> entropy_by_k;                  ///< for each of `ablation_top_k`
};

/// Where the workflow took its answer from.
struct AnsweredAt {
    std::string agent;
    std::size_t rung = 0;
    int step = 1;
};

/// What a debate did to an answer.
struct DebateOutcome {
    std::string step;
    bool right_before = false;  ///< the leading answer of the first round
    bool right_after = false;   ///< of the last
};

/// One item with everything that was tried on it.
struct EvaluatedItem {
    DataItem data;
    std::map<Policy, PolicyOutcome> policies;
    ObservedChain chain;
    std::vector<ShownStep> shown;
    std::string served_model;  ///< the server's id of the agent's model
    std::optional<AnsweredAt> answered_at;
    std::vector<DebateOutcome> debates;  ///< those that had a second round, in the workflow's own run
    bool stopped = false;                ///< the gate accepted the first answer
};

/// Everything a report is made of.
struct Evaluation {
    std::shared_ptr<const Workflow> workflow;
    std::string step;  ///< the evaluated gate's
    std::string agent;
    std::string served_model;
    int chain_length = 1;
    Policy full_policy = Policy::chain;  ///< what the gate is compared with
    std::vector<EvaluatedItem> items;    ///< those without failure, in the data's order
    std::vector<std::string> failures;
    std::string grader;
    ItemProgress total;
};

struct EvaluationOptions {
    std::string step;          ///< empty: the first with a gate
    std::optional<int> steps;  ///< length of the whole chain; absent: the rung's `max_steps`
    std::size_t concurrency = 4;
    std::optional<double> max_usd;
    std::vector<EventSink*> listeners;  ///< of the workflow's own runs
    std::function<void(const ItemProgress&)> on_progress;
};

/// The policies that an evaluation will run, and the most calls that it makes. Throws `std::invalid_argument` in words
/// if there is no gate to evaluate.
struct EvaluationPlan {
    std::vector<Policy> policies;
    int chain_length = 1;
    std::string step;
    std::string agent;
};
EvaluationPlan plan_evaluation(const Workflow& workflow, const EvaluationOptions& options);

/// Runs the workflow and its yardsticks on every item; equal calls are made once. An item on which a yardstick or the
/// grader fails is left out and reported; a workflow that fails is a wrong answer.
Task<Evaluation> evaluate(std::shared_ptr<const Workflow> workflow, const EvalSettings& eval, const Agents& agents,
                          std::vector<DataItem> items, EvaluationOptions options);

}  // namespace enough
