#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// A reference found in an expression: `steps.solve.text` is {"steps", "solve", "text"}.
using Path = std::vector<std::string>;

/// A compiled expression: paths, literals, `== != < <= > >= and or not in`, `coalesce(...)`, `length(x)`. Immutable,
/// cheap to copy, safe to share between threads.
///
/// Null compares unequal to everything but null and orders false; two values that both read as numbers compare as
/// numbers (strings too: "42.0" equals 42); `in` looks in lists, in the keys of objects and for substrings in strings.
/// `and`/`or` short-circuit and give the operand that decided, as in Python.
///
/// A path goes through objects and lists: `steps.solve.items[0]`, `steps.solve.items[-1]`, `inputs["odd name"]`. Where
/// several keys of an object fit, the longest wins: `signals.entropy.mean` finds the key `entropy.mean`.
/// At most 64 KiB of text and 64 levels of nesting.
class Expression {
public:
    /// Throws `ExpressionError` with the offset of the fault.
    static Expression parse(std::string_view text);

    /// A value that stands for itself, whatever the context.
    static Expression constant(nlohmann::json value);

    /// The value in `context` (an object such as {"inputs":…, "steps":…}). Unknown paths are null. Never throws for
    /// the values it meets.
    nlohmann::json evaluate(const nlohmann::json& context) const;

    /// `evaluate`, and every path whose value the evaluation actually read is appended to `read`, unless it is there.
    nlohmann::json evaluate(const nlohmann::json& context, std::vector<Path>& read) const;

    /// Every path the expression mentions, each once, in the order of their first mention.
    std::vector<Path> paths() const;

    const std::string& text() const;

    struct Node;

private:
    explicit Expression(std::shared_ptr<const Node> root, std::string text);
    std::shared_ptr<const Node> root_;
    std::shared_ptr<const std::string> text_;
};

/// Truth of a value: null, false, 0, "" and empty lists and objects are false.
bool truthy(const nlohmann::json& value);

}  // namespace enough
