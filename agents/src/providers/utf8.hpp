#pragma once

#include <string>
#include <string_view>

namespace enough {

/// Appends a code point, which must be below 0x110000 and no surrogate.
void append_utf8(std::string& out, unsigned code);

/// Whether text is well-formed UTF-8 (Unicode, table 3-7).
bool is_utf8(std::string_view text);

}  // namespace enough
