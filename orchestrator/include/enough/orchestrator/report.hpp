#pragma once

#include <enough/orchestrator/run_state.hpp>

#include <nlohmann/json_fwd.hpp>

namespace enough {

/// The run report of the contract (`--json`, batch lines, `GET /v1/runs/ID`); works at any time of a run. Key order is
/// fixed, numbers that do not exist are null.
nlohmann::ordered_json report(const RunState& state);

/// Exit code of the command line for a final status: 0 accepted, 1 failed, 3 unresolved, 4 over budget, 130 cancelled.
int exit_code(Status status);

}  // namespace enough
