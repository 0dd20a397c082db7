#include "serve/workflow_view.hpp"

#include <enough/json/json_fields.hpp>
#include <enough/orchestrator/graph.hpp>

#include <filesystem>
#include <map>
#include <utility>
#include <variant>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

struct NameModel {
    Json& view;

    void operator()(const OpenAiSettings& settings) const { set("openai", settings.model); }
    void operator()(const AnthropicSettings& settings) const { set("anthropic", settings.model); }
    void operator()(const GeminiSettings& settings) const { set("gemini", settings.model); }
    void operator()(const LlamaSettings& settings) const {
        set("llama", std::filesystem::path(settings.path).filename().string());
    }
    void operator()(const ScriptedSettings&) const { set("scripted", "scripted"); }

    void set(const char* provider, const std::string& model) const {
        view["provider"] = provider;
        view["model"] = model;
    }
};

Json inputs_view(const Workflow& workflow) {
    Json list = Json::array();
    for (const auto& [input_name, input] : workflow.inputs) {
        Json view{{"name", input_name},
                  {"type", name(input.type)},
                  {"description", input.description},
                  {"required", !input.default_value.has_value()}};
        if (input.default_value) view["default"] = Json::parse(*input.default_value, nullptr, false);
        list.push_back(std::move(view));
    }
    return list;
}

Json models_view(const Workflow& workflow) {
    Json list = Json::array();
    for (const auto& [model_name, model] : workflow.models) {
        Json view{{"name", model_name}};
        std::visit(NameModel{view}, model.provider);
        view["price"] = nullptr;
        if (model.price) view["price"] = {{"input", model.price->input}, {"output", model.price->output}};
        view["fallback"] = model.fallback;
        list.push_back(std::move(view));
    }
    return list;
}

Json agents_view(const Workflow& workflow) {
    Json list = Json::array();
    for (const auto& [agent_name, agent] : workflow.agents)
        list.push_back({{"name", agent_name},
                        {"model", agent.model},
                        {"tools", agent.tools},
                        {"temperature", null_or(agent.sampling.temperature)},
                        {"max_tokens", null_or(agent.sampling.max_tokens)}});
    return list;
}

struct RungView {
    Json operator()(const AgentRung& rung) const {
        Json view{{"kind", "agent"}, {"agent", rung.agent}, {"gate", gate_or_null(rung.gate, rung.gate_name)}};
        view["refine"] = nullptr;
        if (rung.refine)
            view["refine"] = {{"max_steps", rung.refine->max_steps},
                              {"until", rung.refine->until == RefineUntil::all ? "all" : "accept"}};
        return view;
    }
    Json operator()(const PanelRung& rung) const {
        const Panel& panel = rung.panel;
        Json view{{"kind", "panel"},
                  {"agents", panel.agents},
                  {"samples", panel.samples},
                  {"aggregate", name(panel.aggregate)},
                  {"gate", gate_or_null(rung.gate, rung.gate_name)}};
        if (panel.referee) view["referee"] = panel.referee->agent;
        if (panel.debate) view["rounds"] = panel.debate->rounds;
        return view;
    }

    static Json gate_or_null(const std::optional<Gate>& gate, const std::string& gate_name) {
        return gate ? gate_view(*gate, gate_name) : Json(nullptr);
    }
};

Json steps_view(const std::vector<Step>& steps);

struct BodyView {
    Json& view;

    void operator()(const Ladder& ladder) const {
        view["kind"] = "ladder";
        view["rungs"] = Json::array();
        for (const Rung& rung : ladder.rungs)
            view["rungs"].push_back(std::visit(RungView{}, rung));
    }
    void operator()(const ForEach& each) const {
        view["kind"] = "for_each";
        view["items"] = each.items.text();
        view["steps"] = steps_view(each.steps);
    }
    void operator()(const Loop& loop) const {
        view["kind"] = "loop";
        view["until"] = loop.until.text();
        view["max"] = loop.max;
        view["steps"] = steps_view(loop.steps);
    }
    void operator()(const Switch& choice) const {
        view["kind"] = "switch";
        view["cases"] = Json::array();
        for (const Switch::Case& each : choice.cases)
            view["cases"].push_back(
                {{"when", each.when ? Json(each.when->text()) : Json(nullptr)}, {"steps", steps_view(each.steps)}});
    }
    void operator()(const SubWorkflow& sub) const {
        view["kind"] = "workflow";
        view["workflow"] = sub.workflow->name;
        view["steps"] = steps_view(sub.workflow->steps);
    }
    void operator()(const Approval&) const { view["kind"] = "approve"; }
};

Json steps_view(const std::vector<Step>& steps) {
    Json list = Json::array();
    for (const Step& step : steps) {
        Json view{{"id", step.id}, {"needs", Json::array()}};
        for (const std::size_t needed : step.needs)
            view["needs"].push_back(steps.at(needed).id);
        view["when"] = step.when ? Json(step.when->text()) : Json(nullptr);
        std::visit(BodyView{view}, step.body);
        list.push_back(std::move(view));
    }
    return list;
}

/// The calibrations of all gates, each file once, those of sub-workflows included.
void collect(const std::vector<Step>& steps, std::map<std::string, std::shared_ptr<const Calibration>>& found) {
    const auto take = [&](const auto& rung) {
        if (rung.gate && rung.gate->calibration && rung.gate->calibration->whole)
            found.emplace(rung.gate->calibration->file, rung.gate->calibration->whole);
    };
    each_step(steps, [&](const Step& step) {
        if (const auto* ladder = std::get_if<Ladder>(&step.body))
            for (const Rung& rung : ladder->rungs)
                std::visit(take, rung);
        if (const auto* sub = std::get_if<SubWorkflow>(&step.body)) collect(sub->workflow->steps, found);
    });
}

}  // namespace

Json workflow_view(const Workflow& workflow) {
    Json view{{"name", workflow.name},
              {"description", workflow.description},
              {"hash", workflow.hash},
              {"inputs", inputs_view(workflow)},
              {"models", models_view(workflow)},
              {"agents", agents_view(workflow)},
              {"steps", steps_view(workflow.steps)},
              {"graph", mermaid(workflow)},
              {"calibrations", Json::array()}};
    std::map<std::string, std::shared_ptr<const Calibration>> calibrations;
    collect(workflow.steps, calibrations);
    for (const auto& [file, calibration] : calibrations) {
        Json each{{"file", file}};
        each.update(calibration_view(*calibration));
        view["calibrations"].push_back(std::move(each));
    }
    return view;
}

}  // namespace enough
