#include "extract_rules.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace enough {
namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_choice(char c) {
    return c >= 'A' && c <= 'E';
}
char at(std::string_view text, std::size_t offset) {
    return offset < text.size() ? text[offset] : '\0';
}

// "A train leaves ..." against "A is right": the article is followed by a word that no verdict begins with.
bool is_article(std::string_view text, std::size_t letter) {
    static constexpr std::array<std::string_view, 22> verdicts = {
        "is",  "was", "because", "since", "as",    "and",   "or",      "with", "for",  "by",  "which",
        "due", "but", "so",      "if",    "would", "seems", "matches", "fits", "must", "has", "follows"};
    if (text[letter] != 'A' || at(text, letter + 1) != ' ' || !is_lower(at(text, letter + 2))) return false;
    std::size_t end = letter + 2;
    while (end < text.size() && is_word(text[end]) && end - letter < 16)
        ++end;
    const std::string_view word = text.substr(letter + 2, end - letter - 2);
    return std::find(verdicts.begin(), verdicts.end(), word) == verdicts.end();
}

// Not part of a word, of "C++", "C#", "E-mail", "A's", "D.C." or "25 °C" (whose sign is a word character here).
bool stands_alone(std::string_view text, std::size_t letter) {
    const char before = letter > 0 ? text[letter - 1] : '\0';
    const char next = at(text, letter + 1);
    const char after_next = at(text, letter + 2);
    if (is_word(before) || is_word(next) || next == '+' || next == '#') return false;
    if ((before == '-' || before == '.' || before == '\'') && letter > 1 && is_word(text[letter - 2])) return false;
    if ((next == '-' || next == '\'' || next == '.') && is_word(after_next)) return false;
    return !is_article(text, letter);
}

struct Found {
    std::size_t offset;
    char letter;
};

// The last letter in group 1 of the pattern.
std::optional<Found> last_match(const RE2& pattern, std::string_view text) {
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece groups[2];
    std::optional<Found> last;
    for (std::size_t from = 0; pattern.Match(whole, from, text.size(), RE2::UNANCHORED, groups, 2);) {
        const auto offset = static_cast<std::size_t>(groups[1].data() - text.data());
        if (!is_article(text, offset)) last = Found{offset, static_cast<char>(text[offset] & ~0x20)};
        from = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
    }
    return last;
}

std::optional<Found> boxed_letter(std::string_view text) {
    static const RE2 only_letter(R"(\W*(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?\W*([A-Ea-e])(?:[).:,}\s].*)?)",
                                 RE2::Quiet);
    const std::optional<Box> box = last_box(text);
    if (!box) return std::nullopt;
    re2::StringPiece letter;
    if (!RE2::FullMatch(re2::StringPiece(box->content.data(), box->content.size()), only_letter, &letter))
        return std::nullopt;
    return Found{box->begin, static_cast<char>(letter[0] & ~0x20)};
}

// "The answer is (B)", "Answer: **C**", "the correct option would be D"; small letters only in brackets.
std::optional<Found> announced_letter(std::string_view text) {
    static const RE2 upper(
        R"((?i:\b(?:answer|(?:correct|right|best|final)\s+(?:option|choice))\b)(?i:\s+(?:is|was|would\s+be|should\s+be|must\s+be))?)"
        R"((?i:\W{0,8}(?:option|choice)\b)?[\s:=*_"'(\[{$]{1,12}(?:\\(?:text|textbf|mathrm|mathbf)\{\W?)?([A-E])\b)",
        RE2::Quiet);
    static const RE2 lower(R"((?i:\b(?:answer|option|choice)\b)(?i:\s+is)?[\s:=*_]{1,12}\(([a-e])\))", RE2::Quiet);
    std::optional<Found> found = last_match(upper, text);
    const std::optional<Found> small = last_match(lower, text);
    if (small && (!found || small->offset > found->offset)) found = small;
    return found;
}

std::optional<Found> emphasised_letter(std::string_view text) {
    static const RE2 bold(R"((?:\*\*|__)[\s("\[]*([A-E])(?:[).:\]\s,][^*_\n]{0,200})?(?:\*\*|__))", RE2::Quiet);
    return last_match(bold, text);
}

std::optional<Found> lone_letter(std::string_view text) {
    for (std::size_t i = text.size(); i > 0; --i)
        if (is_choice(text[i - 1]) && stands_alone(text, i - 1)) return Found{i - 1, text[i - 1]};
    return std::nullopt;
}

}  // namespace

std::optional<std::string> extract_choice(std::string_view text) {
    const std::optional<Found> boxed = boxed_letter(text);
    const std::optional<Found> announced = announced_letter(text);
    std::optional<Found> found = boxed;
    if (announced && (!boxed || announced->offset > boxed->offset)) found = announced;
    if (!found) found = emphasised_letter(text);
    if (!found) found = lone_letter(text);
    if (!found) return std::nullopt;
    return std::string(1, found->letter);
}

}  // namespace enough
