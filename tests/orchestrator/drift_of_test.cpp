// Drift is told of the score that the gate judges.

#include "orchestrator/evaluated.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <variant>

namespace enough::test {
namespace {

constexpr const char* one_gate = R"yaml(
version: 1
name: one
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "1"}]}}
agents: {solver: {model: m}}
steps:
  - {id: solve, prompt: "{{ inputs.question }}", agent: solver, gate: {signal: entropy.mean, accept: 1.0}}
output: "{{ steps.solve.text }}"
)yaml";

/// A gate on the fitted signal that accepts P >= 0.4, calibrated on these values of it.
Evaluation fitted_evaluation(std::vector<double> calibrated) {
    Workflow workflow = *parse_workflow(one_gate);
    auto& rung = std::get<AgentRung>(std::get<Ladder>(workflow.steps.front().body).rungs.front());
    auto calibration = std::make_shared<GateCalibration>();
    calibration->models.push_back({feature_names(), std::vector(6, 0.0), std::vector(6, 1.0), {-1, 0, 0, 0, 0, 0}});
    calibration->scores = std::move(calibrated);
    rung.gate->signal = Signal::fitted;
    rung.gate->accept = {0.4};
    rung.gate->calibration = std::move(calibration);
    Evaluation evaluation;
    evaluation.workflow = std::make_shared<const Workflow>(std::move(workflow));
    evaluation.step = "solve";
    for (const double entropy : {0.0, 1.0}) {
        ObservedStep step;
        step.score = entropy;
        step.features = {entropy, 2, 3, 4, 5, 6};
        evaluation.items.emplace_back().chain.steps.push_back(step);
    }
    ObservedStep unknown;
    unknown.score = 0.5;
    evaluation.items.emplace_back().chain.steps.push_back(unknown);
    return evaluation;
}

TEST(DriftOf, JudgesTheFittedSignalByItsModel) {
    const double unsure = 1 / (1 + std::exp(1.0));
    const auto none = drift_of(fitted_evaluation({unsure, 0.5}));
    ASSERT_TRUE(none);
    EXPECT_EQ(none->n, 2U) << "an answer without features has no fitted score";
    EXPECT_EQ(none->distance, 0);
    EXPECT_EQ(none->share_accepted, 0.5);
    EXPECT_EQ(none->calibration_share, 0.5);
    const auto moved = drift_of(fitted_evaluation({0.8, 0.9}));
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->distance, 1);
    EXPECT_EQ(moved->calibration_share, 1);
}

TEST(DriftOf, SaysNothingWithoutACalibration) {
    Evaluation evaluation = fitted_evaluation({0.5});
    evaluation.workflow = parse_workflow(one_gate);
    EXPECT_FALSE(drift_of(evaluation));
}

}  // namespace
}  // namespace enough::test
