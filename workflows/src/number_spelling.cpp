#include "number_spelling.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace enough {

bool is_unit_of_measure(std::string_view word) {
    static constexpr std::array<std::string_view, 17> units = {"mm", "cm", "m",   "km", "mg", "g",   "kg",  "ml", "l",
                                                               "s",  "ms", "min", "h",  "hr", "mph", "kmh", "kph"};
    return std::find(units.begin(), units.end(), word) != units.end();
}

std::string plain_number_signs(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> spellings = {
        {{"\xE2\x88\x92", "-"}, {"{,}", ","}, {",\\!", ","}, {"\\$", "$"}}};
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t ordinary = std::min(text.find_first_of("\xE2{,\\"), text.size());
        result += text.substr(0, ordinary);
        text.remove_prefix(ordinary);
        if (text.empty()) break;
        const auto found = std::find_if(spellings.begin(), spellings.end(),
                                        [text](const auto& spelling) { return text.starts_with(spelling.first); });
        if (found != spellings.end()) {
            result += found->second;
            text.remove_prefix(found->first.size());
        } else {
            result += text.front();
            text.remove_prefix(1);
        }
    }
    return result;
}

std::string significant_digits(std::string_view digits) {
    const std::size_t first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

}  // namespace enough
