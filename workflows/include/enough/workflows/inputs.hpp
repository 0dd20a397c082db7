#pragma once

#include <enough/workflows/workflow.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace enough {

/// Checks `given` (a JSON object) against the workflow's inputs and fills in defaults. Every fault (unknown name with
/// did-you-mean, missing required input, wrong type) is appended to `faults`; the result is complete if there are none.
nlohmann::json check_inputs(const Workflow& workflow, const nlohmann::json& given, std::vector<std::string>& faults);

/// The same for one input that the workflow has: `value` as the type wants it; null, with a fault, if it is of another.
nlohmann::json check_input(const Workflow& workflow, const std::string& name, const nlohmann::json& value,
                           std::vector<std::string>& faults);

/// Reads `text` as a value of the input's type (`3.5` for a number, JSON, at most 100 levels deep, for a list or an
/// object). Throws `std::invalid_argument` saying what was meant.
nlohmann::json parse_input(InputType type, const std::string& text);

}  // namespace enough
