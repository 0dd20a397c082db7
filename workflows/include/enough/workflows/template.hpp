#pragma once

#include <enough/workflows/expression.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace enough {

/// Text with `{{ expression }}` placeholders. Null renders as nothing, strings as they are, everything else as JSON
/// (but 2.0 as `2`). To write `{{` itself, put it into a string: `{{ "{{" }}`; `}}` alone needs nothing.
/// Bytes that are not UTF-8 are kept in strings and replaced by U+FFFD inside lists and objects. Immutable, safe to
/// share between threads.
class Template {
public:
    Template() = default;

    /// Throws `ExpressionError` with the offset of the fault (an unclosed `{{`, a bad expression).
    static Template parse(std::string_view text);

    /// Never throws for the values it meets.
    std::string render(const nlohmann::json& context) const;
    /// `render`, and every path that was read is appended to `read`, unless it is there.
    std::string render(const nlohmann::json& context, std::vector<Path>& read) const;

    /// Every path a placeholder mentions, each once.
    std::vector<Path> paths() const;
    /// The expression, if the template is one placeholder and nothing else.
    std::optional<Expression> only_expression() const;
    bool empty() const { return parts_.empty(); }
    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::vector<std::variant<std::string, Expression>> parts_;
};

}  // namespace enough
