#pragma once

#include "evaluation/witness.hpp"

#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace enough {

/// One run of a workflow on one item, and what was seen of its calls.
struct ItemRun {
    RunState state;
    std::vector<WitnessedCall> calls;
};

/// Runs a workflow once with agents of its own. Throws `operation_aborted` when it is cancelled.
Task<ItemRun> run_item(std::shared_ptr<const Workflow> workflow, Agents agents, nlohmann::json inputs,
                       SignalSettings measured, std::vector<EventSink*> listeners);

/// Passes calls on to agents that somebody else owns.
Agents borrowed(const Agents& agents);
/// The same, remembering answers on a tape: equal requests of later runs get the same answers.
Agents remembering(const Agents& agents, const std::shared_ptr<class Tape>& tape);

/// Does `work(i)` for i = 0 … n-1, begun in that order, at most `concurrency` at once. The first exception cancels the
/// others and is rethrown.
Task<void> for_each_index(std::size_t n, std::size_t concurrency, std::function<Task<void>(std::size_t)> work);

}  // namespace enough
