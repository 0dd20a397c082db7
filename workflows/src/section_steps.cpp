#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "step_references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> exhausted_words{"best", "last", "fail"};

/// Keys of the contract that come later.
constexpr std::array<std::string_view, 5> later_keys{"panel", "for_each", "loop", "workflow", "switch"};

void hint_later(Fields& fields) {
    for (const std::string_view key : later_keys)
        fields.hint(key, "it is not supported by this version");
}

/// Every step's `id`, empty where it can't be used.
Names read_ids(const Value& steps) {
    Names ids{"step", {}, true};
    for (std::size_t i = 0; i < steps.node().items.size(); ++i) {
        const Value step = steps.at(i);
        const Node* node = step.is_map() ? step.node().find("id") : nullptr;
        std::string id;
        if (node != nullptr) {
            const Value value = step.at("id");
            id = type::Text{}(value).value_or("");
            if (!id.empty() && !is_identifier(id)) {
                value.error(fmt::format("{} is no step id; use letters, digits and '_'", shown(*node)));
            } else if (!id.empty() && std::find(ids.names.begin(), ids.names.end(), id) != ids.names.end()) {
                value.error(fmt::format("there is a step {} already", shown(*node)));
            }
        }
        if (id.empty()) ids.complete = false;
        ids.names.push_back(std::move(id));
    }
    return ids;
}

class StepReader {
public:
    StepReader(const Value& value, const StepNames& names, std::size_t position, Loading& loading)
        : fields_(value), names_(names), position_(position), loading_(loading), expressions_(names, position) {}

    void read() {
        Step step;
        fields_.require("id");
        fields_.take("id");
        step.id = names_.ids.names[position_];
        std::set<std::size_t> needs = read_needs();
        if (std::string when; fields_.optional("when", type::Text{}, when))
            step.when = expressions_.read_expression(fields_.value().at("when"), when);
        Ladder ladder = read_ladder();
        needs.insert(expressions_.used().begin(), expressions_.used().end());
        step.needs.assign(needs.begin(), needs.end());
        step.body = std::move(ladder);
        hint_later(fields_);
        if (auto read = fields_.finished(std::move(step))) loading_.workflow.steps.push_back(*std::move(read));
    }

private:
    /// Without `needs` a step follows the one above it; `needs: []` follows none.
    std::set<std::size_t> read_needs() {
        std::set<std::size_t> needs;
        const auto value = fields_.take("needs");
        if (!value) {
            if (position_ > 0) needs.insert(position_ - 1);
        } else if (!value->is_list()) {
            value->expected("a list of step ids");
        } else {
            for (std::size_t i = 0; i < value->node().items.size(); ++i)
                read_need(value->at(i), needs);
        }
        return needs;
    }

    void read_need(const Value& value, std::set<std::size_t>& needs) const {
        const auto id = type::Text{}(value);
        if (!id) return;
        const auto found = names_.position(*id);
        if (!found) return report_unknown_name(value, names_.ids, *id);
        if (check_earlier(value, shown(value.node()), *found, position_)) needs.insert(*found);
    }

    Ladder read_ladder() {
        Ladder ladder;
        if (std::string text; fields_.required("prompt", type::TextOrFile{loading_.sources}, text)) {
            if (auto prompt = expressions_.read_template(fields_.value().at("prompt"), text))
                ladder.prompt = *std::move(prompt);
        }
        fields_.optional("on_exhausted", type::Choice<OnExhausted>{exhausted_words}, ladder.on_exhausted);
        if (const auto rungs = fields_.take("ladder")) {
            read_rungs(*rungs, ladder);
        } else if (fields_.has("agent") || !has_later_body()) {
            if (!fields_.has("agent") && fields_.usable())
                fields_.value().error("key 'agent' or 'ladder' is missing");
            else if (auto rung = read_rung(fields_, {ladder.prompt.text(), true}, loading_))
                ladder.rungs.emplace_back(*std::move(rung));
        }
        return ladder;
    }

    void read_rungs(const Value& value, Ladder& ladder) {
        for (const char* key : {"agent", "gate", "refine", "handover"}) {
            if (!fields_.has(key)) continue;
            fields_.take(key);
            fields_.value().at(key).error(fmt::format("'{}' belongs into a rung of 'ladder'", key));
        }
        if (!value.is_list() || value.node().items.empty()) {
            value.expected("a list of rungs");
            return;
        }
        for (std::size_t i = 0; i < value.node().items.size(); ++i) {
            Fields fields(value.at(i));
            hint_later(fields);
            if (fields.has("panel")) {
                for (const char* key : {"agent", "gate", "refine", "handover"})
                    fields.take(key);
            } else if (auto rung = read_rung(fields, {ladder.prompt.text(), i == 0}, loading_)) {
                ladder.rungs.emplace_back(*std::move(rung));
            }
            fields.finish();
        }
    }

    /// A key that is refused with a hint already stands where the agent would.
    bool has_later_body() const { return fields_.has("panel") || fields_.has("workflow") || fields_.has("switch"); }

    Fields fields_;
    const StepNames& names_;
    std::size_t position_;
    Loading& loading_;
    ExpressionReader expressions_;
};

/// Without `output` a workflow gives the last step's answer, or its text if nothing could be extracted.
void read_output(const std::optional<Value>& value, const StepNames& names, Loading& loading) {
    ExpressionReader expressions(names, names.ids.names.size());
    if (value) {
        const auto text = type::Text{}(*value);
        auto output = text ? expressions.read_template(*value, *text) : std::nullopt;
        if (output) loading.workflow.output = *std::move(output);
    } else if (!names.ids.names.empty() && is_identifier(names.ids.names.back())) {
        const std::string& last = names.ids.names.back();
        loading.workflow.output =
            Template::parse(fmt::format("{{{{ coalesce(steps.{0}.answer, steps.{0}.text) }}}}", last));
    }
}

}  // namespace

void read_steps_and_output(const std::optional<Value>& steps, const std::optional<Value>& output, Loading& loading) {
    StepNames names{Names{"step", {}, false}, loading.inputs};
    if (steps && (!steps->is_list() || steps->node().items.empty())) {
        steps->expected("a list of steps");
    } else if (steps) {
        names.ids = read_ids(*steps);
        for (std::size_t i = 0; i < steps->node().items.size(); ++i)
            StepReader(steps->at(i), names, i, loading).read();
    }
    read_output(output, names, loading);
}

}  // namespace enough
