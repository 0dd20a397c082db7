#pragma once

namespace enough {

/// Of this library and program; the build checks that it is the project's.
inline constexpr const char* version = "0.1.0";

}  // namespace enough
