#include "field_types.hpp"
#include "loading.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <variant>

namespace enough {
namespace {

/// The models that a run may ask.
std::set<std::string> models_in_use(const Workflow& workflow) {
    std::set<std::string> models;
    for (const Step& step : workflow.steps) {
        for (const Rung& rung : std::get<Ladder>(step.body).rungs) {
            const auto agent = workflow.agents.find(std::get<AgentRung>(rung).agent);
            if (agent != workflow.agents.end()) models.insert(agent->second.model);
        }
    }
    return models;
}

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
    const Node* models = loading.root.find("models");
    if (!workflow.limits.usd || models == nullptr) return;
    for (const std::string& name : models_in_use(workflow)) {
        const auto model = workflow.models.find(name);
        const Node* node = models->find(name);
        if (model == workflow.models.end() || node == nullptr || model->second.price) continue;
        if (!std::holds_alternative<OpenAiSettings>(model->second.provider)) continue;
        Value(*node, "models." + name, loading.problems)
            .error("limits.usd can't be kept without this model's price; add 'price: {input: …, output: …}'");
    }
}

}  // namespace enough
