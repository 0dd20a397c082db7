// Any bytes are loaded as a workflow: either there is a workflow, or at least one error with its place; never both,
// never neither, and never an exception.
#include <enough/workflows/load.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const char* reads_files : {"include", "file", "workflow", "calibration"})
        if (text.find(reads_files) != std::string_view::npos) return 0;
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "SET" ? std::optional<std::string>("0.5") : std::nullopt;
    };
    const enough::LoadResult result = enough::load_workflow_text(text, "fuzz.yaml", environment);
    const bool failed = std::any_of(result.problems.begin(), result.problems.end(), [](const enough::Problem& problem) {
        return problem.severity == enough::Severity::error;
    });
    if (failed == (result.workflow != nullptr)) std::abort();
    for (const enough::Problem& problem : result.problems)
        if (problem.line < 1 || problem.column < 1 || problem.message.empty()) std::abort();
    return 0;
}
