#pragma once

#include "support/run_workflow.hpp"

#include <enough/orchestrator/telemetry.hpp>
#include <enough/workflows/load.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

/// A run that has been made, to be shown to observers.
struct WatchedRun {
    ObservedRun observed;
    std::vector<Event> events;

    void show(RunObserver& observer) const {
        const auto sink = observer.follow(observed);
        ASSERT_NE(sink, nullptr);
        show(*sink);
    }
    void show(EventSink& sink) const {
        for (const Event& event : events)
            sink.on(event);
    }
};

inline WatchedRun watched_run(const std::string& text, const Surroundings& surroundings = {},
                              const nlohmann::json& inputs = nlohmann::json::object()) {
    WatchedRun watched;
    watched.observed.workflow = parse_workflow(text);
    Outcome outcome = run_workflow(watched.observed.workflow, inputs, surroundings);
    watched.observed.id = outcome.state.run_id;
    watched.observed.trace = own_trace(outcome.state.run_id, std::nullopt, true);
    watched.events = std::move(outcome.events);
    return watched;
}

/// Two rungs: the first answer is unsure (1.9 bits), the second has no gate. Five tokens asked and three answered each.
inline constexpr const char* priced_cascade = R"yaml(
version: 1
name: cascade
models:
  small:
    provider: scripted
    answers: [{text: "a first draft", entropy: [1.9], input_tokens: 5}]
    price: {input: 1, output: 2}
  large:
    provider: scripted
    answers: [{text: "it is 42", input_tokens: 5}]
    price: {input: 10, output: 20}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "What is 6 * 7?"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, accept: 0.5}}
      - {agent: expert}
output: "{{ steps.solve.text }}"
)yaml";

/// An agent that calls one tool that there is and one that there isn't.
inline constexpr const char* with_tools = R"yaml(
version: 1
name: t
models:
  small:
    provider: scripted
    answers:
      - {tool_calls: [{name: search, arguments: {q: "6 * 7"}}, {name: made_up, arguments: {}}]}
      - {text: "42"}
tools:
  web: {command: web-server}
agents:
  solver: {model: small, tools: [web], answer: {extract: number}}
steps:
  - {id: s, agent: solver, prompt: "6 * 7?"}
output: "{{ steps.s.answer }}"
)yaml";

}  // namespace enough::test
