#pragma once

#include <enough/orchestrator/evaluation_report.hpp>

#include <string>
#include <vector>

namespace enough {

/// What a policy does with one item, in numbers; a policy that draws lots has expected values.
struct PolicyNumbers {
    double right = 0;
    double calls = 0;
    double input_tokens = 0;
    double cached_input_tokens = 0;
    double output_tokens = 0;
    double usd = 0;
    double latency_ms = 0;
};

/// A policy on all items of an evaluation.
struct ComparedPolicy {
    std::string name;
    std::string label;
    bool counted = true;  ///< each item is right or wrong; false: expected values
    std::vector<PolicyNumbers> items;
};

/// The workflow, its yardsticks, a random stop at the same rate and a gate on the answer's length.
std::vector<ComparedPolicy> compared_policies(const Evaluation& evaluation);

/// The `policies` of the report: each with its means and its paired differences from the full path.
nlohmann::ordered_json policies_json(const Evaluation& evaluation, const ReportSettings& settings);

}  // namespace enough
