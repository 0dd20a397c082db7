#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace enough {

/// The report of a run with its `question`: the beginning of the first input that is a text, for people to know it by.
/// `events` are those of the run from the first on.
nlohmann::ordered_json served_report(const RunState& state, const std::vector<Event>& events);

}  // namespace enough
