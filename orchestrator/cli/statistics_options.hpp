#pragma once

#include <enough/policies/bootstrap.hpp>
#include <enough/policies/risk_control.hpp>

#include <CLI/CLI.hpp>

namespace enough::cli {

/// `--epsilon`, `--delta`, `--seed` and `--replicates`.
void add_statistics_options(CLI::App& verb, RiskTarget& target, BootstrapSettings& bootstrap);

}  // namespace enough::cli
