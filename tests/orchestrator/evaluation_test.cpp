// Every number of the report on four questions, computed by hand. A cheap agent answers twice; an expert follows.

#include "orchestrator/evaluated.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace enough::test {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;

// Each scripted answer is given once: a call that is made twice finds no answer and fails its item.
constexpr const char* cascade = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small:
    provider: scripted
    price: {input: 1000000, output: 2000000}
    answers:
      - {when: item A, text: "it is 1", entropy: 0.5, tokens: 4, input_tokens: 10}
      - {when: item B, text: "it is 7", entropy: 0.8, tokens: 8, input_tokens: 10}
      - {when: item C, text: "it is 7", entropy: 1.5, tokens: 5, input_tokens: 10}
      - {when: item D, text: "it is 4", entropy: 2.0, tokens: 12, input_tokens: 10}
      - {when: Review, text: "no, 9", entropy: 0.3, tokens: 6, input_tokens: 20}
      - {when: Review, text: "no, 2", entropy: 0.2, tokens: 5, input_tokens: 20}
      - {when: Review, text: "no, 3", entropy: 0.4, tokens: 3, input_tokens: 20}
      - {when: Review, text: "no, 9", entropy: 0.6, tokens: 7, input_tokens: 20}
  large:
    provider: scripted
    price: {input: 3000000, output: 4000000}
    answers:
      - {when: "item A.*\n(.*\n)*.*previous", text: "so 1", tokens: 10, input_tokens: 30}
      - {when: "item B.*\n(.*\n)*.*previous", text: "so 2", tokens: 12, input_tokens: 30}
      - {when: "item C.*\n(.*\n)*.*previous", text: "so 8", tokens: 9, input_tokens: 30}
      - {when: "item D.*\n(.*\n)*.*previous", text: "so 4", tokens: 14, input_tokens: 30}
      - {when: "^item A.$", text: "so 1", tokens: 20, input_tokens: 5}
      - {when: "^item B.$", text: "so 2", tokens: 20, input_tokens: 5}
      - {when: "^item C.$", text: "so 3", tokens: 20, input_tokens: 5}
      - {when: "^item D.$", text: "so 8", tokens: 20, input_tokens: 5}
agents:
  solver: {model: small, answer: {extract: number}}
  expert: {model: large, answer: {extract: number}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, accept: 1.0}, refine: {max_steps: 2, prompt: Review it.}}
      - {agent: expert, handover: answer}
output: "{{ steps.solve.answer }}"
eval: {grader: number}
)yaml";

const Evaluated& four_items() {
    static const Evaluated result =
        evaluated(cascade, data_line("A", 1) + data_line("B", 2) + data_line("C", 3) + data_line("D", 4));
    return result;
}

const ordered_json& report() {
    static const ordered_json json = [] {
        ReportSettings settings;
        settings.data = "items.jsonl";
        settings.created = "2026-01-02T03:04:05Z";
        return evaluation_report(four_items().evaluation, settings);
    }();
    return json;
}

const ordered_json& policy(const std::string& name) {
    for (const ordered_json& each : report().at("policies"))
        if (each.at("name") == name) return each;
    throw std::out_of_range("no policy " + name);
}

TEST(Evaluation, MakesEqualCallsOnce) {
    const AskedModels& asked = four_items().asked;
    EXPECT_EQ(asked.at("small").size(), 8U) << "two steps of four items";
    EXPECT_EQ(asked.at("large").size(), 8U) << "after the chain, and fresh";
    EXPECT_THAT(four_items().evaluation.failures, ElementsAre());
    const ItemProgress& total = four_items().evaluation.total;
    EXPECT_EQ(total.done, 4U);
    EXPECT_EQ(total.usage.input_tokens, 8 * 15 + 4 * 30 + 4 * 5);
    EXPECT_EQ(total.usage.output_tokens, 50 + 45 + 80);
    EXPECT_DOUBLE_EQ(total.usd, (120 * 1 + 50 * 2) + (140 * 3 + 125 * 4));
}

TEST(Evaluation, AsksTheLastRungAfresh) {
    std::size_t fresh = 0;
    for (const auto& messages : four_items().asked.at("large")) {
        ASSERT_EQ(messages.size(), 1U);
        if (messages.front().content.find("previous attempt") == std::string::npos) ++fresh;
    }
    EXPECT_EQ(fresh, 4U);
    const auto& outcome = four_items().evaluation.items.at(3).policies.at(Policy::last_rung);
    EXPECT_EQ(outcome.output, "8");
    EXPECT_EQ(outcome.status, Status::accepted) << "without a gate";
}

struct Expected {
    const char* name;
    double right;
    double calls;
    double input;
    double output;
    double usd;
};

class Policies : public testing::TestWithParam<Expected> {};

TEST_P(Policies, HaveTheirMeans) {
    const Expected& expected = GetParam();
    const ordered_json& json = policy(expected.name);
    EXPECT_DOUBLE_EQ(json.at("accuracy").at("right"), expected.right);
    EXPECT_EQ(json.at("accuracy").at("n"), 4);
    EXPECT_DOUBLE_EQ(json.at("accuracy").at("value"), expected.right / 4);
    EXPECT_DOUBLE_EQ(json.at("calls"), expected.calls / 4);
    EXPECT_DOUBLE_EQ(json.at("input_tokens"), expected.input / 4);
    EXPECT_DOUBLE_EQ(json.at("cached_input_tokens"), 0);
    EXPECT_DOUBLE_EQ(json.at("output_tokens"), expected.output / 4);
    EXPECT_DOUBLE_EQ(json.at("usd"), expected.usd / 4);
}

INSTANTIATE_TEST_SUITE_P(
    OnFourItems, Policies,
    testing::Values(
        // A and B stop at step 1 (B wrongly); C and D go on to the expert, who is wrong on C.
        Expected{"workflow", 2, 1 + 1 + 3 + 3, 10 + 10 + 60 + 60, 4 + 8 + 17 + 33, 18 + 26 + 172 + 214},
        Expected{"step1", 2, 4, 40, 4 + 8 + 5 + 12, 18 + 26 + 20 + 34},
        Expected{"chain", 2, 8, 120, 10 + 13 + 8 + 19, 50 + 56 + 46 + 68},
        Expected{"full", 3, 12, 240, 20 + 25 + 17 + 33, 180 + 194 + 172 + 214},
        Expected{"last_rung", 3, 4, 20, 80, 4 * 95},
        // Half of step 1 and half of the full path each.
        Expected{"random_stop", 1 + 0.5 + 0 + 1, 8, 140, (29 + 95) / 2.0, (98 + 760) / 2.0},
        // Two stop, as with the gate: the shortest first answers, A (4 tokens) and C (5).
        Expected{"length_gate", 3, 1 + 3 + 1 + 3, 10 + 60 + 10 + 60, 4 + 25 + 5 + 33, 18 + 194 + 20 + 214}),
    [](const auto& instance) { return instance.param.name; });

struct ExpectedChange {
    const char* name;
    double right;   ///< of 4, less those of the full path
    double output;  ///< of the full path's 95 tokens
    double input;   ///< of its 240
    double usd;
    int right_wrong;
    int wrong_right;
};

class Changes : public testing::TestWithParam<ExpectedChange> {};

TEST_P(Changes, AreTakenFromTheWholeLadder) {
    const ExpectedChange& expected = GetParam();
    const ordered_json& json = policy(expected.name).at("versus_full");
    EXPECT_DOUBLE_EQ(json.at("accuracy_change").at("value"), expected.right / 4);
    EXPECT_DOUBLE_EQ(json.at("savings_output").at("value"), 1 - expected.output / 95);
    EXPECT_DOUBLE_EQ(json.at("savings_total").at("value"), 1 - (expected.input + expected.output) / 335);
    EXPECT_DOUBLE_EQ(json.at("usd_change").at("value"), expected.usd / 4);
    EXPECT_EQ(json.at("right_wrong"), expected.right_wrong);
    EXPECT_EQ(json.at("wrong_right"), expected.wrong_right);
    EXPECT_DOUBLE_EQ(json.at("mcnemar_p"), 1) << "so few say nothing: 2 * P(Bin(b + c, 1/2) <= min(b, c)) >= 1";
    EXPECT_DOUBLE_EQ(json.at("holm_p"), 1);
}

INSTANTIATE_TEST_SUITE_P(OnFourItems, Changes,
                         testing::Values(ExpectedChange{"workflow", -1, 62, 140, 430 - 760, 1, 0},
                                         ExpectedChange{"step1", -1, 29, 40, 98 - 760, 1, 0},
                                         ExpectedChange{"chain", -1, 50, 120, 220 - 760, 2, 1},
                                         ExpectedChange{"last_rung", 0, 80, 20, 380 - 760, 1, 1},
                                         ExpectedChange{"length_gate", 0, 67, 140, 446 - 760, 0, 0}),
                         [](const auto& instance) { return instance.param.name; });

TEST(Evaluation, ComparesAPolicyThatDrawsLotsByItsExpectation) {
    const ordered_json& json = policy("random_stop").at("versus_full");
    EXPECT_DOUBLE_EQ(json.at("accuracy_change").at("value"), (2.5 - 3) / 4);
    EXPECT_DOUBLE_EQ(json.at("savings_output").at("value"), 1 - 62.0 / 95);
    EXPECT_TRUE(json.at("mcnemar_p").is_null());
    EXPECT_TRUE(json.at("holm_p").is_null());
    EXPECT_TRUE(json.at("right_wrong").is_null());
    EXPECT_EQ(report().at("full_policy"), "full");
    EXPECT_TRUE(policy("full").at("versus_full").is_null());
}

TEST(Evaluation, CountsStopsAndFlips) {
    const ordered_json& gate = report().at("gate");
    EXPECT_EQ(gate.at("step"), "solve");
    EXPECT_EQ(gate.at("agent"), "solver");
    EXPECT_EQ(gate.at("chain_length"), 2);
    EXPECT_EQ(gate.at("thresholds"), ordered_json({1.0}));
    EXPECT_DOUBLE_EQ(gate.at("stop_rate"), 0.5);
    EXPECT_EQ(report().at("threshold_accuracy").at("right"), 1);
    EXPECT_EQ(report().at("threshold_accuracy").at("n"), 2);
    // Refinement spoils A and D and mends B and C; stopping loses B.
    EXPECT_EQ(report().at("flips").at("refinement"), (ordered_json{{"right_wrong", 2}, {"wrong_right", 2}}));
    EXPECT_EQ(report().at("flips").at("gate"), (ordered_json{{"right_wrong", 1}, {"wrong_right", 0}}));
}

TEST(Evaluation, DescribesEachStepOfTheChain) {
    ASSERT_EQ(report().at("steps").size(), 2U);
    const ordered_json& first = report().at("steps")[0];
    EXPECT_EQ(first.at("accuracy").at("right"), 2);
    EXPECT_NEAR(first.at("mean_score"), (0.5 + 0.8 + 1.5 + 2.0) / 4, 1e-9);
    EXPECT_DOUBLE_EQ(first.at("mean_tokens"), 29.0 / 4);
    EXPECT_EQ(first.at("correct").at("n"), 2);
    EXPECT_NEAR(first.at("correct").at("mean"), 1.25, 1e-9);
    EXPECT_NEAR(first.at("correct").at("sd"), 1.5 / std::sqrt(2.0), 1e-9);
    EXPECT_NEAR(first.at("incorrect").at("mean"), 1.15, 1e-9);
    EXPECT_NEAR(first.at("incorrect").at("sd"), 0.7 / std::sqrt(2.0), 1e-9);
    // 0.8 and 1.5 are above 0.5 and below 2.0; 8 and 5 tokens are above 4 and below 12.
    EXPECT_DOUBLE_EQ(first.at("auroc").at("value"), 0.5);
    EXPECT_DOUBLE_EQ(first.at("length_auroc").at("value"), 0.5);
    EXPECT_EQ(first.at("missing"), 0);
    EXPECT_EQ(first.at("truncated"), 0);
    const ordered_json& second = report().at("steps")[1];
    EXPECT_NEAR(second.at("mean_score"), 1.5 / 4, 1e-9);
    EXPECT_DOUBLE_EQ(second.at("mean_tokens"), 21.0 / 4);
    EXPECT_DOUBLE_EQ(second.at("auroc").at("value"), 0.75) << "0.3 > 0.2, 0.6 > 0.2, 0.6 > 0.4, but 0.3 < 0.4";
}

TEST(Evaluation, DrawsItsCurves) {
    const ordered_json& risk = report().at("risk_coverage");
    EXPECT_DOUBLE_EQ(risk.at("error_rate"), 0.5);
    EXPECT_NEAR(risk.at("aurc"), (0 + 1.0 / 2 + 2.0 / 3 + 2.0 / 4) / 4, 1e-12);
    EXPECT_NEAR(risk.at("e_aurc"), (0 + 1.0 / 2 + 2.0 / 3 + 2.0 / 4) / 4 - (0 + 0 + 1.0 / 3 + 2.0 / 4) / 4, 1e-12);
    struct Point {
        double coverage, accuracy, savings;
    };
    // At no threshold, 0.5, 0.8, 1.5 and 2.0: against the chain's 50 output tokens.
    const std::vector<Point> points{
        {0, 0.5, 0}, {0.25, 0.75, 6.0 / 50}, {0.5, 0.5, 11.0 / 50}, {0.75, 0.25, 14.0 / 50}, {1, 0.5, 21.0 / 50}};
    const ordered_json& curve = report().at("savings_curve");
    ASSERT_EQ(curve.size(), points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        EXPECT_NEAR(curve[i].at("coverage"), points[i].coverage, 1e-12) << i;
        EXPECT_NEAR(curve[i].at("accuracy"), points[i].accuracy, 1e-12) << i;
        EXPECT_NEAR(curve[i].at("savings"), points[i].savings, 1e-12) << i;
    }
}

TEST(Evaluation, ComparesAllMethodsAndCandidateCounts) {
    std::vector<std::string> names;
    for (const ordered_json& method : report().at("methods")) {
        names.push_back(method.at("method"));
        EXPECT_EQ(method.at("thresholds").size(), 5U);
        EXPECT_DOUBLE_EQ(method.at("step1_accuracy"), 0.5);
        EXPECT_DOUBLE_EQ(method.at("full_accuracy"), 0.5);
        EXPECT_FALSE(method.at("reason").is_null()) << "nothing can be fitted on three items";
    }
    EXPECT_THAT(names, ElementsAre("mean", "information", "bayes", "universal", "crc", "bound", "hoeffding", "ltt"));
    std::vector<int> counts;
    for (const ordered_json& row : report().at("ablation"))
        counts.push_back(row.at("k"));
    EXPECT_THAT(counts, ElementsAre(5, 10, 15, 20));
    EXPECT_TRUE(report().at("drift").is_null());
}

TEST(Evaluation, ShowsEachItem) {
    const ordered_json& details = report().at("details");
    ASSERT_EQ(details.size(), 4U);
    EXPECT_EQ(details[0].at("id"), "A");
    EXPECT_EQ(details[0].at("output"), "1");
    EXPECT_EQ(details[0].at("status"), "accepted");
    EXPECT_EQ(details[0].at("answered_at"), (ordered_json{{"agent", "solver"}, {"rung", 0}, {"step", 1}}));
    EXPECT_EQ(details[2].at("answered_at"), (ordered_json{{"agent", "expert"}, {"rung", 1}, {"step", 1}}));
    EXPECT_EQ(details[2].at("right"), false);
    EXPECT_EQ(details[2].at("expected"), 3);
    const ordered_json& chain = details[2].at("chain");
    ASSERT_EQ(chain.size(), 2U);
    EXPECT_EQ(chain[0].at("answer"), "7");
    EXPECT_EQ(chain[0].at("correct"), false);
    EXPECT_EQ(chain[1].at("text"), "no, 3");
    EXPECT_EQ(chain[1].at("tokens"), 3);
    ASSERT_EQ(chain[1].at("heat").size(), 3U);
    EXPECT_EQ(chain[1].at("heat")[0], ordered_json::array({"no,", 0.4}));
}

TEST(Evaluation, GivesTheSameBytesTwiceAndNothingForNothing) {
    ReportSettings settings;
    const auto again = [&] { return evaluation_report(four_items().evaluation, settings).dump(); };
    EXPECT_EQ(again(), again());
    EXPECT_THROW(evaluation_report(Evaluation{}, settings), std::invalid_argument);
}

}  // namespace
}  // namespace enough::test
