#pragma once

#include <enough/policies/calibration.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

namespace enough {

/// A workflow for people who look at it: its inputs, models, agents, steps with their ladders and gates, its graph, and
/// the calibrations that its gates rest on. Without prompts, and without anything of how a server is reached: no URL,
/// no header, no key, and of a file its name alone.
nlohmann::ordered_json workflow_view(const Workflow& workflow);

/// A gate's signal and thresholds. A threshold that nothing passes is null.
nlohmann::ordered_json gate_view(const Gate& gate, const std::string& gate_name);

/// A calibration that was read from a file: all that it says, and for each step the `scores` of its items in their
/// place: {"correct", "incorrect", "correct_items", "incorrect_items"}, sorted, of many evenly spaced ones.
nlohmann::ordered_json calibration_view(const Calibration& calibration);

}  // namespace enough
