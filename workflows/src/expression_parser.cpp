#include "expression_parser.hpp"

#include "expression_lexer.hpp"
#include "suggest.hpp"

#include <enough/workflows/expression_error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace enough {
namespace {

using Node = Expression::Node;

constexpr std::size_t longest_text = 64 * 1024;
constexpr int deepest = 64;

class Parser {
public:
    explicit Parser(std::string_view text) : lexer_(text), token_(lexer_.next()) {}

    NodePointer whole() {
        if (token_.kind == LexemeKind::end) throw ExpressionError("expected an expression", 0);
        NodePointer root = disjunction();
        if (token_.is(")") || token_.is("]")) fail(quote(token_.text) + " closes nothing");
        if (token_.kind != LexemeKind::end) fail("expected an operator or the end" + place());
        return root;
    }

private:
    // Counts how deep values are in each other.
    class Level {
    public:
        explicit Level(Parser& parser) : parser_(parser) {
            if (parser_.depth_ == deepest)
                parser_.fail("this is nested more than " + std::to_string(deepest) + " levels deep");
            ++parser_.depth_;
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.depth_; }

    private:
        Parser& parser_;
    };

    [[noreturn]] void fail(const std::string& message) const { throw ExpressionError(message, token_.offset); }

    std::string place() const {
        std::string words = last_.empty() ? "" : " after " + quote(last_);
        if (token_.kind != LexemeKind::end) words += ", found " + quote(token_.text);
        return words;
    }

    Lexeme take() {
        Lexeme taken = std::move(token_);
        last_ = taken.text;
        token_ = lexer_.next();
        return taken;
    }

    bool take_if(std::string_view spelling) {
        if (!token_.is(spelling)) return false;
        take();
        return true;
    }

    NodePointer disjunction() { return chain("or", true, &Parser::conjunction); }
    NodePointer conjunction() { return chain("and", false, &Parser::negation); }

    NodePointer chain(std::string_view word, bool decided_by, NodePointer (Parser::*operand)()) {
        NodePointer first = (this->*operand)();
        if (!token_.is(word)) return first;
        Node::Chain chain{decided_by, {}};
        chain.operands.push_back(std::move(first));
        while (take_if(word))
            chain.operands.push_back((this->*operand)());
        return make_node(std::move(chain));
    }

    NodePointer negation() {
        if (!token_.is("not")) return comparison();
        const Level level(*this);
        take();
        return make_node(Node::Not{negation()});
    }

    NodePointer comparison() {
        NodePointer left = value();
        const std::optional<Comparison> found = take_comparison();
        if (!found) return left;
        if (token_.is("not")) fail("expected a value" + place() + "; put the 'not' in parentheses");
        NodePointer right = value();
        const std::size_t next = token_.offset;
        if (take_comparison()) throw ExpressionError("comparisons do not chain; join two of them with 'and'", next);
        return make_node(Node::Compare{*found, std::move(left), std::move(right)});
    }

    std::optional<Comparison> take_comparison() {
        static constexpr std::array<std::pair<std::string_view, Comparison>, 7> spellings = {{
            {"==", Comparison::equal},
            {"!=", Comparison::unequal},
            {"<", Comparison::less},
            {"<=", Comparison::less_equal},
            {">", Comparison::greater},
            {">=", Comparison::greater_equal},
            {"in", Comparison::in},
        }};
        for (const auto& [spelling, comparison] : spellings)
            if (take_if(spelling)) return comparison;
        if (!take_if("not")) return std::nullopt;
        if (!take_if("in")) fail("expected 'in'" + place());
        return Comparison::not_in;
    }

    NodePointer value() {
        const Level level(*this);
        switch (token_.kind) {
            case LexemeKind::number:
            case LexemeKind::string:
                return make_node(Node::Literal{take().value});
            case LexemeKind::reference:
                return reference_or_call();
            case LexemeKind::word:
            case LexemeKind::symbol:
                if (NodePointer node = word_or_bracket()) return node;
                break;
            case LexemeKind::end:
                break;
        }
        fail("expected a value" + place());
    }

    // Null for what does not begin a value.
    NodePointer word_or_bracket() {
        if (take_if("null")) return make_node(Node::Literal{});
        if (take_if("true")) return make_node(Node::Literal{nlohmann::json(true)});
        if (take_if("false")) return make_node(Node::Literal{nlohmann::json(false)});
        const std::size_t open = token_.offset;
        if (take_if("(")) {
            NodePointer inner = disjunction();
            if (!take_if(")")) unclosed('(', ")", open);
            return inner;
        }
        if (take_if("[")) return list(values('[', "]", open));
        return nullptr;
    }

    // Up to and with `close`.
    std::vector<NodePointer> values(char opened, std::string_view close, std::size_t open) {
        std::vector<NodePointer> items;
        while (!take_if(close)) {
            if (token_.kind == LexemeKind::end) unclosed(opened, close, open);
            items.push_back(disjunction());
            if (!take_if(",") && !token_.is(close)) unclosed(opened, ", or " + std::string(close), open);
        }
        return items;
    }

    [[noreturn]] void unclosed(char opened, std::string_view expected, std::size_t open) const {
        if (token_.kind == LexemeKind::end) throw ExpressionError(std::string("'") + opened + "' is not closed", open);
        fail("expected " + std::string(expected) + place());
    }

    // A list of literals is a literal, so that `x in ["a", "b"]` builds nothing when it is evaluated.
    static NodePointer list(std::vector<NodePointer> items) {
        const auto is_literal = [](const NodePointer& item) {
            return std::holds_alternative<Node::Literal>(item->body);
        };
        if (!std::all_of(items.begin(), items.end(), is_literal)) return make_node(Node::List{std::move(items)});
        nlohmann::json constant = nlohmann::json::array();
        for (const NodePointer& item : items)
            constant.push_back(std::get<Node::Literal>(item->body).value);
        return make_node(Node::Literal{std::move(constant)});
    }

    NodePointer reference_or_call() {
        Lexeme name = take();
        if (token_.is("(")) return call(name);
        for (const std::string_view meant : {"true", "false", "null"})
            if (is_capitalised(name.text, meant))
                throw ExpressionError(quote(name.text) + " is not a value; write '" + std::string(meant) + "'",
                                      name.offset);
        return make_node(std::move(name.reference));
    }

    static bool is_capitalised(std::string_view text, std::string_view word) {
        if (word == "null" && (text == "None" || text == "nil")) return true;
        const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && (a | 0x20) == b); };
        return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(), same);
    }

    NodePointer call(const Lexeme& name) {
        const std::string_view function = name.text;
        const std::size_t open = token_.offset;
        if (function != "coalesce" && function != "length") unknown_function(name);
        take();
        std::vector<NodePointer> arguments = values('(', ")", open);
        if (function == "coalesce") {
            if (arguments.empty()) throw ExpressionError("'coalesce' takes at least one value", name.offset);
            return make_node(Node::Coalesce{std::move(arguments)});
        }
        if (arguments.size() != 1) throw ExpressionError("'length' takes exactly one value", name.offset);
        return make_node(Node::Length{std::move(arguments.front())});
    }

    [[noreturn]] static void unknown_function(const Lexeme& name) {
        static const std::array<std::string, 2> functions = {"coalesce", "length"};
        const std::string meant = did_you_mean(name.text, functions);
        throw ExpressionError(
            "unknown function " + quote(name.text) + (meant.empty() ? "; there are 'coalesce' and 'length'" : meant),
            name.offset);
    }

    ExpressionLexer lexer_;
    Lexeme token_;
    std::string_view last_;
    int depth_ = 0;
};

}  // namespace

NodePointer parse_expression(std::string_view text) {
    if (text.size() > longest_text)
        throw ExpressionError("an expression has at most " + std::to_string(longest_text) + " bytes", longest_text);
    return Parser(text).whole();
}

}  // namespace enough
