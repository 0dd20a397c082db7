#include "support/recorder.hpp"
#include "support/run.hpp"
#include "support/run_workflow.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace enough::test {
namespace {

using testing::HasSubstr;

/// The small model is down; the large one, its fallback, answers with much assurance.
std::shared_ptr<const Workflow> with_fallback(const std::string& gate, const std::string& limits = "{}") {
    const std::string text = R"yaml(
version: 1
name: t
models:
  small:
    provider: scripted
    answers: [{text: "", error: overloaded, repeat: true}]
    price: {input: 1, output: 2}
  large:
    provider: scripted
    answers: [{text: "42 it is", entropy: 0.1, tokens: 100, input_tokens: 1000, repeat: true}]
    price: {input: 10, cached_input: 1, output: 20}
agents: {solver: {model: small, max_tokens: 200, answer: {extract: number}}}
limits: )yaml" + limits + R"yaml(
steps: [{id: s, prompt: "What is 6 * 7?", agent: solver)yaml" +
                             gate + "}]\noutput: \"{{ coalesce(steps.s.answer, '') }}\"\n";
    auto workflow = std::make_shared<Workflow>(*parse_workflow(text));
    workflow->models.at("small").fallback = {"large"};
    return workflow;
}

TEST(Fallback, ItsAnswerCountsWhereNothingIsGated) {
    const auto outcome = run_workflow(with_fallback(""), nlohmann::json::object());
    EXPECT_EQ(outcome.state.status, Status::accepted);
    EXPECT_EQ(outcome.state.output, "42");
    const auto call = report(outcome.state)["steps"]["s"]["calls"][0];
    EXPECT_EQ(call["model"], "small");
    EXPECT_EQ(call["answered_by"], "large");
    EXPECT_EQ(call["attempts"], 2);
}

TEST(Fallback, ItsEvidenceIsNoneForAThresholdOfAnotherModel) {
    const auto outcome =
        run_workflow(with_fallback(", gate: {signal: entropy.mean, accept: 0.5}"), nlohmann::json::object());
    EXPECT_EQ(outcome.state.status, Status::unresolved) << "however sure it was";
    const CallRecord& call = outcome.state.call(1);
    EXPECT_EQ(call.judgement->verdict, Verdict::escalate);
    EXPECT_EQ(call.judgement->value, std::nullopt);
    EXPECT_THAT(call.judgement->reason, HasSubstr("answered by fallback 'large': the threshold belongs to 'small'"));
}

TEST(Fallback, CostsWhatTheDearestOfTheModelsDoes) {
    const auto outcome = run_workflow(with_fallback(""), nlohmann::json::object());
    EXPECT_DOUBLE_EQ(outcome.state.budget().used_usd(), (1000 * 10 + 100 * 20) / 1e6);
}

TEST(Fallback, IsReservedForBeforeTheFirstModelIsAsked) {
    // 200 tokens at 2 USD per million are 0.0004 USD; at the fallback's 20 they are 0.004.
    const auto outcome = run_workflow(with_fallback("", "{usd: 0.001}"), nlohmann::json::object());
    EXPECT_EQ(outcome.state.status, Status::over_budget);
    const auto enough = run_workflow(with_fallback("", "{usd: 0.03}"), nlohmann::json::object());
    EXPECT_EQ(enough.state.status, Status::accepted) << enough.state.error.value_or("");
}

TEST(Fallback, CanBeFoldedAgainFromTheLog) {
    const auto workflow = with_fallback(", gate: {signal: entropy.mean, accept: 0.5}");
    const auto outcome = run_workflow(workflow, nlohmann::json::object());
    std::vector<Event> events;
    for (const Event& event : outcome.events)
        events.push_back(event_from_json(to_json(event)));
    EXPECT_EQ(fold(workflow, events), outcome.state);
}

TEST(Fallback, AMemberOfItsOwnKindIsAskedWithItsOwnFallbacks) {
    const auto text = R"yaml(
version: 1
name: t
models:
  a: {provider: scripted, answers: [{text: "", error: overloaded}]}
  b: {provider: scripted, answers: [{text: "", error: overloaded}]}
  c: {provider: scripted, answers: [{text: "7"}]}
agents: {solver: {model: a}}
steps: [{id: s, prompt: q, agent: solver}]
)yaml";
    auto workflow = std::make_shared<Workflow>(*parse_workflow(text));
    workflow->models.at("a").fallback = {"b"};
    workflow->models.at("b").fallback = {"c"};
    const auto outcome = run_workflow(workflow, nlohmann::json::object());
    EXPECT_EQ(outcome.state.status, Status::accepted);
    EXPECT_EQ(outcome.state.call(1).answered_by, "c");
}

/// Notes the numbers of the samples that it is asked for, by what is asked.
class Noting final : public Agent {
public:
    explicit Noting(std::map<std::string, std::multiset<int>>& samples, std::set<std::uint64_t>& runs)
        : samples_(samples), runs_(runs) {}

    Task<Result<Answer>> ask(Request request) override {
        samples_[request.messages.back().content].insert(request.sample);
        runs_.insert(request.run);
        Answer answer;
        answer.text = "1";
        co_return answer;
    }

private:
    std::map<std::string, std::multiset<int>>& samples_;
    std::set<std::uint64_t>& runs_;
};

Task<void> run_once(Engine* engine) {
    Task<RunState> running = engine->run(nlohmann::json::object());
    const RunState state = co_await std::move(running);
    EXPECT_EQ(state.status, Status::accepted) << state.error.value_or("");
}

TEST(Samples, EqualRequestsOfARunAreNumberedAndAlikeInTheNext) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: t
models: {m: {provider: scripted, answers: [{text: x}]}}
agents: {solver: {model: m, answer: {extract: number}}}
steps:
  - {id: vote, prompt: same, panel: {agents: [solver], samples: 3, stop: {decided: false}}}
  - {id: again, prompt: same, agent: solver}
  - {id: other, prompt: another, agent: solver}
)yaml");
    std::map<std::string, std::multiset<int>> samples;
    std::set<std::uint64_t> runs;
    Agents agents;
    agents.emplace("m", std::make_unique<Noting>(samples, runs));
    Engine engine(workflow, std::move(agents));
    run(run_once(&engine));
    EXPECT_EQ(samples["same"], (std::multiset<int>{0, 1, 2, 3}));
    EXPECT_EQ(samples["another"], (std::multiset<int>{0}));
    EXPECT_EQ(runs.size(), 1U);
    run(run_once(&engine));
    EXPECT_EQ(samples["same"], (std::multiset<int>{0, 0, 1, 1, 2, 2, 3, 3}));
    EXPECT_EQ(runs.size(), 2U) << "each run waits for its turn by itself";
}

}  // namespace
}  // namespace enough::test
