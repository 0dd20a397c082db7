#pragma once

#include "nats/connection.hpp"

#include <enough/orchestrator/fleet.hpp>

#include <memory>
#include <string>

namespace enough::fleet {

/// Connects as told, and says when the connection is lost and regained. Throws `std::runtime_error` in words.
Task<std::unique_ptr<nats::Connection>> connect(FleetServer server, std::string name, FleetNotice notice);

}  // namespace enough::fleet
