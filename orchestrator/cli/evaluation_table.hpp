#pragma once

#include <nlohmann/json_fwd.hpp>

namespace enough::cli {

/// Shows an evaluation report to people, on standard output.
void print_evaluation(const nlohmann::ordered_json& report);

}  // namespace enough::cli
