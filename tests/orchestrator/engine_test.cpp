#include "support/recorder.hpp"
#include "support/run.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

constexpr const char* text = R"yaml(
version: 1
name: one
inputs: {q: {type: string}}
models: {m: {provider: scripted, answers: [{text: "42", entropy: 0.3, repeat: true}]}}
agents: {a: {model: m}}
gates: {sure: {signal: entropy.mean, accept: 0.5}}
steps: [{id: s, prompt: "{{ inputs.q }}", agent: a, gate: sure}]
)yaml";

/// An agent with a bug.
class Broken : public Agent {
public:
    Task<Result<Answer>> ask(Request) override {
        throw std::runtime_error("broken inside");
        co_return Answer();
    }
};

Task<RunState> run_on(Engine& engine, nlohmann::json inputs) {
    return engine.run(std::move(inputs));
}

Task<void> many_runs(asio::any_io_executor executor) {
    Engine engine(parse_workflow(text), executor);
    for (int i = 0; i < 20; ++i) {
        nlohmann::json inputs;
        inputs["q"] = "what?";
        const RunState state = co_await run_on(engine, std::move(inputs));
        EXPECT_EQ(state.status, Status::accepted);
        EXPECT_EQ(state.output, "42");
    }
}

TEST(Engine, RunsAgainAndAgain) {
    run_with(many_runs);
}

Task<void> refused_inputs(asio::any_io_executor executor) {
    Engine engine(parse_workflow(text), executor);
    std::string message;
    try {
        co_await run_on(engine, nlohmann::json::object());
    } catch (const std::invalid_argument& error) {
        message = error.what();
    }
    EXPECT_THAT(message, testing::HasSubstr("'q'"));
}

TEST(Engine, RefusesInputsBeforeAskingAnybody) {
    run_with(refused_inputs);
}

Task<void> bug_in_agent() {
    Agents agents;
    agents.emplace("m", std::make_unique<Broken>());
    Engine engine(parse_workflow(text), std::move(agents));
    nlohmann::json inputs;
    inputs["q"] = "what?";
    const RunState state = co_await run_on(engine, std::move(inputs));
    EXPECT_EQ(state.status, Status::failed);
    EXPECT_THAT(state.error.value_or(""), testing::HasSubstr("broken inside"));
}

TEST(Engine, EndsARunWhoseAgentThrows) {
    run(bug_in_agent());
}

TEST(Engine, NeedsAnAgentForEveryModel) {
    EXPECT_THROW(Engine(parse_workflow(text), Agents{}), std::invalid_argument);
}

TEST(Step, RefusesFactsThatCannotFollow) {
    RunState state(parse_workflow(text), "run");
    EXPECT_THROW(step(state, RunTime{}, TimeExpired()), std::logic_error) << "nothing comes before the start";
    RunStarted start{.workflow = "one", .inputs = {{"q", "what?"}}};
    step(state, RunTime{}, start);
    EXPECT_THROW(step(state, RunTime{}, start), std::logic_error);
    EXPECT_THROW(step(state, RunTime{}, CallFailed{.call = 7}), std::logic_error);
    EXPECT_THROW(step(state, RunTime{}, CallFailed{.call = 0}), std::logic_error);
    EXPECT_THROW(step(state, RunTime{}, StepStarted{"s"}), std::logic_error) << "conclusions are not facts";
    step(state, RunTime{}, CallFailed{.call = 1});
    EXPECT_TRUE(is_final(state.status));
    EXPECT_THROW(step(state, RunTime{}, CancelRequested()), std::logic_error) << "nothing comes after the end";
}

constexpr const char* seeded = R"yaml(
version: 1
name: seeded
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m, seed: 7, temperature: 1, answer: {extract: number}}}
steps:
  - {id: alone, prompt: q, agent: a}
  - {id: vote, prompt: q, panel: {agents: [a], samples: 3, stop: {decided: false}}}
)yaml";

Task<void> seeds_of_a_panel(asio::any_io_executor executor) {
    std::vector<std::optional<std::uint64_t>> seeds;
    Recorder recorder([&](const Event& event) {
        if (const auto* asked = std::get_if<CallRequested>(&event.body)) seeds.push_back(asked->sampling.seed);
    });
    Engine engine(parse_workflow(seeded), executor);
    RunOptions options;
    options.sinks.push_back(&recorder);
    Task<RunState> running = engine.run(nlohmann::json::object(), options);
    const RunState state = co_await std::move(running);
    EXPECT_EQ(state.status, Status::accepted);
    EXPECT_THAT(seeds, testing::ElementsAre(7U, 7U, 8U, 9U)) << "one seed for all would be one answer for all";
}

TEST(Engine, SeedsTheMembersOfAPanelDifferently) {
    run_with(seeds_of_a_panel);
}

}  // namespace
}  // namespace enough::test
