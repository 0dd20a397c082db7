#pragma once

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace enough::test {

struct Outcome {
    RunState state;
    std::vector<Event> events;
};

/// Runs a workflow to its end on a context of its own, and cancels it after the first event for which `cancel_at`
/// holds. Throws when the run does not end within 20 s.
Outcome run_workflow(std::shared_ptr<const Workflow> workflow, const nlohmann::json& inputs,
                     const std::function<bool(const Event&)>& cancel_at);

}  // namespace enough::test
