#pragma once

#include "nats/error.hpp"

#include <nats/nats.h>

#include <string>
#include <string_view>

namespace enough::nats {

/// What libnats and the server say about a call of this thread that has just failed. `doing` names the call:
/// "publishing to 'jobs'".
Error error_of(natsStatus status, jsErrCode code, std::string_view doing);

/// The server's own words about the last failure of this thread, bounded and printable.
std::string last_words();

}  // namespace enough::nats
