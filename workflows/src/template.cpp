#include <enough/workflows/template.hpp>

#include <enough/workflows/expression_error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";

// Where the `}}` stands that is not inside a string of the expression.
std::size_t find_closing(std::string_view text, std::size_t from) {
    char mark = '\0';
    for (std::size_t at = from; at < text.size(); ++at) {
        const char c = text[at];
        if (mark != '\0') {
            if (c == '\\')
                ++at;
            else if (c == mark)
                mark = '\0';
        } else if (c == '"' || c == '\'') {
            mark = c;
        } else if (text.substr(at).starts_with(closing)) {
            return at;
        }
    }
    return std::string_view::npos;
}

Expression parse_placeholder(std::string_view text, std::size_t begin) {
    const std::size_t inside = begin + opening.size();
    const std::size_t end = find_closing(text, inside);
    const bool closed = end != std::string_view::npos;
    const std::string_view expression = text.substr(inside, closed ? end - inside : end);
    if (closed && expression.find_first_not_of(" \t\r\n") == std::string_view::npos)
        throw ExpressionError("expected an expression between '{{' and '}}'", begin);
    try {
        Expression parsed = Expression::parse(expression);
        if (closed) return parsed;
    } catch (const ExpressionError& error) {
        // Where there is no end, what follows is prose; only a string that swallowed the end explains anything.
        const bool swallowed = text.find(closing, inside) != std::string_view::npos;
        if (closed || swallowed) throw ExpressionError(error.what(), inside + error.offset());
    }
    throw ExpressionError("'{{' is not closed; to write '{{' itself, use {{ \"{{\" }}", begin);
}

void append(std::string& text, const json& value) {
    if (value.is_null()) return;
    if (value.is_string()) {
        text += value.get_ref<const std::string&>();
        return;
    }
    if (value.is_number_float() && !std::isfinite(value.get<double>())) return;
    std::string dumped = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (value.is_number_float() && dumped.ends_with(".0")) dumped.resize(dumped.size() - 2);
    text += dumped;
}

}  // namespace

Template Template::parse(std::string_view text) {
    Template result;
    result.text_ = text;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t begin = std::min(text.find(opening, at), text.size());
        if (begin > at) result.parts_.emplace_back(std::string(text.substr(at, begin - at)));
        if (begin == text.size()) break;
        result.parts_.emplace_back(parse_placeholder(text, begin));
        at = find_closing(text, begin + opening.size()) + closing.size();
    }
    return result;
}

std::string Template::render(const json& context) const {
    std::string text;
    for (const auto& part : parts_) {
        if (const auto* literal = std::get_if<std::string>(&part))
            text += *literal;
        else
            append(text, std::get<Expression>(part).evaluate(context));
    }
    return text;
}

std::string Template::render(const json& context, std::vector<Path>& read) const {
    std::string text;
    for (const auto& part : parts_) {
        if (const auto* literal = std::get_if<std::string>(&part))
            text += *literal;
        else
            append(text, std::get<Expression>(part).evaluate(context, read));
    }
    return text;
}

std::optional<Expression> Template::only_expression() const {
    const auto* expression = parts_.size() == 1 ? std::get_if<Expression>(&parts_.front()) : nullptr;
    return expression ? std::optional(*expression) : std::nullopt;
}

std::vector<Path> Template::paths() const {
    std::vector<Path> paths;
    for (const auto& part : parts_) {
        const auto* expression = std::get_if<Expression>(&part);
        if (!expression) continue;
        for (Path& path : expression->paths())
            if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
    }
    return paths;
}

}  // namespace enough
