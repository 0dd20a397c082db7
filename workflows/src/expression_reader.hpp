#pragma once

#include "step_scope.hpp"

#include <enough/workflows/expression.hpp>
#include <enough/workflows/template.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Reads expressions and templates that stand in a step (or behind the last one) and checks what they refer to: inputs,
/// fields of steps before it, and what loops give. The steps are noted in their scopes as `used`.
class ExpressionReader {
public:
    ExpressionReader(StepScope& scope, const Loading& loading) : scope_(scope), loading_(loading) {}

    std::optional<Template> read_template(const Value& where, const std::string& text);
    std::optional<Expression> read_expression(const Value& where, const std::string& text);

private:
    void check(const std::vector<Path>& paths, const Value& where);
    void check_input(const Path& path, const Value& where) const;
    void check_step(const Path& path, const Value& where);
    bool check_of_loop(const Path& path, const Value& where) const;
    std::vector<std::string> roots() const;

    StepScope& scope_;
    const Loading& loading_;
};

/// A template that sees these names and nothing else.
std::optional<Template> read_closed_template(const Value& where, const std::string& text,
                                             std::span<const std::string_view> names);

/// Checks what follows the name of a step: `path[from]` is its field. `shown`: the step as the path names it.
void check_step_field(const Path& path, std::size_t from, StepKind kind, const Value& where);

}  // namespace enough
