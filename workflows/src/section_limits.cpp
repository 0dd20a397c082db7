#include "field_types.hpp"
#include "loading.hpp"
#include "workflow_parts.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <variant>
#include <vector>

namespace enough {
namespace {

/// What it takes to keep a limit on money: the prices of the models that may be asked.
class PriceCheck {
public:
    explicit PriceCheck(Loading& loading) : loading_(loading) {}

    void check(const std::vector<Step>& steps) {
        const Workflow& workflow = loading_.workflow;
        for (const std::string& agent : agents_asked(steps))
            if (const auto role = workflow.agents.find(agent); role != workflow.agents.end())
                check_model(role->second.model);
        each_step(steps, [this](const Step& step) {
            const auto* inner = std::get_if<SubWorkflow>(&step.body);
            if (inner != nullptr && inner->workflow) check_inner(*inner->workflow, step.id);
        });
    }

private:
    static bool needs_price(const Model& model) { return !model.price && server_settings(model.provider) != nullptr; }

    /// Its fallbacks cost, too.
    void check_model(const std::string& name) {
        const auto model = loading_.workflow.models.find(name);
        const Node* models = loading_.root.find("models");
        const Node* node = models == nullptr ? nullptr : models->find(name);
        if (model == loading_.workflow.models.end() || node == nullptr || !checked_.insert(name).second) return;
        for (const std::string& other : model->second.fallback)
            check_model(other);
        if (!needs_price(model->second)) return;
        Value(*node, "models." + name, loading_.problems)
            .error("limits.usd can't be kept without this model's price; add 'price: {input: …, output: …}'");
    }

    /// The place of a model of another file is not known here: it is named.
    void check_inner(const Workflow& workflow, const std::string& step) {
        for (const std::string& agent : agents_asked(workflow.steps))
            check_inner_model(workflow, workflow.agents.at(agent).model, step);
        each_step(workflow.steps, [&](const Step& inner) {
            if (const auto* body = std::get_if<SubWorkflow>(&inner.body)) check_inner(*body->workflow, step);
        });
    }

    void check_inner_model(const Workflow& workflow, const std::string& name, const std::string& step) {
        const Model& model = workflow.models.at(name);
        for (const std::string& fallback : model.fallback)
            check_inner_model(workflow, fallback, step);
        if (needs_price(model))
            Value(*loading_.root.find("steps"), "steps", loading_.problems)
                .error(fmt::format("limits.usd can't be kept without the price of model '{}' of the workflow that "
                                   "step '{}' runs",
                                   name, step));
    }

    Loading& loading_;
    std::set<std::string> checked_;  // models
};

}  // namespace

void read_limits(const Value& section, Loading& loading) {
    Fields fields(section);
    RunLimits& limits = loading.workflow.limits;
    fields.optional("usd", type::Number{.above = 0}, limits.usd);
    fields.optional("tokens", type::Whole<std::int64_t>{}, limits.tokens);
    fields.optional("calls", type::Whole<int>{}, limits.calls);
    fields.optional("time", type::Duration{}, limits.time);
    fields.finish();
}

void check_whole(Loading& loading) {
    const Workflow& workflow = loading.workflow;
    PriceCheck prices(loading);
    if (workflow.limits.usd) return prices.check(workflow.steps);
    each_step(workflow.steps, [&](const Step& step) {
        if (step.limits.usd) prices.check({step});
    });
}

}  // namespace enough
