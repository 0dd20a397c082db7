#include "field_types.hpp"

#include "scalar.hpp"
#include "suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>

namespace enough::type {
namespace {

/// The scalar's text if text may be read from it.
const std::string* text_of(const Value& value) {
    const Node& node = value.node();
    if (node.kind != NodeKind::scalar || node.broken) return nullptr;
    return !node.variable.empty() || scalar_type(node) == ScalarType::text ? &node.text : nullptr;
}

}  // namespace

std::optional<std::string> Text::operator()(const Value& value) const {
    const std::string* text = text_of(value);
    if (text == nullptr) {
        const bool number_like = value.is_scalar() && scalar_type(value.node()) != ScalarType::null;
        return value.expected(number_like ? "text (in quotes)" : "text");
    }
    if (text->find_first_not_of(" \t\r\n") == std::string::npos && !may_be_empty) {
        value.error("expected text, found nothing but blanks");
        return std::nullopt;
    }
    return *text;
}

std::optional<std::string> SecretText::operator()(const Value& value) const {
    const std::string* text = text_of(value);
    if (text == nullptr) {
        value.error("expected text (in quotes)");
        return std::nullopt;
    }
    for (const char c : *text) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) continue;
        value.error("expected one line without control characters");
        return std::nullopt;
    }
    return *text;
}

std::optional<bool> Boolean::operator()(const Value& value) const {
    const auto boolean = as_boolean(value.node());
    if (!boolean) return value.expected("true or false");
    return boolean;
}

std::optional<double> Number::operator()(const Value& value) const {
    const auto number = as_number(value.node());
    const bool fits =
        number && (!least || *number >= *least) && (!above || *number > *above) && (!most || *number <= *most);
    if (fits) return number;
    std::string meant = "a number";
    if (above) meant += fmt::format(" above {}", *above);
    if (least && most) meant += fmt::format(" from {} to {}", *least, *most);
    if (least && !most) meant += fmt::format(", {} or more", *least);
    if (!least && most) meant += fmt::format("{} at most {}", above ? "," : "", *most);
    return value.expected(meant);
}

template <class Integer>
std::optional<Integer> Whole<Integer>::operator()(const Value& value) const {
    const auto number = as_integer(value.node());
    if (number && *number >= static_cast<std::int64_t>(least) && *number <= most) return static_cast<Integer>(*number);
    if (std::cmp_less_equal(least, -largest_count)) return value.expected("a whole number");
    if (most == largest_count || most == std::numeric_limits<int>::max())
        return value.expected(fmt::format("a whole number, {} or more", least));
    return value.expected(fmt::format("a whole number from {} to {}", least, most));
}

template struct Whole<int>;
template struct Whole<std::int64_t>;
template struct Whole<std::uint32_t>;
template struct Whole<std::uint64_t>;

std::optional<std::int64_t> FormatVersion::operator()(const Value& value) const {
    const auto version = as_integer(value.node());
    if (version != 1) return value.expected("1, the version of this format");
    return version;
}

std::optional<std::chrono::milliseconds> Duration::operator()(const Value& value) const {
    constexpr std::string_view meant = "a duration such as 30s";
    if (!value.is_scalar()) return value.expected(meant);
    const std::string& text = value.node().text;
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string::npos || text[0] == '.' || text[digits - 1] == '.')
        return value.expected(meant);
    double amount = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + digits, amount, std::chars_format::fixed);
    if (fault != std::errc{} || end != text.data() + digits) return value.expected(meant);
    const std::string_view unit = std::string_view(text).substr(digits);
    const double factor = unit == "ms" ? 1 : unit == "s" ? 1e3 : unit == "m" ? 60e3 : unit == "h" ? 3600e3 : 0;
    constexpr double longest = 1000.0 * 24 * 3600e3;
    if (factor == 0) return value.expected(meant);
    const double milliseconds = std::ceil(amount * factor - 1e-9);
    if (milliseconds < 1 || milliseconds > longest) return value.expected("a duration above 0, at most 24000h");
    return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

std::optional<std::size_t> Word::operator()(const Value& value) const {
    const std::string* text = text_of(value);
    if (text != nullptr) {
        for (std::size_t i = 0; i < words.size(); ++i)
            if (words[i] == *text) return i;
    }
    std::string message = fmt::format("expected {}, found {}", fmt::join(words, ", "), describe(value.node()));
    if (text != nullptr && value.node().variable.empty())
        message += did_you_mean(*text, std::vector<std::string>(words.begin(), words.end()));
    value.error(std::move(message));
    return std::nullopt;
}

}  // namespace enough::type
