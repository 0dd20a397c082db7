#include <enough/policies/constant_budget.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace enough {
namespace {

constexpr std::int64_t one = 1'000'000;
constexpr std::size_t places = 6;
constexpr std::int64_t most_calls = 1'000;
constexpr std::int64_t most_items = 1'000'000'000'000;

/// Digits and nothing else.
std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return std::nullopt;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<CallsPerItem> CallsPerItem::parse(std::string_view text) {
    const std::size_t point = text.find('.');
    const auto whole = whole_number(text.substr(0, point));
    if (!whole || *whole < 1 || *whole > most_calls) return std::nullopt;
    std::int64_t millionths = *whole * one;
    if (point != std::string_view::npos) {
        std::string fraction(text.substr(point + 1));
        if (fraction.empty() || fraction.size() > places) return std::nullopt;
        fraction.resize(places, '0');
        const auto part = whole_number(fraction);
        if (!part) return std::nullopt;
        millionths += *part;
    }
    if (millionths > most_calls * one) return std::nullopt;
    return CallsPerItem(millionths);
}

std::int64_t CallsPerItem::for_items(std::int64_t items) const {
    const std::int64_t n = std::clamp<std::int64_t>(items, 0, most_items);
    // In two parts, so that nothing overflows: at most 10^12 * 1000 and 10^12 * 10^6.
    return n * (millionths_ / one) + n * (millionths_ % one) / one;
}

std::string CallsPerItem::text() const {
    std::string text = std::to_string(millionths_ / one);
    if (millionths_ % one == 0) return text;
    std::string fraction = std::to_string(one + millionths_ % one).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
}

double need(Signal signal, std::optional<double> value) {
    return value && std::isfinite(*value) ? unsureness(signal, *value) : neediest;
}

std::int64_t order_of_need(double need) {
    // The bits of non-negative IEEE 754 numbers order as the numbers do; those of negative ones the other way round.
    const auto bits = std::bit_cast<std::int64_t>(need == 0 ? 0.0 : need);
    return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
}

}  // namespace enough
