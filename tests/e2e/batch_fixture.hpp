#pragma once

#include "e2e/verb_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <enough/sqlite/database.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <poll.h>

namespace enough::test {

inline constexpr const char* scripted = R"yaml(
version: 1
name: scripted
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "It is 42.", entropy: 0.4, repeat: true}]}}
agents: {a: {model: m, answer: {extract: number}}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a, gate: {signal: entropy.mean, accept: 0.5}}]
output: "{{ steps.s.answer }}"
)yaml";

inline constexpr const char* cascade = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
secrets: {KEY: {env: BATCH_KEY}}
models:
  small: {provider: openai, base_url: "${URL}", model: small-1, retry: {attempts: 1}, price: {input: 1, output: 1}}
  large: {provider: openai, base_url: "${URL}", model: large-1, retry: {attempts: 1}, price: {input: 1, output: 1}}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 1.5}}, {agent: expert}]
output: "{{ steps.solve.text }}"
)yaml";

inline bool is_small(const FakeRequest& request) {
    return request.body.find("small-1") != std::string::npos;
}

/// The small model answers at once and is unsure; the large one thinks until it is released.
inline void answer_slowly(FakeExchange& exchange) {
    if (is_small(exchange.request())) return stream(exchange, {"perhaps 40", 4});
    if (exchange.stall()) stream(exchange, {"it is 42", 2});
}

inline std::size_t small_asked(const FakeServer& upstream) {
    const auto requests = upstream.requests();
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), is_small));
}

/// Looks again and again until it holds, or a minute has passed: another process's files tell nobody when they change.
template <class Condition>
bool becomes_true(const Condition& condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < limit) {
        if (condition()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

class CliBatch : public VerbTest {
protected:
    CliBatch() {
        write("w.yaml", scripted);
        write("cascade.yaml", cascade);
        write("data.jsonl", data(3));
    }

    static std::string data(int items) {
        std::string lines;
        for (int i = 0; i < items; ++i)
            lines += R"({"id":)" + std::to_string(i) + R"(,"inputs":{"question":"item )" + std::to_string(i) +
                     R"(?"},"expected":42})" + "\n";
        return lines;
    }

    static std::vector<std::string> arguments(const std::string& workflow, std::vector<std::string> more = {}) {
        std::vector<std::string> all{"batch", workflow, "data.jsonl", "-o", "out.jsonl"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    static std::map<std::string, std::string> environment(const FakeServer& upstream) {
        return {{"URL", upstream.url("/v1")}, {"BATCH_KEY", "sk-nothing"}};
    }

    Program::Ended batch(std::vector<std::string> more = {}) const {
        return enough(arguments("w.yaml", std::move(more)));
    }

    std::vector<nlohmann::json> lines(const std::string& name = "out.jsonl") const {
        std::istringstream in(text_of(name));
        std::vector<nlohmann::json> lines;
        for (std::string line; std::getline(in, line);)
            lines.push_back(nlohmann::json::parse(line));
        return lines;
    }

    std::vector<nlohmann::json> ids(const std::string& name = "out.jsonl") const {
        std::vector<nlohmann::json> ids;
        for (const nlohmann::json& line : lines(name))
            ids.push_back(line.at("id"));
        return ids;
    }

    nlohmann::json status() const {
        const auto ended = enough({"batch", "-o", "out.jsonl", "--status", "--json"});
        if (ended.code != 0) throw std::runtime_error(ended.err);
        return nlohmann::json::parse(ended.out);
    }

    std::int64_t recorded(const std::string& type) const {
        SqliteDatabase file(folder_.file("out.jsonl.state"));
        auto count = file.prepare("SELECT count(*) FROM events WHERE body LIKE ?");
        count.bind(1, "%\"" + type + "\"%").step();
        return count.number(0);
    }

    /// Runs the cascade until each of the three items waits for the large model.
    void reach_the_middle(const FakeServer& upstream) const {
        ASSERT_TRUE(upstream.wait_until([](const auto& counts) { return counts.requests >= 6; }));
        ASSERT_TRUE(becomes_true([&] { return recorded("call_answered") == 3 && recorded("call_requested") == 6; }));
    }
};

}  // namespace enough::test
