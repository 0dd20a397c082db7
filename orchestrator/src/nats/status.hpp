#pragma once

#include "nats/error.hpp"

#include <nats/nats.h>

#include <string>
#include <string_view>

namespace enough::nats {

/// What libnats and the server say about a call of this thread that has just failed. `doing` names the call:
/// "publishing to 'jobs'".
Error error_of(natsStatus status, jsErrCode code, std::string_view doing);

/// What libnats has to say about `status`, of this thread's last failure if that is what it was: bounded and printable.
std::string words_about(natsStatus status);

}  // namespace enough::nats
