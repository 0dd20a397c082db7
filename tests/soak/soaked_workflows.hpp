#pragma once

#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace enough::soak {

inline constexpr const char* head = R"yaml(
version: 1
inputs: {question: {type: string, default: "Which number?"}}
models:
  small:
    provider: openai
    base_url: "${URL}"
    model: small-1
    timeout: {connect: 1s, first_token: 900ms, idle: 700ms, total: 5s}
    retry: {attempts: 4, delay: 20ms, max_delay: 300ms}
    limits: {concurrency: 150}
  large:
    provider: openai
    base_url: "${URL}"
    model: large-1
    timeout: {connect: 1s, first_token: 900ms, idle: 700ms, total: 5s}
    retry: {attempts: 3, delay: 20ms, max_delay: 300ms}
    hedge: {after: 400ms}
agents:
  solver: {model: small, temperature: 0.7, max_tokens: 50, answer: {extract: number}}
  expert: {extends: solver, model: large}
limits: {time: 20s, calls: 60, tokens: 20000}
)yaml";

inline constexpr const char* cascade = R"yaml(
name: cascade
gates: {sure: {signal: entropy.mean, accept: [1.5, 1.5, 1.5]}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: sure, refine: {max_steps: 3}}
      - {agent: expert, gate: sure}
output: "{{ coalesce(steps.solve.answer, steps.solve.text) }}"
)yaml";

inline constexpr const char* panel = R"yaml(
name: panel
steps:
  - id: vote
    prompt: "{{ inputs.question }}"
    panel: {agents: [solver, expert], samples: 3, stop: {share: 0.6, min: 3}}
output: "{{ coalesce(steps.vote.answer, steps.vote.text) }}"
)yaml";

inline constexpr const char* list = R"yaml(
name: list
inputs: {question: {type: string, default: "Which number?"}, topics: {type: list, default: [a, b, c, d, e]}}
steps:
  - id: each
    for_each: inputs.topics
    on_error: continue
    prompt: "{{ item }}: {{ inputs.question }}"
    agent: expert
output: "done"
)yaml";

/// A cascade with gate and refinements, a panel and a list, all at `url`. The circuit is quick to open and to close, so
/// that it does both often; the large model falls back to the small one.
inline std::vector<std::shared_ptr<const Workflow>> soaked_workflows(const std::string& url) {
    std::vector<std::shared_ptr<const Workflow>> workflows;
    for (const char* body : {cascade, panel, list}) {
        std::string text = head;
        if (body == list) text.erase(text.find("inputs:"), text.find("models:") - text.find("inputs:"));
        const auto environment = [&](const std::string& name) {
            return name == "URL" ? std::optional<std::string>(url) : std::nullopt;
        };
        const auto loaded = load_workflow_text(text + body, "soak.yaml", environment);
        if (!loaded.workflow) throw std::invalid_argument("soak.yaml: " + loaded.problems.front().message);
        auto workflow = std::make_shared<Workflow>(*loaded.workflow);
        for (auto& [name, model] : workflow->models)
            std::get<OpenAiSettings>(model.provider).circuit =
                CircuitPolicy{.failures = 10, .cooldown = std::chrono::milliseconds(500)};
        workflow->models.at("large").fallback = {"small"};
        workflows.push_back(std::move(workflow));
    }
    return workflows;
}

}  // namespace enough::soak
