#include "field_types.hpp"
#include "scalar.hpp"
#include "step_reader.hpp"
#include "tree_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> error_words{"fail", "continue", "fallback"};

struct StepRetry {
    int attempts = 2;
    std::chrono::milliseconds delay{1'000};
};

std::optional<StepRetry> read_step_retry(const Value& value) {
    Fields fields(value);
    StepRetry retry;
    fields.required("attempts", type::Whole<int>{2, 20}, retry.attempts);
    fields.optional("delay", type::Duration{}, retry.delay);
    fields.hint("max_delay", "the delay between attempts of a step stays the same");
    return fields.finished(retry);
}

/// Values in a list are taken as they stand.
bool has_placeholder(const Node& node) {
    if (node.kind == NodeKind::scalar) return node.text.find("{{") != std::string::npos;
    for (const Node& item : node.items)
        if (has_placeholder(item)) return true;
    for (const Node::Entry& entry : node.entries)
        if (has_placeholder(entry.value)) return true;
    return false;
}

}  // namespace

std::optional<Expression> read_items(const Value& value, ExpressionReader& expressions) {
    if (value.is_scalar()) {
        const auto text = type::Text{}(value);
        return text ? expressions.read_expression(value, *text) : std::nullopt;
    }
    if (!value.is_list() || value.node().items.empty()) return value.expected("an expression or a list");
    if (has_placeholder(value.node())) value.warning("'{{ }}' is not filled in here; write an expression for the list");
    return Expression::constant(to_json(value.node()));
}

void read_failure_keys(Fields& fields, Step& step, ExpressionReader& expressions) {
    fields.optional("timeout", type::Duration{}, step.timeout);
    if (StepRetry retry; fields.optional("retry", read_step_retry, retry)) {
        step.attempts = retry.attempts;
        step.retry_delay = retry.delay;
    }
    fields.optional("on_error", type::Choice<OnError>{error_words}, step.on_error);
    if (const auto value = fields.take("fallback")) {
        const auto text = type::Text{true}(*value);
        auto fallback = text ? expressions.read_template(*value, *text) : std::nullopt;
        if (fallback) step.fallback = *std::move(fallback);
        if (step.on_error != OnError::fallback) value->error("'fallback' belongs to 'on_error: fallback'");
    } else if (step.on_error == OnError::fallback) {
        fields.require("fallback");
    }
}

std::optional<RunLimits> read_step_limits(const Value& value) {
    Fields fields(value);
    RunLimits limits;
    fields.optional("usd", type::Number{.above = 0}, limits.usd);
    fields.optional("tokens", type::Whole<std::int64_t>{}, limits.tokens);
    fields.optional("calls", type::Whole<int>{}, limits.calls);
    fields.hint("time", "a step's time is limited by its 'timeout'");
    return fields.finished(limits);
}

}  // namespace enough
