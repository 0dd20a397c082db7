// Any text is read as a workflow bundle: it is one, or a sentence says why not. What was read is written and read again
// as the same, and loading it gives a workflow or an error, and never an exception.
#include <enough/workflows/bundle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto read = enough::bundle_from_json({reinterpret_cast<const char*>(data), size});
    const auto* bundle = std::get_if<enough::WorkflowBundle>(&read);
    if (bundle == nullptr) {
        if (std::get<std::string>(read).empty()) std::abort();
        return 0;
    }
    const auto again = enough::bundle_from_json(enough::to_json(*bundle));
    if (!std::holds_alternative<enough::WorkflowBundle>(again)) std::abort();
    if (std::get<enough::WorkflowBundle>(again) != *bundle) std::abort();
    for (const enough::BundledFile& file : bundle->files)
        if (file.text.find("secrets") != std::string::npos) return 0;  // these name files of this machine
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "SET" ? std::optional<std::string>("0.5") : std::nullopt;
    };
    const enough::LoadResult loaded = enough::load_bundle(*bundle, environment);
    const bool failed = std::any_of(loaded.problems.begin(), loaded.problems.end(), [](const enough::Problem& problem) {
        return problem.severity == enough::Severity::error;
    });
    if (failed == (loaded.workflow != nullptr)) std::abort();
    return 0;
}
