#pragma once

#include <enough/orchestrator/telemetry.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace enough::cli {

/// `--otlp` and `--trace-content`.
struct TraceArguments {
    std::string otlp;
    bool content = false;

    void add_to(CLI::App& verb);

    /// With what the environment says. Absent: no traces. Throws `std::invalid_argument` for what can't be used.
    std::optional<TraceSettings> settings() const;
};

}  // namespace enough::cli
