#include "comparison.hpp"

#include <fmt/format.h>

#include <charconv>
#include <compare>

namespace enough {

namespace {

double parse(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

PrintedPair print_to_compare(double left, double right) {
    for (int decimals = 2; decimals <= 17; ++decimals) {
        PrintedPair printed{fmt::format("{:.{}f}", left, decimals), fmt::format("{:.{}f}", right, decimals)};
        if ((parse(printed.left) <=> parse(printed.right)) == (left <=> right)) return printed;
    }
    return {fmt::format("{}", left), fmt::format("{}", right)};  // the shortest texts that read back as the numbers
}

}  // namespace enough
