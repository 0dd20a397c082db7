#pragma once

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace enough::test {

struct Outcome {
    RunState state;
    std::vector<Event> events;
};

/// What a run is surrounded by.
struct Surroundings {
    std::function<bool(const Event&)> cancel_at;  ///< the run is cancelled after the first event for which this holds
    std::map<std::string, std::string>
        approvals;  ///< step -> `yes` or `no`, and a comment after it; others get no answer
    std::map<std::string, std::map<std::string, std::string>> tools;  ///< server -> tool -> what it gives
};

/// Runs a workflow to its end on a context of its own. Throws when the run does not end within 20 s.
Outcome run_workflow(std::shared_ptr<const Workflow> workflow, const nlohmann::json& inputs,
                     const Surroundings& surroundings = {});

}  // namespace enough::test
