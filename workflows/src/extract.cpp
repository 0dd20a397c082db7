#include <enough/workflows/extract.hpp>

#include "extract_rules.hpp"
#include "number_text.hpp"

#include <re2/re2.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<ExtractKind, std::string_view>, 6> names = {{
    {ExtractKind::text, "text"},
    {ExtractKind::number, "number"},
    {ExtractKind::boxed, "boxed"},
    {ExtractKind::choice, "choice"},
    {ExtractKind::json, "json"},
    {ExtractKind::regex, "regex"},
}};

// No answer is that long; a server that sends more shall not keep us busy.
constexpr std::size_t most_searched = 1024 * 1024;

std::optional<std::string> extract_text(std::string_view text) {
    const std::string_view trimmed = trim(text);
    if (trimmed.empty()) return std::nullopt;
    return std::string(trimmed);
}

std::optional<std::string> extract_json(std::string_view text, const std::optional<json::json_pointer>& pointer) {
    const std::optional<std::string_view> found = last_json(text);
    if (!found) return std::nullopt;
    const json whole = json::parse(*found, nullptr, false);
    if (whole.is_discarded()) return std::nullopt;
    const json* value = &whole;
    if (pointer) {
        try {
            value = &whole.at(*pointer);
        } catch (const json::exception&) {
            return std::nullopt;
        }
    }
    if (value->is_null()) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    return value->dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::string> extract_regex(std::string_view text, const RE2& pattern) {
    const re2::StringPiece whole(text.data(), text.size());
    const int groups = std::min(pattern.NumberOfCapturingGroups(), 1) + 1;
    std::array<re2::StringPiece, 2> match;
    std::optional<std::string> last;
    std::size_t from = 0;
    while (from <= text.size() && pattern.Match(whole, from, text.size(), RE2::UNANCHORED, match.data(), groups)) {
        // A pattern like \d* matches nothing at the very end of every text.
        const re2::StringPiece& value = match[1].empty() ? match[0] : match[1];
        if (!value.empty()) last = std::string(value.data(), value.size());
        const std::size_t end = static_cast<std::size_t>(match[0].data() - text.data()) + match[0].size();
        from = match[0].empty() ? end + 1 : end;
    }
    return last;
}

std::string folded(std::string_view text) {
    std::string result(trim(text));
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::string without_space(std::string_view text) {
    std::string result(text);
    std::erase_if(result, [](char c) { return std::string_view(" \t\r\n\f\v").find(c) != std::string_view::npos; });
    return result;
}

// A canonical number or fraction as a double, the type in which 1/10 and 0.1 are the same.
std::optional<double> value_of(const std::string& number) {
    const std::size_t slash = number.find('/');
    const auto numerator = read_number(std::string_view(number).substr(0, slash));
    if (!numerator || slash == std::string::npos)
        return numerator ? std::optional<double>(static_cast<double>(*numerator)) : std::nullopt;
    const auto denominator = read_number(std::string_view(number).substr(slash + 1));
    if (!denominator || *denominator == 0) return std::nullopt;
    return static_cast<double>(*numerator) / static_cast<double>(*denominator);
}

bool is_whole(std::string_view number) {
    return number.find_first_not_of("0123456789", number.starts_with('-') ? 1 : 0) == std::string_view::npos;
}

bool same_number(std::string_view a, std::string_view b) {
    const std::optional<std::string> left = extract_number(a);
    const std::optional<std::string> right = extract_number(b);
    if (!left || !right) return folded(a) == folded(b);
    if (*left == *right) return true;
    // Large whole numbers may be one double and yet two numbers.
    if (is_whole(*left) && is_whole(*right)) return false;
    const std::optional<double> l = value_of(*left);
    const std::optional<double> r = value_of(*right);
    return l && r && *l == *r;
}

// What is nothing but a number, apart from the marks that a number in a box comes with.
bool is_bare_number(std::string_view text) {
    const bool plain = text.find_first_not_of("0123456789+-.,/eE%$ \\{}fracdt\xE2\x88\x92") == std::string_view::npos;
    return plain && extract_number(text).has_value();
}

bool same_boxed(std::string_view a, std::string_view b) {
    if (is_bare_number(a) && is_bare_number(b)) return same_number(a, b);
    return without_space(a) == without_space(b);
}

bool same_json(std::string_view a, std::string_view b) {
    if (a == b) return true;
    const json left = json::parse(a, nullptr, false);
    const json right = json::parse(b, nullptr, false);
    return !left.is_discarded() && !right.is_discarded() && left == right;
}

}  // namespace

struct Extractor::Rule {
    ExtractKind kind = ExtractKind::text;
    std::string argument;
    std::unique_ptr<const RE2> pattern;         // of regex
    std::optional<json::json_pointer> pointer;  // of json
};

std::string_view name(ExtractKind kind) {
    for (const auto& [known, text] : names)
        if (known == kind) return text;
    return {};
}

std::optional<ExtractKind> extract_kind_named(std::string_view name) {
    for (const auto& [kind, text] : names)
        if (text == name) return kind;
    return std::nullopt;
}

Extractor::Extractor() : rule_(std::make_shared<const Rule>()) {}

Extractor::Extractor(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}

Extractor Extractor::make(ExtractKind kind, std::string argument) {
    auto rule = std::make_shared<Rule>();
    rule->kind = kind;
    if (kind == ExtractKind::regex) {
        if (argument.empty()) throw std::invalid_argument("extract: regex needs a pattern");
        rule->pattern = std::make_unique<const RE2>(argument, RE2::Quiet);
        if (!rule->pattern->ok()) throw std::invalid_argument("bad pattern: " + rule->pattern->error());
    } else if (kind == ExtractKind::json) {
        try {
            if (!argument.empty()) rule->pointer.emplace(argument);
        } catch (const json::exception&) {
            throw std::invalid_argument(
                "bad JSON pointer: write it like /answer or /items/0 (a ~ in a key is ~0, a / is ~1)");
        }
    } else if (!argument.empty()) {
        throw std::invalid_argument("extract: " + std::string(name(kind)) + " takes no argument");
    }
    rule->argument = std::move(argument);
    return Extractor(std::shared_ptr<const Rule>(std::move(rule)));
}

std::optional<std::string> Extractor::operator()(std::string_view text) const {
    if (rule_->kind == ExtractKind::text) return extract_text(text);
    if (text.size() > most_searched) text.remove_prefix(text.size() - most_searched);
    switch (rule_->kind) {
        case ExtractKind::text:
            break;
        case ExtractKind::number:
            return extract_number(text);
        case ExtractKind::boxed:
            return extract_boxed(text);
        case ExtractKind::choice:
            return extract_choice(text);
        case ExtractKind::json:
            return extract_json(text, rule_->pointer);
        case ExtractKind::regex:
            return extract_regex(text, *rule_->pattern);
    }
    return std::nullopt;
}

ExtractKind Extractor::kind() const {
    return rule_->kind;
}

const std::string& Extractor::argument() const {
    return rule_->argument;
}

bool same_answer(ExtractKind kind, std::string_view a, std::string_view b) {
    switch (kind) {
        case ExtractKind::number:
            return same_number(a, b);
        case ExtractKind::boxed:
            return same_boxed(a, b);
        case ExtractKind::json:
            return same_json(a, b);
        case ExtractKind::text:
        case ExtractKind::choice:
        case ExtractKind::regex:
            break;
    }
    return folded(a) == folded(b);
}

}  // namespace enough
