// What the loader makes of panels, and of signals that need no token probabilities.
#include "workflow_files.hpp"

#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace enough {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::shared_ptr<const Workflow> good(const std::string& name) {
    const LoadResult result = load_workflow(workflow_files("good") / name, test_environment());
    if (!result.workflow) throw std::runtime_error(to_string(result.problems.front()));
    return result.workflow;
}

const Ladder& ladder(const Workflow& workflow, const std::string& id) {
    for (const Step& step : workflow.steps)
        if (step.id == id) return std::get<Ladder>(step.body);
    throw std::runtime_error("no step " + id);
}

const PanelRung& panel(const Workflow& workflow, const std::string& id, std::size_t rung = 0) {
    return std::get<PanelRung>(ladder(workflow, id).rungs.at(rung));
}

TEST(Panels, have_defaults) {
    const auto workflow = good("panels.yaml");
    const PanelRung& rung = panel(*workflow, "a");
    EXPECT_THAT(rung.panel.agents, ElementsAre("one", "two", "other"));
    EXPECT_EQ(rung.panel.members(), 3U);
    EXPECT_EQ(rung.panel.aggregate, Aggregate::majority);
    EXPECT_EQ(rung.panel.voting.weight, VoteWeight::one);
    EXPECT_EQ(rung.panel.max_parallel, std::nullopt);
    EXPECT_EQ(rung.panel.min_answers, 1);
    EXPECT_TRUE(rung.panel.stop.decided);
    EXPECT_EQ(rung.panel.stop.min_answers, 2);
    EXPECT_FALSE(rung.gate);
}

TEST(Panels, take_their_keys) {
    const auto workflow = good("panels.yaml");
    const PanelRung& rung = panel(*workflow, "b");
    EXPECT_EQ(rung.panel.members(), 40U);
    EXPECT_EQ(rung.panel.max_parallel, 8);
    EXPECT_EQ(rung.panel.stop.agreement, 0.95);
    EXPECT_EQ(rung.panel.stop.share, 0.8);
    EXPECT_EQ(rung.panel.stop.window, 5);
    EXPECT_EQ(rung.panel.stop.min_answers, 3);
    EXPECT_FALSE(rung.panel.stop.decided);
    EXPECT_EQ(rung.panel.min_answers, 2);
    EXPECT_EQ(rung.gate_name, "agreed");
    EXPECT_EQ(rung.gate->signal, Signal::agreement);
}

TEST(Panels, weigh_votes_as_their_aggregate_says) {
    const auto workflow = good("panels.yaml");
    const auto weight = [&](std::size_t rung) { return panel(*workflow, "c", rung).panel.voting.weight; };
    EXPECT_EQ(weight(1), VoteWeight::inverse_entropy);
    EXPECT_EQ(weight(2), VoteWeight::softmax);
    EXPECT_EQ(panel(*workflow, "c", 2).panel.voting.temperature, 0.5);
    EXPECT_EQ(weight(3), VoteWeight::confidence);
    EXPECT_EQ(weight(4), VoteWeight::rank);
    EXPECT_EQ(panel(*workflow, "c", 4).panel.voting.power, 2);
    EXPECT_EQ(weight(5), VoteWeight::best);
    EXPECT_EQ(panel(*workflow, "c", 1).handover, Handover::fresh);
    EXPECT_EQ(panel(*workflow, "c", 3).handover, Handover::transcript);
}

TEST(Panels, with_a_gate_go_on_once_decided) {
    const auto workflow = good("panels.yaml");
    EXPECT_FALSE(panel(*workflow, "c", 1).panel.stop.decided);
    EXPECT_TRUE(panel(*workflow, "c", 2).panel.stop.decided);
}

TEST(Panels, have_referees_and_debates) {
    const auto workflow = good("panels.yaml");
    const auto& judge = *panel(*workflow, "d").panel.referee;
    EXPECT_EQ(judge.agent, "two");
    EXPECT_THAT(judge.prompt.text(), HasSubstr("Finish with the number of the best answer"));
    EXPECT_THAT(judge.prompt.paths(), UnorderedElementsAre(Path{"question"}, Path{"candidates"}));
    const auto& gated = *panel(*workflow, "e").panel.referee;
    EXPECT_EQ(gated.prompt.text(), "{{ question }}: which of {{ candidates }}?");
    EXPECT_EQ(gated.gate->accept, std::vector{0.5});
    EXPECT_EQ(panel(*workflow, "f").panel.referee->gate->accept, std::vector{1.0});
    EXPECT_THAT(panel(*workflow, "g").panel.referee->prompt.text(), HasSubstr("Write one answer"));
    const Debate& plain = *panel(*workflow, "h").panel.debate;
    EXPECT_EQ(plain.rounds, 2);
    EXPECT_EQ(plain.skip_agreement, 1);
    EXPECT_THAT(plain.prompt.paths(), UnorderedElementsAre(Path{"question"}, Path{"own"}, Path{"peers"}));
    const Debate& debate = *panel(*workflow, "i").panel.debate;
    EXPECT_EQ(debate.rounds, 3);
    EXPECT_EQ(debate.skip_agreement, 0.75);
    EXPECT_EQ(debate.skip_gate->signal, Signal::entropy_mean);
}

TEST(Panels, cut_weak_traces_and_weigh_by_calibration) {
    const auto workflow = good("panels.yaml");
    EXPECT_EQ(panel(*workflow, "j").panel.deepconf->warmup, 8);
    EXPECT_EQ(panel(*workflow, "j").panel.deepconf->keep, 0.5);
    EXPECT_EQ(panel(*workflow, "k").panel.deepconf->warmup, 16);
    const Panel& calibrated = panel(*workflow, "l").panel;
    EXPECT_EQ(calibrated.voting.weight, VoteWeight::calibrated);
    const IsotonicFit& fit = *calibrated.calibrations.at("one");
    EXPECT_GE(fit(0.01), fit(10));  // surer answers are not less often right
}

TEST(Panels, agreement_on_one_agent_is_a_panel_that_stops_when_it_is_reached) {
    const auto workflow = good("no_logprobs.yaml");
    const PanelRung& agreed = panel(*workflow, "a");
    EXPECT_THAT(agreed.panel.agents, ElementsAre("solver"));
    EXPECT_EQ(agreed.panel.samples, 5);
    EXPECT_EQ(agreed.panel.aggregate, Aggregate::majority);
    EXPECT_EQ(agreed.panel.stop.agreement, 0.95);
    EXPECT_FALSE(agreed.panel.stop.decided);
    EXPECT_EQ(agreed.gate->missing, OnMissing::refine);
    EXPECT_EQ(agreed.gate_name, "agreed");
    const PanelRung& shared = panel(*workflow, "a", 1);
    EXPECT_EQ(shared.panel.stop.agreement, std::nullopt);
    EXPECT_EQ(shared.handover, Handover::fresh);
}

TEST(Signals, stated_and_judged_numbers_have_their_scales) {
    const auto workflow = good("no_logprobs.yaml");
    const auto rung = [&](std::size_t index) { return std::get<AgentRung>(ladder(*workflow, "a").rungs.at(index)); };
    const Verbalized stated = *rung(2).verbalized;
    EXPECT_EQ(stated.min, 0);
    EXPECT_EQ(stated.max, 100);
    EXPECT_EQ(stated.value("So it is 42.\nConfidence: 85%"), "85");
    EXPECT_EQ(stated.value("I say 42, and my confidence is 0.85."), "0.85");
    EXPECT_EQ(stated.value("**Confidence (0-100):** 70"), "70");
    EXPECT_EQ(stated.value("confidence level: 12.5 %"), "12.5");
    EXPECT_EQ(stated.value("I am confident."), std::nullopt);
    EXPECT_EQ(rung(2).refine->until, RefineUntil::accept);
    EXPECT_EQ(rung(3).verbalized->value("sure: 0.9"), "0.9");
    EXPECT_EQ(rung(3).verbalized->max, 1);
    EXPECT_THAT(rung(4).judge->prompt.text(), HasSubstr("from 0 (certainly wrong) to 10"));
    EXPECT_THAT(rung(4).judge->prompt.paths(), UnorderedElementsAre(Path{"question"}, Path{"answer"}));
    EXPECT_EQ(rung(5).judge->min, 1);
    EXPECT_EQ(rung(5).judge->max, 5);
    EXPECT_EQ(rung(6).judge->agent, "judge");
    EXPECT_FALSE(rung(6).verbalized);
}

}  // namespace
}  // namespace enough
