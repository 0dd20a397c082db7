#pragma once

#include "nats/connection.hpp"
#include "nats/handles.hpp"
#include "nats/server_address.hpp"

#include <vector>

namespace enough::nats {

/// What libnats is to know of a connection, but for its callbacks.
Result<OptionsHandle> make_options(const ConnectionSettings& settings, const std::vector<ServerAddress>& servers);

}  // namespace enough::nats
