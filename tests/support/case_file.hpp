#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace enough::test {

/// A workflow with scripted answers and what must come of it. The format is told in tests/cases/README.md.
struct CaseFile {
    std::string about;
    std::string workflow;
    nlohmann::json inputs = nlohmann::json::object();
    std::map<std::string, std::string> files;      ///< beside the workflow: name -> content
    std::map<std::string, std::string> approvals;  ///< step -> `yes` or `no`, and a comment after it
    /// server -> tool -> what it gives; what begins with `error: ` is an error
    std::map<std::string, std::map<std::string, std::string>> tools;
    std::string cancel_at;  ///< the trace line at which the run is cancelled; empty = never

    std::string status;
    std::optional<std::string> output;  ///< absent = the run must give none
    std::optional<std::string> error;   ///< a part of the error's text; absent = there must be none
    std::vector<std::string> trace;
    std::map<std::string, nlohmann::json> report;      ///< JSON pointer -> value
    std::map<int, std::vector<std::string>> messages;  ///< call -> `role: content` of each message
};

/// Throws `std::runtime_error` for a file that is no case, unknown keys included.
CaseFile read_case(const std::filesystem::path& file);

}  // namespace enough::test
