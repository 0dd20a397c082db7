// Evaluations in which something is odd: calls cut early, models that fail, budgets, later steps, no refinement.

#include "orchestrator/evaluated.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A solver with the given script, rung and settings before an expert.
std::string two_rungs(const std::string& small, const std::string& large, const std::string& solver_rung,
                      const std::string& expert_rung = "{agent: expert, handover: fresh}",
                      const std::string& rest = "") {
    return R"yaml(
version: 1
name: odd
inputs: {question: {type: string}}
models:
  small: {provider: scripted, price: {input: 0, output: 1000000}, answers: [)yaml" +
           small + R"yaml(]}
  large: {provider: scripted, answers: [)yaml" +
           large + R"yaml(]}
agents:
  solver: {model: small, max_tokens: 10, answer: {extract: number}}
  expert: {model: large, answer: {extract: number}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [)yaml" +
           solver_rung + ", " + expert_rung + R"yaml(]
output: "{{ steps.solve.answer }}"
eval: {grader: number}
)yaml" + rest;
}

constexpr const char* plain_gate = "{agent: solver, gate: {signal: entropy.mean, accept: 1.0}}";
constexpr const char* refining =
    "{agent: solver, gate: {signal: entropy.mean, accept: 1.0}, "
    "refine: {max_steps: 2, prompt: Review it.}}";
constexpr const char* expert_knows = R"({text: "so 1", tokens: 7, input_tokens: 3, repeat: true})";

TEST(EvaluationCases, CountsTheTokensOfACallThatItsWorkflowCuts) {
    // 2 bits a token, at most 10 tokens: after the 6th token the mean can't come down to 1 bit any more.
    const auto result =
        evaluated(two_rungs(R"({text: "it is 1", entropy: 2.0, tokens: 10, input_tokens: 3})", expert_knows,
                            "{agent: solver, gate: {signal: entropy.mean, accept: 1.0, stop_early: provable}}"),
                  data_line("A", 1));
    ASSERT_EQ(result.evaluation.items.size(), 1U);
    const auto& policies = result.evaluation.items.front().policies;
    EXPECT_EQ(policies.at(Policy::workflow).usage.output_tokens, 6 + 7);
    EXPECT_EQ(policies.at(Policy::full).usage.output_tokens, 10 + 7);
    EXPECT_EQ(policies.at(Policy::chain).usage.output_tokens, 10);
    EXPECT_TRUE(policies.at(Policy::workflow).right);
    EXPECT_EQ(result.asked.at("small").size(), 1U) << "cutting a call that was made needs no second one";
    const auto report = evaluation_report(result.evaluation, {});
    EXPECT_DOUBLE_EQ(report.at("policies")[0].at("versus_full").at("savings_output").at("value"), 1 - 13.0 / 17);
}

TEST(EvaluationCases, ComparesWithoutRefinementWithTheFirstAnswer) {
    const auto result = evaluated(
        two_rungs(
            R"({when: item A, text: "it is 1", entropy: 0.5, tokens: 4}, {text: "it is 2", entropy: 1.5, tokens: 4})",
            expert_knows, plain_gate),
        data_line("A", 1) + data_line("B", 1));
    const auto report = evaluation_report(result.evaluation, {});
    std::vector<std::string> names;
    for (const auto& policy : report.at("policies"))
        names.push_back(policy.at("name"));
    EXPECT_THAT(names, ElementsAre("workflow", "chain", "full", "last_rung", "random_stop", "length_gate"));
    EXPECT_EQ(report.at("policies")[1].at("label"), "always the first agent");
    // Both first answers have 4 tokens: a length gate that may stop one of two stops none.
    EXPECT_DOUBLE_EQ(report.at("policies")[5].at("calls"), 2);
    EXPECT_DOUBLE_EQ(report.at("policies")[4].at("accuracy").at("value"), (0.5 * 1 + 0.5 * 1 + 0.5 * 0 + 0.5 * 1) / 2);
}

TEST(EvaluationCases, ComparesALadderOfOneRungWithItsChain) {
    const std::string text = R"yaml(
version: 1
name: alone
inputs: {question: {type: string}}
models:
  m:
    provider: scripted
    answers: [{when: item A, text: "1", entropy: 0.5, tokens: 4}, {when: item B, text: "7", entropy: 1.5, tokens: 4},
              {when: Review, text: "1", entropy: 0.5, tokens: 6, repeat: true}]
agents: {a: {model: m, answer: {extract: number}}}
steps:
  - {id: s, prompt: "{{ inputs.question }}", agent: a, gate: {signal: entropy.mean, accept: 1.0},
     refine: {max_steps: 2, prompt: Review it.}}
eval: {grader: number}
)yaml";
    const auto result = evaluated(text, data_line("A", 1) + data_line("B", 1));
    EXPECT_EQ(result.evaluation.full_policy, Policy::chain);
    const auto report = evaluation_report(result.evaluation, {});
    EXPECT_EQ(report.at("full_policy"), "chain");
    const auto& workflow = report.at("policies")[0];
    EXPECT_EQ(workflow.at("accuracy").at("right"), 2) << "the last answer counts although nothing accepts it";
    EXPECT_DOUBLE_EQ(workflow.at("versus_full").at("savings_output").at("value"), 1 - 14.0 / 20);
    EXPECT_EQ(report.at("details")[1].at("status"), "unresolved");
}

TEST(EvaluationCases, LeavesOutItemsWhoseChainFails) {
    const auto result = evaluated(two_rungs(R"({when: item A, text: "1", entropy: 0.5},
                                               {when: item B, error: overloaded},
                                               {when: Review, text: "1", entropy: 0.5, repeat: true},
                                               {when: item C, text: "1", entropy: 0.5})",
                                            expert_knows, refining),
                                  data_line("A", 1) + data_line("B", 1) + data_line("C", 1));
    EXPECT_EQ(result.evaluation.items.size(), 2U);
    EXPECT_THAT(result.evaluation.failures,
                ElementsAre(testing::AllOf(testing::StartsWith("\"B\": "), HasSubstr("step 1 of the chain failed"))));
    const auto report = evaluation_report(result.evaluation, {});
    EXPECT_EQ(report.at("items"), 2);
    EXPECT_EQ(report.at("failed"), 1);
    EXPECT_EQ(report.at("details")[1].at("id"), "C");
}

TEST(EvaluationCases, LeavesOutItemsWhoseLastRungFails) {
    const auto result = evaluated(
        two_rungs(R"({text: "1", entropy: 0.5, tokens: 4, repeat: true})",
                  R"({when: item A, text: "1", repeat: true}, {error: server_error, repeat: true})", plain_gate),
        data_line("A", 1) + data_line("B", 1));
    EXPECT_EQ(result.evaluation.items.size(), 1U) << "that the gate accepts B says nothing of the yardsticks";
    EXPECT_THAT(result.evaluation.failures,
                ElementsAre(testing::AllOf(testing::StartsWith("\"B\": "), HasSubstr("failed: "))));
    EXPECT_DOUBLE_EQ(result.evaluation.total.usd, 8) << "what was spent on an item that is left out is spent";
}

TEST(EvaluationCases, KeepsItemsOnWhichTheWorkflowItselfFails) {
    const auto result =
        evaluated(two_rungs(R"({when: item A, text: "1", entropy: 0.5}, {text: "1", entropy: 1.5})", expert_knows,
                            plain_gate, "{agent: expert, handover: fresh}", "limits: {calls: 1}\n"),
                  data_line("A", 1) + data_line("B", 1));
    ASSERT_EQ(result.evaluation.items.size(), 2U);
    const auto& outcome = result.evaluation.items[1].policies.at(Policy::workflow);
    EXPECT_EQ(outcome.status, Status::over_budget);
    EXPECT_FALSE(outcome.right);
    EXPECT_TRUE(result.evaluation.items[1].policies.at(Policy::full).right) << "yardsticks have no limits";
}

TEST(EvaluationCases, LeavesOutItemsThatCannotBeGraded) {
    std::string text = two_rungs(R"({text: "1", entropy: 0.5, repeat: true})", expert_knows, plain_gate);
    text.replace(text.find("eval:"), std::string::npos,
                 "eval: {grader: command, command: [sh, -c, 'grep -q \"item A\"']}\n");
    text.replace(text.find("grep -q \"item A\""), 16, "grep -q \"item A\" || exit 2");
    const auto result = evaluated(text, data_line("A", 1) + data_line("B", 1));
    EXPECT_EQ(result.evaluation.items.size(), 1U);
    EXPECT_THAT(result.evaluation.failures, ElementsAre("\"B\": the grading program exited with 2"));
}

TEST(EvaluationCases, BeginsNothingMoreOnceTheMoneyIsSpent) {
    const auto result =
        evaluated(two_rungs(R"({text: "1", entropy: 0.5, tokens: 4, repeat: true})", expert_knows, plain_gate),
                  data_line("A", 1) + data_line("B", 1) + data_line("C", 1), {.concurrency = 1, .max_usd = 5});
    EXPECT_EQ(result.evaluation.items.size(), 2U) << "4 USD were spent before the second";
    EXPECT_THAT(result.evaluation.failures, ElementsAre("\"C\": not begun: 8 USD are spent"));
    EXPECT_EQ(result.asked.at("small").size(), 2U);
}

TEST(EvaluationCases, TakesTheFirstAgentsAnswerAsAcceptedInLaterSteps) {
    const std::string text = R"yaml(
version: 1
name: checked
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{when: item, text: "1", entropy: 0.5}, {when: Review, text: "2", entropy: 0.5}]}
  large: {provider: scripted, answers: [{text: "3", repeat: true}]}
agents:
  solver: {model: small, answer: {extract: number}}
  expert: {model: large, answer: {extract: number}}
steps:
  - {id: solve, prompt: "{{ inputs.question }}", agent: solver, gate: {signal: entropy.mean, accept: 1.0},
     refine: {max_steps: 2, prompt: Review it.}}
  - {id: check, when: steps.solve.status == "unresolved", agent: expert, prompt: "Is it {{ steps.solve.text }}?"}
output: "{{ coalesce(steps.check.answer, steps.solve.answer) }}"
eval: {grader: number}
)yaml";
    const auto result = evaluated(text, data_line("A", 1));
    ASSERT_EQ(result.evaluation.items.size(), 1U);
    const auto& policies = result.evaluation.items.front().policies;
    EXPECT_EQ(policies.at(Policy::step1).output, "1") << "nothing is unresolved about it";
    EXPECT_EQ(policies.at(Policy::chain).output, "2");
    EXPECT_EQ(result.asked.at("large").size(), 0U);
}

TEST(EvaluationCases, GivesTheSameReportAtAnyConcurrency) {
    std::string data;
    std::string small;
    for (char name = 'A'; name < 'M'; ++name) {
        data += data_line(std::string(1, name), 1);
        small += std::string(R"({when: item )") + name + R"(, text: "it is )" + (name % 3 == 0 ? "1" : "7") +
                 R"(", entropy: )" + std::to_string(0.1 * (name - 'A')) +
                 ", tokens: 4, delay: " + std::to_string('M' - name) + "ms}, ";
    }
    const std::string text = two_rungs(small, expert_knows, plain_gate);
    const auto report = [&](std::size_t concurrency) {
        auto json = evaluation_report(evaluated(text, data, {.concurrency = concurrency}).evaluation, {});
        for (auto& policy : json.at("policies")) {
            policy.erase("latency_ms");
            if (!policy.at("versus_full").is_null()) policy.at("versus_full").erase("latency_change_ms");
        }
        for (auto& item : json.at("details"))
            item.erase("latency_ms");
        return json.dump();
    };
    EXPECT_EQ(report(1), report(12));
}

TEST(EvaluationCases, RefusesWorkflowsWithoutAGate) {
    const auto workflow = parse_workflow(two_rungs(expert_knows, expert_knows, "{agent: solver}", "{agent: expert}"));
    EXPECT_THROW(plan_evaluation(*workflow, {}), std::invalid_argument);
    const auto gated = parse_workflow(two_rungs(expert_knows, expert_knows, plain_gate));
    EXPECT_THROW(plan_evaluation(*gated, {.step = "other"}), std::invalid_argument);
    const EvaluationPlan plan = plan_evaluation(*gated, {});
    EXPECT_THAT(plan.policies, ElementsAre(Policy::chain, Policy::full, Policy::workflow, Policy::last_rung));
    EXPECT_EQ(plan.agent, "solver");
}

}  // namespace
}  // namespace enough::test
