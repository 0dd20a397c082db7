#pragma once

#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <enough/orchestrator/batch.hpp>
#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

inline constexpr const char* one_call = R"yaml(
version: 1
name: one
inputs: {question: {type: string}, tone: {type: string, default: plain}}
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a}]
output: "{{ steps.s.text }}"
)yaml";

inline constexpr const char* cascade = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{text: "it is 40", entropy: [1.9], repeat: true}], price: {input: 0, output: 1000000}}
  large: {provider: scripted, answers: [{text: "it is 42", repeat: true}], price: {input: 0, output: 1000000}}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert}]
output: "{{ steps.solve.text }}"
)yaml";

/// `{"id":0,"inputs":{"question":"item 0?"}}` and so on.
inline std::string lines_of(int items) {
    std::string lines;
    for (int i = 0; i < items; ++i)
        lines +=
            R"({"id":)" + std::to_string(i) + R"(,"inputs":{"question":"item )" + std::to_string(i) + R"(?"}})" + "\n";
    return lines;
}

inline ItemResult ended_as(Status status, double usd = 0) {
    ItemResult result;
    result.status = status;
    result.totals.calls = 1;
    result.totals.usd = usd;
    result.report = nlohmann::json{{"status", name(status)}}.dump();
    return result;
}

inline Task<void> pause(std::chrono::milliseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Does with each item what it is told to, and keeps its id.
class ToldRunner final : public ItemRunner {
public:
    using Do = std::function<Task<ItemResult>(BatchItem item, EventSink& record)>;
    ToldRunner(Do what, std::vector<nlohmann::json>& asked) : what_(std::move(what)), asked_(asked) {}

    Task<ItemResult> run(BatchItem item, EventSink& record) override {
        asked_.push_back(item.id);
        return what_(std::move(item), record);
    }

private:
    Do what_;
    std::vector<nlohmann::json>& asked_;
};

inline Task<ItemResult> accepted(BatchItem, EventSink&) {
    co_return ended_as(Status::accepted);
}

class BatchTest : public testing::Test {
protected:
    BatchSettings settings(bool resume = false) const {
        BatchSettings settings;
        settings.files.output = folder_.file("out.jsonl");
        settings.resume = resume;
        return settings;
    }
    BatchSettings resumed() const { return settings(true); }
    BatchSettings forced() const {
        BatchSettings settings = resumed();
        settings.force = true;
        return settings;
    }

    std::unique_ptr<Batch> open(const std::string& data, BatchSettings with,
                                const std::string& workflow = one_call) const {
        std::istringstream in(data);
        return std::make_unique<Batch>(parse_workflow(workflow), in, std::move(with));
    }

    /// Why it can't be opened.
    std::string refusal(const std::string& data, BatchSettings with, const std::string& workflow = one_call) const {
        try {
            open(data, std::move(with), workflow);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "it was opened";
    }

    /// Runs to the end or, once `cancel` has been called, to being cancelled.
    static BatchEnd run(
        Batch& batch,
        const std::function<std::unique_ptr<ItemRunner>(asio::any_io_executor, std::function<void()> cancel)>& make) {
        asio::io_context context(1);
        asio::cancellation_signal signal;
        const auto cancel = [&] { asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); }); };
        const auto runner = make(context.get_executor(), cancel);
        std::exception_ptr fault;
        BatchEnd end{};
        const auto done = [&](std::exception_ptr thrown, BatchEnd how) {
            fault = thrown;
            end = how;
        };
        asio::co_spawn(context, batch.run(*runner), asio::bind_cancellation_slot(signal.slot(), done));
        context.run_for(time_limit);
        if (!context.stopped()) throw std::logic_error("the batch does not end");
        if (fault) std::rethrow_exception(fault);
        return end;
    }

    /// The ids that were asked.
    static std::vector<nlohmann::json> run_told(Batch& batch, ToldRunner::Do what = accepted) {
        std::vector<nlohmann::json> asked;
        run(batch, [&](const auto&, const auto&) { return std::make_unique<ToldRunner>(std::move(what), asked); });
        return asked;
    }

    std::vector<nlohmann::json> lines(const std::string& name) const {
        std::ifstream in(folder_.file(name), std::ios::binary);
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

    static std::vector<nlohmann::json> numbers(int first, int end) {
        std::vector<nlohmann::json> all;
        for (int i = first; i < end; ++i)
            all.emplace_back(i);
        return all;
    }

    bool exists(const std::string& name) const { return std::filesystem::exists(folder_.file(name)); }

    TemporaryFolder folder_;
};

}  // namespace enough::test
