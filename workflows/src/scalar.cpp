#include "scalar.hpp"

#include "utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace enough {
namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && digit(text[at]))
        ++at;
    return at;
}

std::string_view without_plus(std::string_view text) {
    return text.starts_with('+') ? text.substr(1) : text;
}

bool only(std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

/// [-+]?[0-9]+ or 0o[0-7]+ or 0x[0-9a-fA-F]+
bool looks_integer(std::string_view text) {
    if (text.starts_with("0o")) return only(text.substr(2), "01234567");
    if (text.starts_with("0x")) return only(text.substr(2), "0123456789abcdefABCDEF");
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return only(text, "0123456789");
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? or an infinity or .nan
bool looks_number(std::string_view text) {
    if (one_of(text, {".nan", ".NaN", ".NAN"})) return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (one_of(text, {".inf", ".Inf", ".INF"})) return true;
    const std::size_t whole = skip_digits(text, 0);
    std::size_t at = whole;
    if (at < text.size() && text[at] == '.') {
        at = skip_digits(text, at + 1);
        if (whole == 0 && at == 1) return false;
    } else if (whole == 0) {
        return false;
    }
    if (at == text.size()) return true;
    if (text[at] != 'e' && text[at] != 'E') return false;
    if (++at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    return at < text.size() && skip_digits(text, at) == text.size();
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    int base = 10;
    if (text.starts_with("0o")) base = 8;
    if (text.starts_with("0x")) base = 16;
    text = base == 10 ? without_plus(text) : text.substr(2);
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

ScalarType scalar_type(const Node& scalar) {
    const std::string_view text = scalar.text;
    if (!scalar.plain) return ScalarType::text;
    if (one_of(text, {"", "~", "null", "Null", "NULL"})) return ScalarType::null;
    if (one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarType::boolean;
    if (looks_integer(text)) return ScalarType::integer;
    if (looks_number(text)) return ScalarType::number;
    return ScalarType::text;
}

std::optional<bool> as_boolean(const Node& scalar) {
    if (scalar.kind != NodeKind::scalar || scalar_type(scalar) != ScalarType::boolean) return std::nullopt;
    return scalar.text.front() == 't' || scalar.text.front() == 'T';
}

std::optional<double> as_number(const Node& scalar) {
    if (scalar.kind != NodeKind::scalar) return std::nullopt;
    const ScalarType type = scalar_type(scalar);
    if (type == ScalarType::integer) {
        if (const auto value = parse_integer(scalar.text)) return static_cast<double>(*value);
    } else if (type != ScalarType::number) {
        return std::nullopt;
    }
    const std::string_view text = without_plus(scalar.text);
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<std::int64_t> as_integer(const Node& scalar) {
    if (scalar.kind != NodeKind::scalar) return std::nullopt;
    if (scalar_type(scalar) == ScalarType::integer) return parse_integer(scalar.text);
    constexpr double exact = 9007199254740992.0;  // 2^53: beyond it a double is no certain integer
    const auto value = as_number(scalar);
    if (!value || std::abs(*value) > exact || std::trunc(*value) != *value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::string in_quotes(std::string_view text) {
    std::string result = utf8_shortened(text, 60);
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return "'" + result + "'";
}

std::string shown(const Node& scalar) {
    return in_quotes(scalar.variable.empty() ? scalar.text : scalar.variable);
}

std::string describe(const Node& node) {
    if (node.kind == NodeKind::list) return node.items.empty() ? "an empty list" : "a list";
    if (node.kind == NodeKind::map) return node.entries.empty() ? "an empty map" : "a map";
    if (!node.variable.empty() && !node.plain)
        return fmt::format("text, because {} stands in quotes", in_quotes(node.variable));
    if (!node.variable.empty()) return "what " + in_quotes(node.variable) + " stands for";
    switch (scalar_type(node)) {
        case ScalarType::null:
            return "nothing";
        case ScalarType::boolean:
        case ScalarType::integer:
        case ScalarType::number:
            return utf8_shortened(node.text, 40);
        case ScalarType::text:
            return in_quotes(node.text);
    }
    return "something else";
}

}  // namespace enough
