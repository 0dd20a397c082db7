#include <enough/workflows/workflow.hpp>

#include "workflow_parts.hpp"

#include <algorithm>
#include <set>
#include <variant>

namespace enough {

std::string_view name(SamplingField field) {
    switch (field) {
        case SamplingField::temperature:
            return "temperature";
        case SamplingField::top_p:
            return "top_p";
        case SamplingField::seed:
            return "seed";
        case SamplingField::max_tokens:
            return "max_tokens";
        case SamplingField::stop:
            return "stop";
        case SamplingField::reasoning_effort:
            return "reasoning_effort";
    }
    return {};
}
namespace {

void add_models(const Workflow& workflow, std::map<std::string, const Model*>& models,
                std::set<const Workflow*>& seen) {
    if (!seen.insert(&workflow).second) return;
    for (const auto& [name, model] : workflow.models)
        models.emplace(model.key.empty() ? name : model.key, &model);
    each_step(workflow.steps, [&](const Step& step) {
        if (const auto* inner = std::get_if<SubWorkflow>(&step.body)) add_models(*inner->workflow, models, seen);
    });
}

}  // namespace

std::map<std::string, const Model*> models_in(const Workflow& workflow) {
    std::map<std::string, const Model*> models;
    std::set<const Workflow*> seen;
    add_models(workflow, models, seen);
    return models;
}

std::optional<Price> dearest_price(const Workflow& workflow, const std::string& model) {
    std::optional<Price> dearest;
    std::set<std::string> seen;
    std::vector<std::string> open{model};
    while (!open.empty()) {
        const std::string name = std::move(open.back());
        open.pop_back();
        if (!seen.insert(name).second) continue;
        const Model& each = workflow.models.at(name);
        open.insert(open.end(), each.fallback.begin(), each.fallback.end());
        if (!each.price) continue;
        const double cached = each.price->cached_input.value_or(each.price->input);
        if (!dearest) {
            dearest = Price{each.price->input, cached, each.price->output};
            continue;
        }
        dearest->input = std::max(dearest->input, each.price->input);
        dearest->cached_input = std::max(*dearest->cached_input, cached);
        dearest->output = std::max(dearest->output, each.price->output);
    }
    return dearest;
}

void each_step(const std::vector<Step>& steps, const std::function<void(const Step&)>& visit) {
    for (const Step& step : steps) {
        visit(step);
        if (const auto* each = std::get_if<ForEach>(&step.body)) each_step(each->steps, visit);
        if (const auto* loop = std::get_if<Loop>(&step.body)) each_step(loop->steps, visit);
        if (const auto* choice = std::get_if<Switch>(&step.body))
            for (const Switch::Case& one : choice->cases)
                each_step(one.steps, visit);
    }
}

std::set<std::string> agents_asked(const std::vector<Step>& steps) {
    std::set<std::string> agents;
    each_step(steps, [&](const Step& step) {
        const auto* ladder = std::get_if<Ladder>(&step.body);
        if (ladder == nullptr) return;
        for (const Rung& rung : ladder->rungs) {
            if (const auto* one = std::get_if<AgentRung>(&rung)) {
                agents.insert(one->agent);
                if (one->judge) agents.insert(one->judge->agent);
                continue;
            }
            const Panel& panel = std::get<PanelRung>(rung).panel;
            agents.insert(panel.agents.begin(), panel.agents.end());
            if (panel.referee) agents.insert(panel.referee->agent);
        }
    });
    return agents;
}

}  // namespace enough
