#include "engine/fold.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using nlohmann::json;

json null_or(const std::optional<std::string>& value) {
    return value ? json(*value) : json(nullptr);
}

json usage_of(const RunState& state, const StepState& step) {
    Usage usage;
    double usd = 0;
    for (const CallId id : step.calls) {
        usage += state.call(id).usage;
        usd += state.call(id).usd;
    }
    return {{"calls", step.calls.size()},
            {"input_tokens", usage.input_tokens},
            {"cached_input_tokens", usage.cached_input_tokens},
            {"output_tokens", usage.output_tokens},
            {"usd", usd}};
}

json signals_of(const CallRecord& call) {
    json signals = json::object();
    if (!call.evidence) return signals;
    for (const Signal signal : all_signals)
        if (const auto value = call.evidence->value(signal)) signals[std::string(name(signal))] = *value;
    return signals;
}

}  // namespace

json step_context(const RunState& state, std::size_t step) {
    const StepState& outcome = state.steps.at(step);
    json context{{"status", name(outcome.status)},
                 {"text", nullptr},
                 {"answer", nullptr},
                 {"output", nullptr},
                 {"agent", nullptr},
                 {"signals", json::object()},
                 {"calls", outcome.calls.size()},
                 {"usage", usage_of(state, outcome)},
                 {"error", outcome.error.empty() ? json(nullptr) : json(outcome.error)}};
    if (!outcome.chosen) return context;
    const CallRecord& call = state.call(*outcome.chosen);
    context["text"] = call.text;
    context["answer"] = null_or(call.answer);
    context["output"] = null_or(call.answer);
    context["agent"] = call.agent;
    context["signals"] = signals_of(call);
    return context;
}

}  // namespace enough
