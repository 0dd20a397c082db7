#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace enough {

/// Wall clock, to the microsecond.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

WallTime wall_time_now();
/// `2026-01-31T12:00:00.000Z`
std::string rfc3339(WallTime time);
/// The same back, also with fewer digits of a second; or seconds since 1970. Absent for anything else.
std::optional<WallTime> read_wall_time(const std::string& text);

}  // namespace enough
