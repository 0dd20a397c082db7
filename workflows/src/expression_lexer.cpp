#include "expression_lexer.hpp"

#include "utf8.hpp"

#include <enough/workflows/expression_error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t longest_path = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
    return is_letter(c) || is_digit(c);
}
bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void append_utf8(std::string& text, char32_t code) {
    const auto byte = [&text](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
    const auto tail = [&byte, code](int shift) { byte(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        byte(0xF0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

bool is_keyword(std::string_view text) {
    static constexpr std::array<std::string_view, 7> keywords = {"and", "or", "not", "in", "true", "false", "null"};
    for (const std::string_view keyword : keywords)
        if (text == keyword) return true;
    return false;
}

// What people write who come from other languages, longest first.
std::string_view advice(std::string_view rest) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> habits = {{
        {"===", "'===' is not an operator; write '=='"},
        {"!==", "'!==' is not an operator; write '!='"},
        {"&&", "'&&' is not an operator; write 'and'"},
        {"||", "'||' is not an operator; write 'or'"},
        {"<>", "'<>' is not an operator; write '!='"},
        {"=>", "'=>' is not an operator; write '>='"},
        {"=", "'=' compares nothing; write '=='"},
        {"!", "'!' is not an operator; write 'not'"},
        {"|", "'|' is not an operator; there are no filters"},
        {"{", "'{' starts nothing here; to write '{{' itself in a template, use {{ \"{{\" }}"},
        {"+", "'+' is not an operator; expressions do no arithmetic"},
        {"-", "'-' is not an operator; expressions do no arithmetic"},
        {"*", "'*' is not an operator; expressions do no arithmetic"},
        {"/", "'/' is not an operator; expressions do no arithmetic"},
        {"\xE2\x80\x9C", "typographic quotes hold no string; write \"...\""},
        {"\xE2\x80\x98", "typographic quotes hold no string; write '...'"},
    }};
    for (const auto& [spelling, message] : habits)
        if (rest.starts_with(spelling)) return message;
    return {};
}

}  // namespace

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 40;
    std::size_t end = std::min(longest, text.size());
    while (end > 0 && end < text.size() && is_continuation(text[end]))
        --end;
    // Messages end up in JSON and on terminals.
    std::string quoted = "'";
    for (const char c : text.substr(0, end))
        quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    if (invalid_utf8(quoted)) return "a byte that is not UTF-8";
    return quoted + (end < text.size() ? "…'" : "'");
}

char ExpressionLexer::peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

void ExpressionLexer::skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
        ++at_;
}

Lexeme ExpressionLexer::lexeme(LexemeKind kind, std::size_t begin) const {
    Lexeme result;
    result.kind = kind;
    result.offset = begin;
    result.text = text_.substr(begin, at_ - begin);
    return result;
}

Lexeme ExpressionLexer::next() {
    skip_space();
    if (at_ == text_.size()) return lexeme(LexemeKind::end, at_);
    const char c = peek();
    if (is_digit(c) || (c == '-' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return string();
    if (is_letter(c)) return reference_or_word();
    return symbol();
}

Lexeme ExpressionLexer::number() {
    const std::size_t begin = at_;
    const auto digits = [this] {
        const std::size_t first = at_;
        while (is_digit(peek()))
            ++at_;
        return at_ > first;
    };
    if (peek() == '-') ++at_;
    const std::size_t integer = at_;
    bool good = digits();
    good = good && (text_[integer] != '0' || at_ == integer + 1);
    if (peek() == '.') {
        ++at_;
        good = digits() && good;
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        good = digits() && good;
    }
    for (; is_name(peek()) || peek() == '.'; ++at_)
        good = false;
    Lexeme result = lexeme(LexemeKind::number, begin);
    if (!good) throw ExpressionError(quote(result.text) + " is not a number", begin);
    result.value = nlohmann::json::parse(result.text, nullptr, false);
    const bool finite = result.value.is_number() && std::isfinite(result.value.get<double>());
    if (!finite) throw ExpressionError(quote(result.text) + " is too large for a number", begin);
    return result;
}

Lexeme ExpressionLexer::string() {
    const std::size_t begin = at_;
    std::string value = quoted();
    Lexeme result = lexeme(LexemeKind::string, begin);
    result.value = std::move(value);
    return result;
}

std::string ExpressionLexer::quoted() {
    const std::size_t begin = at_;
    const char mark = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != mark) {
        if (text_[at_] == '\\')
            escape(value);
        else
            value += text_[at_++];
    }
    if (at_ == text_.size()) throw ExpressionError(std::string("the string is not closed; it lacks a ") + mark, begin);
    ++at_;
    return value;
}

void ExpressionLexer::escape(std::string& value) {
    static constexpr std::string_view letters = "ntrbf0\\\"'/";
    static constexpr std::string_view meanings("\n\t\r\b\f\0\\\"'/", 10);
    const std::size_t begin = at_++;
    const char letter = peek();
    const std::size_t known = letter == '\0' ? std::string_view::npos : letters.find(letter);
    if (known != std::string_view::npos) {
        value += meanings[known];
        ++at_;
        return;
    }
    if (letter != 'u')
        throw ExpressionError("unknown escape " + quote(text_.substr(begin, 2)) + "; write '\\\\' for a backslash",
                              begin);
    ++at_;
    char32_t code = hex4(begin);
    const bool high = code >= 0xD800 && code < 0xDC00;
    if (high && peek() == '\\' && peek(1) == 'u') {
        at_ += 2;
        const char32_t low = hex4(begin);
        code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xD800;
    }
    if (code >= 0xD800 && code < 0xE000) throw ExpressionError("this \\u escape is half a character", begin);
    append_utf8(value, code);
}

unsigned ExpressionLexer::hex4(std::size_t escape_begin) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        const char c = peek();
        const bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!hex) throw ExpressionError("a \\u escape has four hexadecimal digits", escape_begin);
        code = code * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

Lexeme ExpressionLexer::reference_or_word() {
    const std::size_t begin = at_;
    Reference reference;
    // Without arithmetic a dash inside a name can mean nothing else: `steps.check-2`.
    const auto name = [this] {
        const std::size_t first = at_;
        while (is_name(peek()) || (at_ > first && peek() == '-' && is_name(peek(1))))
            ++at_;
        return text_.substr(first, at_ - first);
    };
    const std::string_view first = name();
    if (is_keyword(first)) return lexeme(LexemeKind::word, begin);
    reference.add_name(first);
    while (peek() == '.' || peek() == '[') {
        if (reference.path().size() == longest_path)
            throw ExpressionError("a path has at most " + std::to_string(longest_path) + " parts", begin);
        if (peek() == '[') {
            subscript(reference);
            continue;
        }
        ++at_;
        const std::string_view part = name();
        if (part.empty()) throw ExpressionError("expected a name after '.'", at_);
        reference.add_name(part);
    }
    Lexeme result = lexeme(LexemeKind::reference, begin);
    result.reference = std::move(reference);
    return result;
}

void ExpressionLexer::subscript(Reference& reference) {
    const std::size_t open = at_++;
    skip_space();
    if (peek() == '"' || peek() == '\'') {
        reference.add_key(quoted());
    } else {
        const std::size_t begin = at_;
        if (peek() == '-') ++at_;
        while (is_digit(peek()))
            ++at_;
        constexpr std::size_t most_digits = 9;
        const std::string_view index = text_.substr(begin, at_ - begin);
        const bool has_digits = index.size() > (index.starts_with('-') ? 1U : 0U);
        if (!has_digits) throw ExpressionError("expected a string or a whole number after '['", begin);
        if (index.size() > most_digits) throw ExpressionError(quote(index) + " is too large for an index", begin);
        reference.add_index(index);
    }
    skip_space();
    if (peek() != ']')
        throw ExpressionError(at_ == text_.size() ? "'[' is not closed" : "expected ']'",
                              at_ == text_.size() ? open : at_);
    ++at_;
}

Lexeme ExpressionLexer::symbol() {
    static constexpr std::array<std::string_view, 4> pairs = {"==", "!=", "<=", ">="};
    const std::size_t begin = at_;
    const std::string_view rest = text_.substr(begin);
    const bool tripled = rest.starts_with("===") || rest.starts_with("!==");
    for (const std::string_view pair : pairs) {
        if (tripled || !rest.starts_with(pair)) continue;
        at_ += pair.size();
        return lexeme(LexemeKind::symbol, begin);
    }
    const bool foreign = rest.starts_with("<>");
    if (!foreign && std::string_view("()[],<>").find(rest[0]) != std::string_view::npos) {
        ++at_;
        return lexeme(LexemeKind::symbol, begin);
    }
    if (const std::string_view known = advice(rest); !known.empty()) throw ExpressionError(std::string(known), begin);
    std::size_t end = 1;
    while (end < rest.size() && is_continuation(rest[end]))
        ++end;
    throw ExpressionError("unexpected " + quote(rest.substr(0, end)), begin);
}

}  // namespace enough
