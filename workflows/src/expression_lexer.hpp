#pragma once

#include "expression_node.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace enough {

enum class LexemeKind { end, number, string, reference, word, symbol };

/// One token of an expression.
struct Lexeme {
    LexemeKind kind = LexemeKind::end;
    std::size_t offset = 0;
    std::string_view text;  ///< as written
    nlohmann::json value;   ///< of a number or string
    Reference reference;    ///< of a reference

    /// The keyword or symbol `spelling`.
    bool is(std::string_view spelling) const {
        return (kind == LexemeKind::word || kind == LexemeKind::symbol) && text == spelling;
    }
};

/// Cuts an expression into tokens. The text must outlive it.
class ExpressionLexer {
public:
    explicit ExpressionLexer(std::string_view text) : text_(text) {}

    /// Throws `ExpressionError`. After the last token come `end`s.
    Lexeme next();

private:
    Lexeme lexeme(LexemeKind kind, std::size_t begin) const;
    Lexeme number();
    Lexeme string();
    Lexeme reference_or_word();
    Lexeme symbol();
    void subscript(Reference& reference);
    std::string quoted();
    void escape(std::string& value);
    unsigned hex4(std::size_t escape_begin);
    void skip_space();
    char peek(std::size_t ahead = 0) const;

    std::string_view text_;
    std::size_t at_ = 0;
};

/// `'text'`, shortened, for a message.
std::string quote(std::string_view text);

}  // namespace enough
