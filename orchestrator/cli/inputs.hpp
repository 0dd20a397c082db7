#pragma once

#include <enough/workflows/workflow.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace enough::cli {

/// Makes a run's inputs from `NAME=VALUE` and `NAME=@FILE` arguments, read by the inputs' types and completed with
/// defaults. Throws `std::invalid_argument` that lists every fault.
nlohmann::json read_inputs(const Workflow& workflow, const std::vector<std::string>& arguments);

}  // namespace enough::cli
