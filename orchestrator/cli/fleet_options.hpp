#pragma once

#include <enough/orchestrator/fleet.hpp>

#include <CLI/CLI.hpp>

namespace enough::cli {

/// `--nats`, `--nats-credentials` and `--nats-ca`. Without `--nats` the server's urls are empty.
void add_fleet_options(CLI::App& verb, FleetServer& server, bool required);

}  // namespace enough::cli
