#include "field_types.hpp"
#include "scalar.hpp"
#include "step_reader.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

class StepReader {
public:
    StepReader(const Value& value, StepScope& scope, Loading& loading)
        : fields_(value), scope_(scope), loading_(loading), expressions_(scope, loading) {}

    std::optional<Step> read() {
        Step step;
        fields_.require("id");
        fields_.take("id");
        step.id = scope_.ids.names[scope_.at];
        std::set<std::size_t> needs = read_needs();
        if (std::string when; fields_.optional("when", type::Text{}, when))
            step.when = expressions_.read_expression(fields_.value().at("when"), when);
        fields_.optional("limits", read_step_limits, step.limits);
        const bool each = fields_.has("for_each");
        const bool loop = fields_.has("loop");
        if (each && loop) {
            fields_.take("loop");
            fields_.value().at("loop").error("both 'for_each' and 'loop'; put one into 'steps' of the other");
        }
        std::optional<StepBody> body = each ? read_for_each() : loop ? read_loop() : read_here(step);
        needs.insert(scope_.used.begin(), scope_.used.end());
        step.needs.assign(needs.begin(), needs.end());
        fields_.hint("max_parallel", "it belongs to 'for_each', or into a panel");
        fields_.hint("until", "it belongs into 'loop'");
        fields_.hint("time", "it is called 'timeout'");
        if (!body) fields_.finish();
        if (!body) return std::nullopt;
        step.body = *std::move(body);
        return fields_.finished(std::move(step));
    }

private:
    /// Without `needs` a step follows the one above it; `needs: []` follows none.
    std::set<std::size_t> read_needs() {
        std::set<std::size_t> needs;
        const auto value = fields_.take("needs");
        if (!value) {
            if (scope_.at > 0) needs.insert(scope_.at - 1);
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
        const auto found = scope_.position(*id);
        if (!found) return report_unseen_step(value, *id, scope_.ids, scope_, *loading_.sites, "need '{}'");
        if (check_earlier(value, shown(value.node()), *found, scope_.at)) needs.insert(*found);
    }

    std::optional<StepBody> read_here(Step& step) {
        read_failure_keys(fields_, step, expressions_);
        if (fields_.take("steps")) {
            fields_.value().at("steps").error("'steps' belongs to a step with 'for_each' or 'loop', or to a case");
            return std::nullopt;
        }
        return read_body(fields_, step.id, scope_, loading_);
    }

    std::optional<StepBody> read_for_each() {
        auto items = read_items(*fields_.take("for_each"), expressions_);
        std::optional<int> max_parallel;
        fields_.optional("max_parallel", type::Whole<int>{1, 1000}, max_parallel);
        auto steps = read_repeated([](StepScope& inner) { inner.items = true; }, [](StepScope&) {});
        if (!items || steps.empty()) return std::nullopt;
        return ForEach{*std::move(items), max_parallel, std::move(steps)};
    }

    std::optional<StepBody> read_loop() {
        Fields loop(*fields_.take("loop"));
        int max = 1;
        std::optional<Expression> until;
        loop.required("max", type::Whole<int>{1, 1000}, max);
        loop.require("until");
        const auto read_until = [&](StepScope& inner) {
            inner.at = inner.ids.names.size();
            inner.previous = false;
            if (std::string text; loop.optional("until", type::Text{}, text))
                until = ExpressionReader(inner, loading_).read_expression(loop.value().at("until"), text);
        };
        auto steps = read_repeated([](StepScope& inner) { inner.passes = inner.previous = true; }, read_until);
        loop.finish();
        if (!until || steps.empty()) return std::nullopt;
        return Loop{*std::move(until), max, std::move(steps)};
    }

    /// What each pass does: the steps of `steps`, or what stands in place as one step of the same id. `afterwards` is
    /// given their scope.
    template <class Prepare, class Afterwards>
    std::vector<Step> read_repeated(const Prepare& prepare, const Afterwards& afterwards) {
        if (const auto list = fields_.take("steps")) return read_several(*list, prepare, afterwards);
        const Names own{"step", {scope_.ids.names[scope_.at]}, scope_.ids.complete};
        StepScope inner{own, {body_kind(fields_.value().node())}, &scope_};
        prepare(inner);
        ExpressionReader expressions(inner, loading_);
        Step step;
        step.id = own.names.front();
        read_failure_keys(fields_, step, expressions);
        auto body = read_body(fields_, step.id, inner, loading_);
        afterwards(inner);
        if (!body) return {};
        step.body = *std::move(body);
        std::vector<Step> steps;
        steps.push_back(std::move(step));
        return steps;
    }

    template <class Prepare, class Afterwards>
    std::vector<Step> read_several(const Value& list, const Prepare& prepare, const Afterwards& afterwards) {
        for (const char* key : {"timeout", "retry", "on_error", "fallback"})
            fields_.hint(key, "it belongs into a step of 'steps'");
        for (const char* key : {"agent", "ladder", "panel", "workflow", "switch", "approve", "prompt"})
            if (fields_.take(key))
                fields_.value().at(key).error(fmt::format("'{}' beside 'steps'; it belongs into one of them", key));
        if (!list.is_list() || list.node().items.empty()) {
            list.expected("a list of steps");
            return {};
        }
        StepScope inner = scope_of(list, *loading_.sites, &scope_);
        prepare(inner);
        auto steps = read_step_list(list, inner, loading_);
        afterwards(inner);
        return steps;
    }

    Fields fields_;
    StepScope& scope_;
    Loading& loading_;
    ExpressionReader expressions_;
};

/// What a workflow gives without `output`: the last step's answer, or its text if nothing could be extracted; what a
/// step gives that asks nobody itself.
std::string default_output(const std::string& id, StepKind kind) {
    if (kind == StepKind::asked) return fmt::format("{{{{ coalesce(steps.{0}.answer, steps.{0}.text) }}}}", id);
    return fmt::format("{{{{ steps.{}.output }}}}", id);
}

void read_output(const std::optional<Value>& value, StepScope& scope, Loading& loading) {
    ExpressionReader expressions(scope, loading);
    if (value) {
        const auto text = type::Text{}(*value);
        auto output = text ? expressions.read_template(*value, *text) : std::nullopt;
        if (output) loading.workflow.output = *std::move(output);
    } else if (!scope.ids.names.empty() && is_identifier(scope.ids.names.back())) {
        loading.workflow.output = Template::parse(default_output(scope.ids.names.back(), scope.kinds.back()));
    }
}

}  // namespace

std::vector<Step> read_step_list(const Value& list, StepScope& scope, Loading& loading) {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < list.node().items.size(); ++i) {
        scope.at = i;
        scope.used.clear();
        if (auto step = StepReader(list.at(i), scope, loading).read()) steps.push_back(*std::move(step));
    }
    scope.at = list.node().items.size();
    return steps;
}

void read_steps_and_output(const std::optional<Value>& steps, const std::optional<Value>& output, Loading& loading) {
    const Names unknown{"step", {}, false};
    StepSites sites;
    StepScope nowhere{unknown, {}};
    loading.sites = &sites;
    if (!steps || !steps->is_list() || steps->node().items.empty()) {
        if (steps) steps->expected("a list of steps");
        read_output(output, nowhere, loading);
    } else {
        sites = find_steps(*steps);
        StepScope scope = scope_of(*steps, sites);
        loading.workflow.steps = read_step_list(*steps, scope, loading);
        read_output(output, scope, loading);
    }
    loading.sites = nullptr;
}

}  // namespace enough
