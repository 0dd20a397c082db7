#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// The offset of the first byte that is not part of well-formed UTF-8; absent if all is well.
std::optional<std::size_t> invalid_utf8(std::string_view text);

/// The number of characters (code points) in well-formed UTF-8.
std::size_t utf8_length(std::string_view text);

/// At most `characters` characters of well-formed UTF-8, with `…` where something was cut off.
std::string utf8_shortened(std::string_view text, std::size_t characters);

}  // namespace enough
