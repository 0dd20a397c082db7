#pragma once

#include "orchestrator/counting_agent.hpp"

#include "support/temporary_folder.hpp"

#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/workflows/load.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace enough::test {

using nlohmann::json;

inline constexpr const char* questions = R"yaml(
version: 1
name: questions
inputs: {q: {type: string}}
models:
  small:
    provider: scripted
    answers:
      - {when: "sure", text: "it is 1", entropy: 0.2, repeat: true}
      - {when: "Review", text: "it is 2", entropy: 0.4, repeat: true}
      - {when: "low", text: "it is 3", entropy: 1.0, repeat: true}
      - {when: "high", text: "it is 4", entropy: 2.0, repeat: true}
      - {when: "middle", text: "it is 5", entropy: 1.5, repeat: true}
      - {when: "silent", text: "it is 6", repeat: true}
agents: {solver: {model: small, answer: {extract: number}}}
eval: {grader: number}
steps:
  - id: solve
    prompt: "{{ inputs.q }}"
    ladder:
      - agent: solver
        gate: {signal: entropy.mean, accept: [0.5, ACCEPT, ACCEPT], missing: refine}
        refine: {max_steps: 3, prompt: Review., until: accept}
)yaml";

/// `accept`: the threshold of the steps after the first, whose answers have 0.4 bits.
inline std::shared_ptr<const Workflow> question_workflow(const std::string& accept) {
    std::string text = questions;
    for (auto at = text.find("ACCEPT"); at != std::string::npos; at = text.find("ACCEPT"))
        text.replace(at, 6, accept);
    return parse_workflow(text);
}

inline std::string data_of(const std::vector<std::string>& asked, const std::vector<int>& expected = {}) {
    std::string data;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        json line{{"id", i}, {"inputs", {{"q", asked[i]}}}};
        if (!expected.empty()) line["expected"] = expected[i];
        data += line.dump() + "\n";
    }
    return data;
}

/// One try of a batch after the other on the same files.
class Tries {
public:
    Tries(std::shared_ptr<const Workflow> workflow, std::string data, const char* per_item)
        : workflow_(std::move(workflow)), data_(std::move(data)) {
        settings_.files.output = folder_.file("out.jsonl");
        settings_.concurrency = 1;
        if (per_item) settings_.calls_per_item = CallsPerItem::parse(per_item);
        settings_.on_pass = [this](const std::string& what) {
            if (!what.empty()) passes.push_back(what);
        };
    }

    /// Cancels it after so many events have been recorded, 0: never. False: it was cancelled.
    bool run(std::uint64_t cut_after = 0) {
        std::istringstream data(data_);
        Batch batch(workflow_, data, settings_);
        settings_.resume = true;
        asio::io_context context(1);
        asio::cancellation_signal cancel;
        Engine engine(workflow_, counted_agents(*workflow_, context.get_executor(), asked));
        std::uint64_t seen = 0;
        Cutter cutter([&] {
            if (on_event) on_event();
            if (++seen == cut_after) asio::post(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
        });
        LocalRunner runner(engine, [&](RunOptions& options) { options.sinks.push_back(&cutter); });
        std::exception_ptr fault;
        asio::co_spawn(
            context, batch.run(runner),
            asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, BatchEnd) { fault = thrown; }));
        context.run_for(std::chrono::seconds(60));
        if (!context.stopped()) throw std::runtime_error("the batch does not end");
        if (fault && cut_after > 0) return false;
        if (fault) std::rethrow_exception(fault);
        complete = batch.write_output();
        counts = batch.counts();
        budget = json::parse(batch.call_budget().dump());
        return true;
    }

    /// Runs it in a process of its own that is killed (SIGKILL) after so many events. False: it was done before.
    bool killed(std::uint64_t after) {
        const pid_t child = fork();
        if (child == 0) {
            on_event = [after, seen = std::uint64_t{0}]() mutable {
                if (++seen == after) kill(getpid(), SIGKILL);
            };
            run();
            _exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) throw std::runtime_error("no child process");
        settings_.resume = true;
        return WIFSIGNALED(status);
    }

    BatchSettings& settings() { return settings_; }

    std::vector<json> reports() const {
        std::ifstream in(settings_.files.output);
        std::vector<json> all;
        for (std::string line; std::getline(in, line);)
            all.push_back(json::parse(line));
        return all;
    }

    /// Whose calls were made, in order: the question.
    std::vector<std::string> order() const {
        std::vector<std::string> words;
        for (const auto& messages : asked.at("small"))
            words.push_back(messages.front().content);
        return words;
    }

    std::function<void()> on_event;
    AskedModels asked;
    std::vector<std::string> passes;
    BatchCounts counts;
    json budget;
    bool complete = false;

private:
    class Cutter final : public EventSink {
    public:
        explicit Cutter(std::function<void()> seen) : seen_(std::move(seen)) {}
        void on(const Event&) override { seen_(); }

    private:
        std::function<void()> seen_;
    };

    TemporaryFolder folder_;
    std::shared_ptr<const Workflow> workflow_;
    std::string data_;
    BatchSettings settings_;
};

inline std::vector<std::string> fields(const std::vector<json>& reports, const char* field) {
    std::vector<std::string> values;
    for (const json& report : reports)
        values.push_back(report.at(field).is_string() ? report.at(field).get<std::string>() : "-");
    return values;
}

inline const std::vector<std::string> six{"sure a", "low b", "high c", "silent d", "middle e", "sure f"};

}  // namespace enough::test
