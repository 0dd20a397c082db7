#pragma once

#include <string>

namespace enough {

/// Two numbers as text. Both have two decimals, or as many more as the texts need to compare like the numbers: a
/// reason never says `0.58 > 0.58`.
struct PrintedPair {
    std::string left;
    std::string right;
};
PrintedPair print_to_compare(double left, double right);

}  // namespace enough
