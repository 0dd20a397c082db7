#include "field_types.hpp"
#include "scalar.hpp"
#include "step_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> exhausted_words{"best", "last", "fail"};

/// Of these a step has one. `ladder` beside `agent` is explained by itself.
constexpr std::array<std::string_view, 6> body_keys{"ladder", "agent", "panel", "workflow", "switch", "approve"};

struct KeyOwner {
    std::string_view key;
    const char* owner;
};

/// Keys that a reader may look for beside the wrong one of these.
constexpr KeyOwner key_owners[] = {
    {"prompt", "it belongs to a step that asks agents"},
    {"on_exhausted", "it belongs to a step that asks agents"},
    {"gate", "it belongs to a step that asks agents"},
    {"refine", "it belongs to a step with 'agent'"},
    {"handover", "it belongs to a step with 'agent', or into a rung of 'ladder'"},
    {"inputs", "it belongs to a step with 'workflow'"},
    {"max_parallel", "it belongs to 'for_each', or into a panel"},
    {"aggregate", "it belongs into 'panel'"},
    {"samples", "it belongs into 'panel'"},
    {"agents", "it belongs into 'panel'"},
};

/// The key that says what is done. Absent: none, which is reported; others beside it are reported, too.
std::optional<std::string_view> body_key(Fields& fields) {
    std::optional<std::string_view> main;
    for (const std::string_view key : body_keys) {
        if (!fields.has(key)) continue;
        if (main && !(*main == "ladder" && key == "agent")) {
            fields.take(key);
            fields.value().at(key).error(fmt::format("both '{}' and '{}'; a step does one thing", *main, key));
        }
        if (!main) main = key;
    }
    if (!main && fields.usable() && !fields.value().node().incomplete)
        fields.value().error("one of 'agent', 'ladder', 'panel', 'workflow', 'switch', 'approve' is missing");
    if (!main)  // what a step without them might mean is not known
        for (const char* key : {"prompt", "on_exhausted", "gate", "refine", "handover", "inputs"})
            fields.take(key);
    return main;
}

void read_rungs(const Value& value, Fields& step, Ladder& ladder, Loading& loading) {
    for (const char* key : {"agent", "gate", "refine", "handover"}) {
        if (!step.has(key)) continue;
        step.take(key);
        step.value().at(key).error(fmt::format("'{}' belongs into a rung of 'ladder'", key));
    }
    if (!value.is_list() || value.node().items.empty()) {
        value.expected("a list of rungs");
        return;
    }
    for (std::size_t i = 0; i < value.node().items.size(); ++i) {
        Fields fields(value.at(i));
        if (auto rung = read_rung(fields, {ladder.prompt.text(), i == 0}, loading))
            ladder.rungs.push_back(*std::move(rung));
        fields.finish();
    }
}

/// What a case does: `steps`, or what stands in place as one step with the id of the step around.
std::vector<Step> read_case_steps(Fields& fields, const std::string& id, StepScope& scope, Loading& loading) {
    if (const auto list = fields.take("steps")) {
        for (const std::string_view key : body_keys)
            if (fields.take(key))
                fields.value().at(key).error(fmt::format("'{}' beside 'steps'; it belongs into one of them", key));
        if (!list->is_list() || list->node().items.empty()) {
            list->expected("a list of steps");
            return {};
        }
        StepScope inner = scope_of(*list, *loading.sites, &scope);
        return read_step_list(*list, inner, loading);
    }
    const Names own{"step", {id}, true};
    StepScope inner{own, {body_kind(fields.value().node())}, &scope};
    auto body = read_body(fields, id, inner, loading);
    if (!body) return {};
    Step step;
    step.id = id;
    step.body = *std::move(body);
    std::vector<Step> steps;
    steps.push_back(std::move(step));
    return steps;
}

std::optional<Switch::Case> read_case(const Value& value, const std::string& id, StepScope& scope, Loading& loading) {
    Fields fields(value);
    Switch::Case one;
    if (std::string when; fields.optional("when", type::Text{}, when))
        one.when = ExpressionReader(scope, loading).read_expression(fields.value().at("when"), when);
    one.steps = read_case_steps(fields, id, scope, loading);
    for (const char* key : {"timeout", "retry", "on_error", "fallback", "limits", "needs"})
        fields.hint(key, "it belongs to the step around 'switch', or to a step of 'steps'");
    return fields.finished(std::move(one));
}

template <class Body>
std::optional<StepBody> as_body(std::optional<Body> body) {
    return body ? std::optional<StepBody>(*std::move(body)) : std::nullopt;
}

}  // namespace

std::optional<Template> read_text_template(Fields& fields, std::string_view key, ExpressionReader& expressions,
                                           Loading& loading) {
    std::string text;
    if (!fields.optional(key, type::TextOrFile{loading.sources}, text)) return std::nullopt;
    return expressions.read_template(fields.value().at(key), text);
}

std::optional<Ladder> read_ladder(Fields& fields, ExpressionReader& expressions, Loading& loading) {
    Ladder ladder;
    fields.require("prompt");
    if (auto prompt = read_text_template(fields, "prompt", expressions, loading)) ladder.prompt = *std::move(prompt);
    fields.optional("on_exhausted", type::Choice<OnExhausted>{exhausted_words}, ladder.on_exhausted);
    if (const auto rungs = fields.take("ladder")) {
        read_rungs(*rungs, fields, ladder, loading);
    } else if (fields.has("panel") && !fields.has("agent")) {
        if (auto rung = read_panel_rung(fields, {ladder.prompt.text(), true}, loading))
            ladder.rungs.emplace_back(*std::move(rung));
    } else if (auto rung = read_agent_rung(fields, {ladder.prompt.text(), true}, loading)) {
        ladder.rungs.push_back(*std::move(rung));
    }
    return ladder;
}

std::optional<Switch> read_switch(const Value& value, const std::string& id, StepScope& scope, Loading& loading) {
    if (!value.is_list() || value.node().items.empty()) return value.expected("a list of cases");
    const std::size_t errors_before = loading.problems.errors();
    Switch result;
    for (std::size_t i = 0; i < value.node().items.size(); ++i) {
        const Value one = value.at(i);
        if (one.is_map() && one.node().find("when") == nullptr && i + 1 < value.node().items.size())
            one.error("a case without 'when' is always taken; it can only be the last");
        if (auto read = read_case(one, id, scope, loading)) result.cases.push_back(*std::move(read));
    }
    if (loading.problems.errors() > errors_before) return std::nullopt;
    return result;
}

std::optional<Approval> read_approval(const Value& value, ExpressionReader& expressions, Loading& loading) {
    if (value.is_map()) {
        Fields fields(value);
        fields.require("message");
        auto message = read_text_template(fields, "message", expressions, loading);
        fields.finish();
        return message ? std::optional(Approval{*std::move(message)}) : std::nullopt;
    }
    const auto text = type::Text{}(value);
    auto message = text ? expressions.read_template(value, *text) : std::nullopt;
    return message ? std::optional(Approval{*std::move(message)}) : std::nullopt;
}

std::optional<StepBody> read_body(Fields& fields, const std::string& id, StepScope& scope, Loading& loading) {
    const auto key = body_key(fields);
    if (!key) return std::nullopt;
    ExpressionReader expressions(scope, loading);
    for (const KeyOwner& owner : key_owners)
        fields.hint(owner.key, owner.owner);
    if (*key == "ladder" || *key == "agent" || *key == "panel")
        return as_body(read_ladder(fields, expressions, loading));
    if (*key == "workflow") return as_body(read_sub_workflow(fields, expressions, loading));
    const Value value = *fields.take(*key);
    if (*key == "approve") return as_body(read_approval(value, expressions, loading));
    return as_body(read_switch(value, id, scope, loading));
}

}  // namespace enough
