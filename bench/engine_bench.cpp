// What the engine itself costs: a ladder of three calls with scripted models that answer at once.

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace enough;

constexpr double calls_of_a_run = 3;

std::shared_ptr<const Workflow> ladder() {
    return parse_workflow(R"yaml(
version: 1
name: ladder
inputs: {q: {type: string, default: "What is 6 * 7?"}}
models:
  m: {provider: scripted, answers: [{text: "the answer may be 42", entropy: 1.5, repeat: true}]}
agents: {a: {model: m, answer: {extract: number}}}
gates: {sure: {signal: entropy.mean, accept: 0.5}}
steps:
  - id: s
    prompt: "{{ inputs.q }}"
    ladder: [{agent: a, gate: sure, refine: {max_steps: 2}}, {agent: a}]
output: "{{ steps.s.answer }}"
)yaml");
}

struct Recorder : EventSink {
    std::vector<Event> events;
    void on(const Event& event) override { events.push_back(event); }
};

RunState run_once(Engine& engine, asio::io_context& context, std::vector<EventSink*> sinks) {
    RunState outcome;
    RunOptions options{.run_id = "run", .sinks = std::move(sinks)};
    asio::co_spawn(context, engine.run(nlohmann::json::object(), std::move(options)),
                   [&](std::exception_ptr, RunState state) { outcome = std::move(state); });
    context.run();
    context.restart();
    return outcome;
}

/// Everything: coroutines, scripted agents with 20 candidates a token, evidence, verdicts.
void whole_run(benchmark::State& state) {
    asio::io_context context(1);
    Engine engine(ladder(), context.get_executor());
    for (auto _ : state)
        benchmark::DoNotOptimize(run_once(engine, context, {}));
    state.counters["per_call"] = benchmark::Counter(calls_of_a_run * static_cast<double>(state.iterations()),
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(whole_run);

/// The sans-I/O core alone: folding the same run's facts.
void fold_run(benchmark::State& state) {
    asio::io_context context(1);
    Engine engine(ladder(), context.get_executor());
    Recorder recorder;
    const RunState outcome = run_once(engine, context, {&recorder});
    std::vector<Event> facts;
    for (const Event& event : recorder.events)
        if (is_fact(event.body)) facts.push_back(event);
    for (auto _ : state) {
        RunState folded(outcome.workflow, "run");
        for (const Event& fact : facts)
            benchmark::DoNotOptimize(step(folded, fact.at, fact.body));
    }
    state.counters["per_step"] =
        benchmark::Counter(static_cast<double>(facts.size()) * static_cast<double>(state.iterations()),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(fold_run);

}  // namespace
