#pragma once

#include <enough/policies/evidence_pin.hpp>
#include <enough/workflows/load.hpp>

#include <filesystem>
#include <string>
#include <variant>

namespace enough {

/// A pin as it stands in a workflow file: `evidence: {k: 20, mode: raw}`.
std::string pin_text(const EvidencePin& pin);

/// A file with a model's pin put in, everything else byte for byte as it was.
struct PinEdit {
    std::filesystem::path file;  ///< where the model stands: the workflow, or a file that it includes
    std::string text;            ///< its whole new content
};

/// Puts a pin into the file where the model stands, in place of an earlier one. The new text was read again: it says
/// the same as before, and the pin. Where that can't be done safely (an anchor that other models share, say), why.
/// Writes nothing.
std::variant<PinEdit, std::string> edit_pin(const std::filesystem::path& workflow_file, const std::string& model,
                                            const EvidencePin& pin,
                                            const Environment& environment = process_environment());

}  // namespace enough
