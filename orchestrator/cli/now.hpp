#pragma once

#include <string>

namespace enough::cli {

/// The wall clock, RFC 3339, UTC, in seconds.
std::string now_utc();

}  // namespace enough::cli
