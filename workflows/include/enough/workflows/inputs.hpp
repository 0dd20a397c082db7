#pragma once

#include <enough/workflows/workflow.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace enough {

/// Checks `given` (a JSON object) against the workflow's inputs and fills in defaults. Every fault (unknown name with
/// did-you-mean, missing required input, wrong type) is appended to `faults`; the result is complete if there are none.
nlohmann::json check_inputs(const Workflow& workflow, const nlohmann::json& given, std::vector<std::string>& faults);

/// Reads `text` as a value of the input's type (`3.5` for a number). Throws `std::invalid_argument` saying what was
/// meant.
nlohmann::json parse_input(InputType type, const std::string& text);

}  // namespace enough
