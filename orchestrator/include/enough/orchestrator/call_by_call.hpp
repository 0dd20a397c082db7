#pragma once

#include <enough/orchestrator/run_state.hpp>
#include <enough/workflows/workflow.hpp>

#include <optional>
#include <string>

namespace enough {

// Runs that are granted their calls one by one: `RunOptions::granted_calls`. Such a run makes the calls it was granted
// and is then suspended where it would make another; its events end with the last fact's conclusions, and
// `Engine::resume` goes on with it when it is granted more, or ends it with what it has. A call is a question put to a
// model, whatever comes of it: the further attempts at a call that failed, and the questions to its fallbacks, are not
// counted again.

/// Why runs of this workflow can't be granted their calls one by one, in a sentence; absent: they can. Only where one
/// call follows the other can a run stop between two: one step with a ladder of agents, without panels, tools, judges
/// and hedged requests.
std::optional<std::string> why_not_call_by_call(const Workflow& workflow);

/// Is the run suspended: does it wait to be granted its next call?
bool awaits_call(const RunState& state);

}  // namespace enough
