#pragma once

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>

namespace enough::test {

/// A workflow of one agent at `${URL}` that may refine once, and data of questions `item 0?`, `item 1?`, …
inline constexpr const char* served_workflow = R"yaml(
version: 1
name: served
inputs: {question: {type: string}}
models:
  small: {provider: openai, base_url: "${URL}", model: small-1, retry: {attempts: 1}}
agents:
  solver: {model: small, temperature: 0.7, max_tokens: 50, answer: {extract: number}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    agent: solver
    gate: {signal: entropy.mean, accept: 1.5}
    refine: {max_steps: 2, prompt: Review it.}
eval: {grader: number}
)yaml";

/// Every item expects 1.
inline std::string served_data(int items) {
    std::string lines;
    for (int i = 0; i < items; ++i)
        lines += R"({"id":)" + std::to_string(i) + R"(,"inputs":{"question":"item )" + std::to_string(i) +
                 R"(?"},"expected":1})" + "\n";
    return lines;
}

/// Which item is asked, and at which step of its chain.
struct Asked {
    int item = 0;
    int step = 1;
};

inline Asked asked_of(const FakeExchange& exchange) {
    const auto messages = nlohmann::json::parse(exchange.request().body).at("messages");
    const std::string question = messages.at(0).at("content");
    return {std::stoi(question.substr(question.find("item ") + 5)), messages.size() > 1 ? 2 : 1};
}

/// Answers by what is asked alone, so that it does not matter when: right and sure, or wrong and unsure.
inline void answer_by_item(FakeExchange& exchange) {
    const auto [item, step] = asked_of(exchange);
    const bool right = (item + step) % 2 == 0;
    stream(exchange, {right ? "it is 1" : "it is surely 7", right ? 2 : 4});
}

}  // namespace enough::test
