#pragma once

#include "e2e/verb_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"
#include "support/nats_server_process.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <poll.h>

namespace enough::test {

/// Looks again and again until it holds, or the limit has passed: other processes tell nobody when they change.
template <class Condition>
bool becomes_true(const Condition& condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < until) {
        if (condition()) return true;
        ::poll(nullptr, 0, 10);
    }
    return condition();
}

/// A running child whose standard error goes to a file that can be read meanwhile.
class Child {
public:
    Child(std::string log, const std::vector<std::string>& command, const std::map<std::string, std::string>& variables,
          const std::string& folder);

    void signal(int number) const { program_.signal(number); }
    /// SIGKILL; returns when it is gone.
    void kill();
    Program::Ended wait(std::chrono::milliseconds limit = std::chrono::seconds(60));
    std::string said() const;
    bool has_said(const std::string& words) const { return said().find(words) != std::string::npos; }

private:
    std::string log_;
    Program program_;
};

/// Doors that handlers of the model server wait at until the test opens them.
class Doors {
public:
    /// How often the door has been reached, this time included.
    int pass(const std::string& name);
    void close(const std::string& name);
    void open(const std::string& name);
    void open_all();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> closed_;
    std::map<std::string, int> reached_;
    bool all_open_ = false;
};

/// What a request asks: `item 7` of the small or the large model.
struct Question {
    int item = 0;
    bool small = false;
};
Question question_of(const FakeRequest& request);

/// Asks one model, once.
inline constexpr const char* one_call = R"yaml(
version: 1
name: one
inputs: {question: {type: string}}
models:
  small: {provider: openai, base_url: "${URL}", model: small-1, retry: {attempts: 1}, price: {input: 1, output: 1}}
agents: {solver: {model: small}}
steps: [{id: solve, prompt: "{{ inputs.question }}", agent: solver}]
output: "{{ steps.solve.text }}"
)yaml";

/// Asks the small model, which is unsure, and then the large one: two calls an item.
inline constexpr const char* two_calls = R"yaml(
version: 1
name: two
inputs: {question: {type: string}}
models:
  small: {provider: openai, base_url: "${URL}", model: small-1, retry: {attempts: 1}, price: {input: 1, output: 1}}
  large: {provider: openai, base_url: "${URL}", model: large-1, retry: {attempts: 1}, price: {input: 1, output: 1}}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert}]
output: "{{ steps.solve.text }}"
)yaml";

/// Costs nothing and asks nobody.
inline constexpr const char* scripted_call = R"yaml(
version: 1
name: scripted
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "It is 42.", entropy: 0.4, repeat: true, delay: 5ms}]}}
agents: {a: {model: m, answer: {extract: number}}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a, gate: {signal: entropy.mean, accept: 0.5}}]
output: "{{ steps.s.answer }}"
)yaml";

/// A real NATS server, a model server that counts, and workers and batches as processes of their own, impatient ones.
class FleetTest : public VerbTest {
protected:
    explicit FleetTest(NatsServerSettings settings = {});
    ~FleetTest() override { doors_.open_all(); }

    /// Items 0 to `items` - 1, with their numbers as ids.
    void items(int items, const std::string& name = "data.jsonl") const;

    /// The model server; `handler` answers every call, `answer` where there is none.
    void serve_model(FakeHandler handler = answer);
    static void answer(FakeExchange& exchange);

    std::unique_ptr<Child> worker(const std::string& name, std::vector<std::string> more = {}) const;
    std::unique_ptr<Child> batch(std::vector<std::string> more = {}, const std::string& workflow = "w.yaml",
                                 const std::string& data = "data.jsonl", const std::string& output = "out.jsonl") const;
    std::unique_ptr<Child> child(const std::string& log, std::vector<std::string> arguments) const;

    /// Waits for the batch's good end; its summary.
    nlohmann::json summary_of(Child& batch, std::chrono::seconds limit = std::chrono::seconds(90), int code = 0) const;
    /// As `--status` tells, while it runs.
    nlohmann::json status(const std::string& output = "out.jsonl") const;
    /// Lines that a batch has written so far, in the order of their ends.
    int finished(const std::string& output = "out.jsonl") const;
    std::vector<nlohmann::json> lines(const std::string& output = "out.jsonl") const;

    /// The output has a line per item, in order, all of them accepted.
    void expect_all(int items, const std::string& output = "out.jsonl") const;

    std::size_t requests() const { return upstream_ ? upstream_->counts().requests : 0; }
    bool asked(std::size_t requests) const;
    /// By item, of the small and the large model.
    std::map<int, std::pair<int, int>> asked_by_item() const;

    std::map<std::string, std::string> environment() const;

    NatsServerProcess server_;
    std::string url_ = server_.url();
    Doors doors_;
    std::unique_ptr<FakeServer> upstream_;
};

}  // namespace enough::test
