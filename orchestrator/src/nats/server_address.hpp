#pragma once

#include "nats/error.hpp"

#include <string>

namespace enough::nats {

struct ServerAddress {
    std::string url;    ///< as libnats takes it, with what we identify ourselves by: never to be shown
    std::string host;   ///< without brackets
    std::string shown;  ///< host:port
    bool tls = false;
};

/// Reads `nats://HOST:PORT` or `tls://…`, where scheme and port may be missing. The error does not show the text before
/// an `@`.
Result<ServerAddress> read_server_address(const std::string& text);

}  // namespace enough::nats
