#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/policies/calibration.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace enough {

/// How far an evaluation, calibration or batch is.
struct ItemProgress {
    std::size_t done = 0;
    std::size_t failed = 0;
    std::size_t of = 0;
    Usage usage;
    double usd = 0;
    std::optional<std::size_t> accepted = {};  ///< of those done, where that is of interest
};

/// One item's chain as it came out, for keeping.
struct FinishedChain {
    ObservedChain chain;
    std::string served_model;
    std::string fingerprint;
};

struct RecordingOptions {
    std::string agent;
    std::string step;          ///< empty: the first that uses the agent
    std::optional<int> steps;  ///< length of the chains; absent: the rung's, or 4
    std::size_t concurrency = 4;
    std::optional<double> max_usd;                          ///< no further item is begun once this much is spent
    std::vector<EventSink*> listeners;                      ///< of all runs
    std::function<void(const ItemProgress&)> on_progress;   ///< after each item
    std::function<void(const FinishedChain&)> on_finished;  ///< for each item with a whole chain
};

/// The labelled chains of one agent, and what they were recorded under.
struct RecordedChains {
    CalibrationKey key;
    std::vector<ObservedChain> chains;  ///< in the data's order, failed items left out
    std::vector<std::string> failures;  ///< of items without a whole chain: `"a1": why`
    std::vector<std::string> notes;     ///< what else is worth knowing
    ItemProgress total;
};

/// Which prompts, settings and chain length a recording will have. Throws `std::invalid_argument` in words if the
/// workflow has no such agent or step.
struct RecordingPlan {
    CalibrationKey key;
    int chain_length = 1;
};
RecordingPlan plan_recording(const Workflow& workflow, const RecordingOptions& options);

/// Runs the agent's whole chain on every item whose id is not in `done`, and grades each step. A judge or a grading
/// program that fails fails its item. Cancelling it throws `operation_aborted`.
Task<RecordedChains> record_chains(std::shared_ptr<const Workflow> workflow, const EvalSettings& eval,
                                   const Agents& agents, const std::vector<DataItem>& items,
                                   const std::vector<FinishedChain>& done, RecordingOptions options);

}  // namespace enough
