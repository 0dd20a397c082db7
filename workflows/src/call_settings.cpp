// How calls of HTTP and scripted models are sent: the keys that both have.
#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace enough {
namespace {

/// `p95`, from p50 to p99.
std::optional<double> as_percentile(const Node& scalar) {
    const std::string& text = scalar.text;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 3 || text[0] != 'p' || text[1] < '5' || !digit(text[1]) || !digit(text[2])) return std::nullopt;
    return ((text[1] - '0') * 10 + (text[2] - '0')) / 100.0;
}

}  // namespace

std::optional<RateLimits> read_rate_limits(const Value& value) {
    Fields fields(value);
    RateLimits limits;
    fields.optional("concurrency", type::Whole<int>{}, limits.concurrency);
    fields.optional("requests_per_minute", type::Whole<int>{}, limits.requests_per_minute);
    fields.optional("tokens_per_minute", type::Whole<std::int64_t>{}, limits.tokens_per_minute);
    return fields.finished(std::move(limits));
}

std::optional<HedgePolicy> read_hedge(const Value& value) {
    Fields fields(value);
    HedgePolicy hedge;
    fields.require("after");
    if (const auto after = fields.take("after")) {
        if (after->is_scalar()) hedge.quantile = as_percentile(after->node());
        if (!hedge.quantile && after->is_scalar() && after->node().text.starts_with('p') &&
            after->node().variable.empty())
            after->expected("a duration such as 2s, or p50 to p99");
        else if (!hedge.quantile)
            hedge.after = type::Duration{}(*after);
    }
    return fields.finished(hedge);
}

/// `off` is the boolean false to readers of YAML 1.1, so false is taken too.
std::optional<std::optional<CircuitPolicy>> read_circuit(const Value& value) {
    using Circuit = std::optional<CircuitPolicy>;
    if (value.is_scalar()) {
        if (as_boolean(value.node()) == false || value.node().text == "off") return Circuit();
        return value.expected("{failures: …, cooldown: …} or off");
    }
    Fields fields(value);
    CircuitPolicy circuit;
    fields.optional("failures", type::Whole<int>{1, 1'000'000}, circuit.failures);
    fields.optional("cooldown", type::Duration{}, circuit.cooldown);
    return fields.finished(Circuit(circuit));
}

std::optional<RetryPolicy> type::Retry::operator()(const Value& value) const {
    Fields fields(value);
    RetryPolicy retry = defaults;
    fields.optional("attempts", Whole<int>{1, 100}, retry.attempts);
    fields.optional("delay", Duration{}, retry.delay);
    fields.optional("budget", Number{.above = 0, .most = 100}, retry.budget);
    const bool bounded = fields.optional("max_delay", Duration{}, retry.max_delay);
    if (bounded && retry.max_delay < retry.delay) value.error("'max_delay' is shorter than 'delay'");
    retry.max_delay = std::max(retry.delay, retry.max_delay);
    return fields.finished(retry);
}

}  // namespace enough
