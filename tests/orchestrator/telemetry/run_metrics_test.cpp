#include "telemetry/run_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/telemetry/watched_run.hpp"

namespace enough::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string metrics_of(const WatchedRun& run) {
    MetricRegistry registry;
    RunMetrics metrics(registry);
    run.show(metrics);
    return registry.text();
}

TEST(RunMetrics, CountsACascade) {
    const std::string text = metrics_of(watched_run(priced_cascade));
    for (const std::string line : {
             R"(enough_runs_total{workflow="cascade",status="accepted"} 1)",
             R"(enough_runs_in_flight{workflow="cascade"} 0)",
             R"(enough_run_duration_seconds_count{workflow="cascade"} 1)",
             R"(enough_calls_total{model="small",agent="solver",outcome="answered"} 1)",
             R"(enough_calls_total{model="large",agent="expert",outcome="answered"} 1)",
             R"(enough_calls_in_flight{model="small"} 0)",
             R"(enough_call_duration_seconds_count{model="small"} 1)",
             R"(enough_tokens_total{model="small",type="input"} 5)",
             R"(enough_tokens_total{model="small",type="output"} 3)",
             R"(enough_spend_usd_total{model="small"} 1.1e-05)",  // (5 * 1 + 3 * 2) / 10⁶
             R"(enough_spend_usd_total{model="large"} 0.00011)",  // (5 * 10 + 3 * 20) / 10⁶
             R"(enough_verdicts_total{model="small",agent="solver",verdict="escalate"} 1)",
             R"(enough_verdicts_total{model="large",agent="expert",verdict="accept"} 1)",
             R"(enough_gated_answers_total{model="small",evidence="present"} 1)",
             R"(enough_entropy_bits_count{model="small"} 1)",
             R"(enough_entropy_bits_bucket{model="small",le="1.5"} 0)",
             R"(enough_entropy_bits_bucket{model="small",le="2"} 1)",
         })
        EXPECT_THAT(text, HasSubstr("\n" + line + "\n"));
    EXPECT_THAT(text, Not(HasSubstr("enough_gated_answers_total{model=\"large\"")));  // it has no gate
    EXPECT_THAT(text, Not(HasSubstr("What is")));
}

TEST(RunMetrics, MissingEvidence) {
    std::string text = priced_cascade;
    text.replace(text.find(", entropy: [1.9]"), 16, "");
    EXPECT_THAT(metrics_of(watched_run(text)),
                HasSubstr("\nenough_gated_answers_total{model=\"small\",evidence=\"missing\"} 1\n"));
}

TEST(RunMetrics, ToolsThatAModelMadeUpAreNoLabels) {
    Surroundings surroundings;
    surroundings.tools["web"]["search"] = "error: offline";
    const std::string text = metrics_of(watched_run(with_tools, surroundings));
    EXPECT_THAT(text, HasSubstr("\nenough_tool_calls_total{server=\"web\",tool=\"search\",outcome=\"error\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_tool_calls_total{server=\"none\",tool=\"unknown\",outcome=\"error\"} 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("made_up")));
}

TEST(RunMetrics, FailuresAndRefusedRetries) {
    const std::string text = metrics_of(watched_run(R"yaml(
version: 1
name: t
models: {m: {provider: scripted, answers: [{error: overloaded, repeat: true}], retry: {attempts: 2, delay: 1ms}}}
agents: {a: {model: m}}
steps: [{id: s, agent: a, prompt: q}]
)yaml"));
    EXPECT_THAT(text, HasSubstr("\nenough_calls_total{model=\"m\",agent=\"a\",outcome=\"failed\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_call_failures_total{model=\"m\",kind=\"overloaded\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_extra_attempts_total{model=\"m\",kind=\"retry\",decision=\"granted\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_runs_total{workflow=\"t\",status=\"failed\"} 1\n"));
}

TEST(RunMetrics, WhatNobodyNeededIsWaste) {
    // Four of five say 42 at once; the fifth would take a minute and can't change it.
    const std::string text = metrics_of(watched_run(R"yaml(
version: 1
name: t
models:
  fast: {provider: scripted, answers: [{text: "42", repeat: true}]}
  slow: {provider: scripted, answers: [{text: "41", delay: 60s, input_tokens: 7}]}
agents: {f: {model: fast, answer: {extract: number}}, s: {model: slow, answer: {extract: number}}}
steps:
  - {id: s, prompt: q, panel: {agents: [f, f, f, f, s], stop: {decided: true}}}
)yaml"));
    EXPECT_THAT(text, HasSubstr("\nenough_calls_total{model=\"slow\",agent=\"s\",outcome=\"aborted\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_wasted_tokens_total{model=\"slow\"} "));
    EXPECT_THAT(text, Not(HasSubstr("\nenough_wasted_tokens_total{model=\"slow\"} 0\n")));
    EXPECT_THAT(text, HasSubstr("\nenough_panel_verdicts_total{workflow=\"t\",verdict=\"accept\"} 1\n"));
}

TEST(RunMetrics, ARunThatIsLeftIsNotInFlightForEver) {
    MetricRegistry registry;
    RunMetrics metrics(registry);
    const WatchedRun run = watched_run(priced_cascade);
    auto sink = metrics.follow(run.observed);
    for (std::size_t i = 0; i < 3; ++i)
        sink->on(run.events.at(i));
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_runs_in_flight{workflow=\"cascade\"} 1\n"));
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_calls_in_flight{model=\"small\"} 1\n"));
    sink.reset();
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_runs_in_flight{workflow=\"cascade\"} 0\n"));
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_calls_in_flight{model=\"small\"} 0\n"));
}

/// The cascade with a first gate calibrated on these scores.
WatchedRun calibrated(const WatchedRun& run, std::vector<double> scores) {
    WatchedRun changed = run;
    auto workflow = std::make_shared<Workflow>(*run.observed.workflow);
    auto calibration = std::make_shared<GateCalibration>();
    calibration->scores = std::move(scores);
    auto& ladder = std::get<Ladder>(workflow->steps.at(0).body);
    std::get<AgentRung>(ladder.rungs.at(0)).gate->calibration = calibration;
    changed.observed.workflow = std::move(workflow);
    return changed;
}

TEST(RunMetrics, DriftOfACalibratedGate) {
    MetricRegistry registry;
    RunMetrics metrics(registry);
    const std::string labels = R"({workflow="cascade",step="solve",rung="0"})";
    // Calibrated on scores of which half pass the threshold of 0.5; now all are 1.9.
    const WatchedRun run = calibrated(watched_run(priced_cascade), std::vector<double>{0.1, 0.2, 0.3, 0.8, 0.9, 1.0});
    for (int i = 0; i < 29; ++i)
        run.show(metrics);
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_drift_scores" + labels + " 29\n"));
    EXPECT_THAT(registry.text(), Not(HasSubstr("\nenough_drift_distance{")));  // too few
    run.show(metrics);
    const std::string text = registry.text();
    EXPECT_THAT(text, HasSubstr("\nenough_drift_distance" + labels + " 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_drift_alarm" + labels + " 1\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_drift_accepted_share" + labels + " 0\n"));
    EXPECT_THAT(text, HasSubstr("\nenough_drift_calibration_share" + labels + " 0.5\n"));
    calibrated(run, {1.9, 1.9}).show(metrics);  // calibrated anew: what was seen before counts no more
    EXPECT_THAT(registry.text(), HasSubstr("\nenough_drift_scores" + labels + " 1\n"));
}

TEST(GateDrift, PathsAreKnownWithoutTheirIndices) {
    EXPECT_EQ(path_without_indices("topics[3].draft"), "topics.draft");
    EXPECT_EQ(path_without_indices("a[1][12]"), "a");
    EXPECT_EQ(path_without_indices("sub.solve"), "sub.solve");
}

TEST(GateDrift, FindsGatesInsideOtherSteps) {
    auto workflow = std::make_shared<Workflow>(*parse_workflow(R"yaml(
version: 1
name: t
models: {m: {provider: scripted, answers: [{text: x, entropy: [1.0], repeat: true}]}}
agents: {a: {model: m}}
gates: {g: {signal: entropy.mean, accept: 0.5}}
inputs: {list: {type: list}}
steps:
  - {id: each, for_each: inputs.list, agent: a, gate: g, prompt: q}
  - id: many
    for_each: inputs.list
    steps: [{id: one, agent: a, gate: g, prompt: q}, {id: two, agent: a, prompt: q}]
)yaml"));
    const auto calibration = std::make_shared<GateCalibration>();
    for (Step& step : workflow->steps)
        for (Step& inner : std::get<ForEach>(step.body).steps)
            if (auto& gate = std::get<AgentRung>(std::get<Ladder>(inner.body).rungs.at(0)).gate)
                gate->calibration = calibration;
    std::vector<std::string> paths;
    for (const auto& [place, gate] : calibrated_gates(*workflow))
        paths.push_back(place.first);
    EXPECT_THAT(paths, testing::ElementsAre("each", "many.one"));
}

}  // namespace
}  // namespace enough::test
