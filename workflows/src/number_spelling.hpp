#pragma once

#include <string>
#include <string_view>

namespace enough {

/// Whether a number may be glued to this word: `12km` is twelve, `2nd` and `3x` are no numbers.
bool is_unit_of_measure(std::string_view word);

/// The text with `-` for U+2212 and `,` and `$` for LaTeX's spellings of them.
std::string plain_number_signs(std::string_view text);

/// Digits without the zeros in front.
std::string significant_digits(std::string_view digits);

}  // namespace enough
