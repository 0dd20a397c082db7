#pragma once

#include <enough/workflows/workflow.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

enum class Severity { error, warning };

/// One thing that is wrong with a workflow file.
struct Problem {
    Severity severity = Severity::error;
    std::string file;
    int line = 0;         ///< from 1
    int column = 0;       ///< from 1
    std::string path;     ///< `steps[0].ladder[1].gate`
    std::string message;  ///< what is wrong; what was meant

    bool operator==(const Problem&) const = default;
};

/// `file:line:column: path: message`, with `warning: ` before the message of a warning.
std::string to_string(const Problem& problem);

/// Where `${VAR}` is looked up.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct LoadResult {
    std::shared_ptr<const Workflow> workflow;  ///< null when there is an error
    std::vector<Problem> problems;             ///< all of them, in file order
};

/// What to do with calibration files that a workflow names.
enum class Calibrations {
    required,  ///< one that is missing, refused or of other conditions is an error
    ignored,   ///< their gates accept nothing: for calibrating a workflow in the first place
};

/// What `${VAR}` is without a value and a default.
enum class Unset {
    refused,  ///< an error
    shown,    ///< left as it is written, and where that is no fit value, left out: to look at a workflow, not to run it
};

/// What to do with a model's `evidence` pin that a gate can't live with.
enum class Pins {
    required,  ///< it is an error
    ignored,   ///< for measuring the model anew
};

/// Reads, substitutes and checks a workflow, and reports every problem at once. Never throws for what a file says;
/// a file that can't be read is a problem too. Relative paths inside are relative to the file.
LoadResult load_workflow(const std::filesystem::path& file, const Environment& environment = process_environment(),
                         Calibrations calibrations = Calibrations::required, Pins pins = Pins::required,
                         Unset unset = Unset::refused);

/// The same for text; `name` stands for the file in problems, relative paths are relative to the working directory.
LoadResult load_workflow_text(std::string_view text, const std::string& name,
                              const Environment& environment = process_environment(),
                              Calibrations calibrations = Calibrations::required);

/// A workflow that has errors, for callers who want an exception: `what()` lists every problem.
class ConfigError : public std::runtime_error {
public:
    explicit ConfigError(std::vector<Problem> problems);
    const std::vector<Problem>& problems() const { return problems_; }

private:
    std::vector<Problem> problems_;
};

/// `load_workflow_text` that throws `ConfigError` when there are errors.
std::shared_ptr<const Workflow> parse_workflow(std::string_view text, const std::string& name = "workflow.yaml");

/// The published JSON Schema (draft-07) of workflow files.
std::string_view workflow_schema();

}  // namespace enough
