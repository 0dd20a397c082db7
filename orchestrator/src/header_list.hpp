#pragma once

#include <string_view>
#include <vector>

namespace enough {

/// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view text);

/// The members of a list with commas between them, trimmed, without the empty ones (RFC 9110, 5.6.1).
std::vector<std::string_view> list_members(std::string_view list);

}  // namespace enough
