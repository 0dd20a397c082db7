#pragma once

#include <enough/orchestrator/telemetry.hpp>

#include <CLI/CLI.hpp>

namespace enough::cli {

/// Adds `--log` and `--log-level`. `settings` must outlive the parsing.
void add_log_options(CLI::App& verb, LogSettings& settings);

}  // namespace enough::cli
