#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_totals.hpp>
#include <enough/workflows/workflow.hpp>

#include <vector>

namespace enough {

/// What a run that is not gone on with has used up, as far as its events tell: by their facts alone, so that they may
/// be of another version of the workflow. Money at the prices that `workflow` gives models of the same key.
RunTotals recorded_totals(const std::vector<Event>& events, const Workflow& workflow);

}  // namespace enough
