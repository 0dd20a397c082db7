#pragma once

#include <string>

namespace enough {

/// SHA-256 in lower-case hexadecimal.
std::string sha256(const std::string& text);

}  // namespace enough
