#include "nats/subject_names.hpp"

#include <algorithm>
#include <cstddef>

namespace enough::nats {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr char escape = '_';
constexpr std::size_t longest_subject = 1'000;
constexpr std::size_t longest_name = 200;

// Not std::isalnum: bytes, whatever the locale.
bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

bool in_key(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '/' || c == '=') return true;
    const bool inside = at > 0 && at + 1 < text.size();
    return c == '.' && inside && text[at - 1] != '.' && text[at + 1] != '.';
}

bool is_token(std::string_view token) {
    const auto takes = [](char c) { return (c > ' ' || c < 0) && c != 127 && c != '*' && c != '>'; };
    return !token.empty() && std::all_of(token.begin(), token.end(), takes);
}

std::string escaped(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return {escape, digits[byte >> 4], digits[byte & 15]};
}

/// Absent if it is not an escape. At the end of the text: nothing.
std::optional<char> unescaped(std::string_view token, std::size_t at) {
    if (at + 2 >= token.size()) return std::nullopt;
    const auto high = digits.find(token[at + 1]);
    const auto low = digits.find(token[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    return static_cast<char>(high * 16 + low);
}

std::optional<std::string> read(std::string_view name) {
    std::string text;
    if (name.size() == 1 && name[0] == escape) return text;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] != escape) {
            text += name[at];
            continue;
        }
        const std::optional<char> c = unescaped(name, at);
        if (!c) return std::nullopt;
        text += *c;
        at += 2;
    }
    return text;
}

}  // namespace

std::string subject_token(std::string_view text) {
    if (text.empty()) return {escape};
    std::string token;
    for (const char c : text) {
        if (stands_for_itself(c))
            token += c;
        else
            token += escaped(c);
    }
    return token;
}

std::string bucket_key(std::string_view text) {
    if (text.empty()) return {escape};
    std::string key;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (stands_for_itself(text[at]) || in_key(text, at))
            key += text[at];
        else
            key += escaped(text[at]);
    }
    return key;
}

// What no text gives is no name of ours: writing it anew tells.
std::optional<std::string> text_of_token(std::string_view token) {
    std::optional<std::string> text = read(token);
    if (text && subject_token(*text) != token) return std::nullopt;
    return text;
}

std::optional<std::string> text_of_key(std::string_view key) {
    std::optional<std::string> text = read(key);
    if (text && bucket_key(*text) != key) return std::nullopt;
    return text;
}

bool is_subject(std::string_view text, Wildcards wildcards) {
    if (text.empty() || text.size() > longest_subject) return false;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find('.', begin), text.size());
        const std::string_view token = text.substr(begin, end - begin);
        const bool wild = token == "*" || (token == ">" && end == text.size());
        if (wild && wildcards == Wildcards::none) return false;
        if (!wild && !is_token(token)) return false;
        begin = end + 1;
    }
    return true;
}

bool is_stream_name(std::string_view text) {
    return text.size() <= longest_name && is_token(text) && text.find_first_of("./\\") == std::string_view::npos;
}

bool is_bucket_key(std::string_view key) {
    if (key.size() > longest_subject / 2 || key.empty() || key.front() == '.' || key.back() == '.' ||
        key.find("..") != std::string_view::npos)
        return false;
    for (const char c : key) {
        if (!stands_for_itself(c) && c != '/' && c != '=' && c != '.' && c != '_') return false;
    }
    return true;
}

}  // namespace enough::nats
