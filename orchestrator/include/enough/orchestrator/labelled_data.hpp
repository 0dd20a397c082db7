#pragma once

#include <enough/workflows/grader.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// One line of a data file: `{"id": …, "inputs": {…}, "expected": …}`.
struct DataItem {
    nlohmann::json id;
    nlohmann::json inputs;    ///< complete, defaults filled in
    nlohmann::json expected;  ///< null: unlabelled
    int line = 0;
};

/// What lines must have besides an `id` of their own and inputs that fit the workflow.
enum class Labels { optional, required };

/// Reads a data file whole, before anything is asked. Empty lines are skipped. Throws `std::invalid_argument` that
/// lists every bad line (at most 20 in words): no JSON, no or an equal `id` (compared as JSON values), inputs that do
/// not fit, an `expected` that is missing or that the grader can't use. Lines over 16 MiB, values nested more
/// than 100 deep and files without items are refused.
std::vector<DataItem> read_data(std::istream& in, const std::string& name, const Workflow& workflow, Labels labels,
                                const std::optional<Grader>& grader);
std::vector<DataItem> read_data(const std::filesystem::path& file, const Workflow& workflow, Labels labels,
                                const std::optional<Grader>& grader);

}  // namespace enough
