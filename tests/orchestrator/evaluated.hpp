#pragma once

#include "orchestrator/counting_agent.hpp"
#include "support/run.hpp"

#include <enough/orchestrator/evaluation.hpp>
#include <enough/orchestrator/evaluation_report.hpp>
#include <enough/workflows/load.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace enough::test {

/// An evaluation and what its models were asked for it.
struct Evaluated {
    Evaluation evaluation;
    AskedModels asked;
};

inline Task<void> evaluate_into(Evaluated& result, std::string text, std::string data, EvaluationOptions options,
                                asio::any_io_executor executor) {
    const auto workflow = parse_workflow(text);
    std::istringstream lines(data);
    auto items = read_data(lines, "items.jsonl", *workflow, Labels::required, std::nullopt);
    const Agents agents = counted_agents(*workflow, executor, result.asked);
    Task<Evaluation> evaluating = evaluate(workflow, *workflow->eval, agents, std::move(items), std::move(options));
    result.evaluation = co_await std::move(evaluating);
}

/// Evaluates a workflow text with an `eval:` on lines of data; one item after the other unless the options say so.
inline Evaluated evaluated(const std::string& text, const std::string& data,
                           EvaluationOptions options = {.concurrency = 1}) {
    Evaluated result;
    run_with([&](asio::any_io_executor executor) {
        return evaluate_into(result, text, data, std::move(options), std::move(executor));
    });
    return result;
}

/// A line of data that asks `item NAME?`.
inline std::string data_line(const std::string& name, int expected) {
    return R"({"id":")" + name + R"(","inputs":{"question":"item )" + name + R"(?"},"expected":)" +
           std::to_string(expected) + "}\n";
}

}  // namespace enough::test
