#pragma once

#include <optional>
#include <string_view>

namespace enough {

/// The number that the whole of `text` is in JSON's spelling (spaces around it and a leading `+` are forgiven); absent
/// for anything else, `inf`, `0x10` and `1,000` included. `long double` holds every 64-bit integer exactly.
std::optional<long double> read_number(std::string_view text);

/// `text` without the ASCII white space around it.
std::string_view trim(std::string_view text);

}  // namespace enough
