#include "number_text.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace enough {
namespace {

template <class T>
std::optional<T> read_whole(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && is_digit(text[at]))
        ++at;
    return at;
}

// -?digits(.digits)?([eE][+-]?digits)?
bool is_spelled_as_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    std::size_t end = skip_digits(text, at);
    if (end == at) return false;
    at = end;
    if (at < text.size() && text[at] == '.') {
        end = skip_digits(text, at + 1);
        if (end == at + 1) return false;
        at = end;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        end = skip_digits(text, at);
        if (end == at) return false;
        at = end;
    }
    return at == text.size();
}

}  // namespace

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

std::optional<long double> read_number(std::string_view text) {
    text = trim(text);
    if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
    if (!is_spelled_as_number(text)) return std::nullopt;
    if (const auto value = read_whole<std::int64_t>(text)) return static_cast<long double>(*value);
    if (const auto value = read_whole<std::uint64_t>(text)) return static_cast<long double>(*value);
    // Through double, so that the text 0.1 equals the JSON number 0.1.
    if (const auto value = read_whole<double>(text)) return static_cast<long double>(*value);
    return std::nullopt;
}

}  // namespace enough
