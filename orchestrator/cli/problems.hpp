#pragma once

#include <enough/workflows/load.hpp>

#include <memory>
#include <string>
#include <vector>

namespace enough::cli {

/// How a verb answers when its file is bad.
enum class Format { text, json };

/// Whether a verb tells of what it can do without: `-q` leaves that out.
enum class Warnings { shown, left_out };

/// Loads a workflow for a verb that needs it. Errors are printed (text: on standard error, with warnings; json: as
/// `{"error", "problems"}` on standard output) and null comes back.
std::shared_ptr<const Workflow> load_or_explain(const std::string& file, Format format,
                                                Calibrations calibrations = Calibrations::required,
                                                Pins pins = Pins::required, Warnings warnings = Warnings::shown,
                                                Unset unset = Unset::refused);

/// The `problems` of JSON outputs.
std::string problems_json(const std::vector<Problem>& problems);

/// A message on the way out with exit code 2: on standard error, and as `{"error"}` on standard output for scripts.
void explain(const std::string& message, Format format);

}  // namespace enough::cli
