#include "engine/fold.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using nlohmann::json;

json null_or(const std::optional<std::string>& value) {
    return value ? json(*value) : json(nullptr);
}

void add_usage(const RunState& state, const StepState& step, Usage& usage, double& usd, std::size_t& calls) {
    for (const CallId id : step.calls) {
        usage += state.call(id).usage;
        usd += state.call(id).usd;
    }
    calls += step.calls.size();
    for (const auto* frames : {&step.frames, &step.earlier_frames})
        for (const FrameId frame : *frames)
            for (const StepState& inner : state.frames.at(frame).steps)
                add_usage(state, inner, usage, usd, calls);
}

json signals_of(const CallRecord& call) {
    json signals = json::object();
    if (!call.evidence) return signals;
    for (const Signal signal : all_signals)
        if (const auto value = call.evidence->value(signal)) signals[std::string(name(signal))] = *value;
    return signals;
}

/// What one pass of a `for_each` gave.
json item_context(const Frame& frame) {
    json item{{"status", name(frame.status)},
              {"text", nullptr},
              {"answer", nullptr},
              {"output", nullptr},
              {"error", nullptr}};
    for (std::size_t i = frame.steps.size(); i-- > 0;) {
        const StepState& last = frame.steps[i];
        if (last.status == Status::skipped) continue;
        item["status"] = name(last.status);
        item["text"] = null_or(last.text);
        item["answer"] = null_or(last.answer);
        break;
    }
    item["output"] = null_or(frame.output);
    item["error"] = null_or(frame.error);
    return item;
}

}  // namespace

json step_context(const RunState& state, Place place) {
    const StepState& step = state.step(place);
    Usage usage;
    double usd = 0;
    std::size_t calls = 0;
    add_usage(state, step, usage, usd, calls);
    const bool nested = !std::holds_alternative<Ladder>(state.definition(place).body);
    json context{{"status", name(step.status)},
                 {"text", null_or(step.text)},
                 {"answer", null_or(step.answer)},
                 {"output", null_or(nested && !step.answer ? step.text : step.answer)},
                 {"agent", null_or(step.agent)},
                 {"signals", step.chosen ? signals_of(state.call(*step.chosen)) : json::object()},
                 {"calls", calls},
                 {"usage",
                  {{"calls", calls},
                   {"input_tokens", usage.input_tokens},
                   {"cached_input_tokens", usage.cached_input_tokens},
                   {"output_tokens", usage.output_tokens},
                   {"usd", usd}}},
                 {"error", step.error.empty() ? json(nullptr) : json(step.error)}};
    const StepBody& body = state.definition(place).body;
    if (std::holds_alternative<Loop>(body)) context["iterations"] = step.frames.size();
    if (std::holds_alternative<ForEach>(body)) {
        json& items = context["items"] = json::array();
        for (const FrameId frame : step.frames)
            items.push_back(item_context(state.frames.at(frame)));
    }
    if (!step.panels.empty()) {
        const PanelDecided& last = step.panels.back().decided;
        context["panel"] = {{"answers", last.answers}, {"share", last.share}, {"agreement", last.posterior}};
    }
    return context;
}

}  // namespace enough
