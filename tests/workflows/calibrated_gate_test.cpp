// Gates that name calibration files, loaded from a folder that holds both.
#include "calibrated_gate_fixture.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <gmock/gmock.h>

namespace enough {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(CalibratedGate, TakesTheThresholdOfEachStep) {
    EXPECT_THAT(load().problems, IsEmpty()) << problems();
    const AgentRung got = rung();
    EXPECT_THAT(got.gate->accept, ElementsAre(0.8, 0.5, 0.3));
    EXPECT_EQ(got.refine->until, RefineUntil::accept) << "each step has a threshold";
    EXPECT_FALSE(got.gate->escalate);
    ASSERT_TRUE(got.gate->calibration);
    const GateCalibration& taken = *got.gate->calibration;
    EXPECT_EQ(taken.file, "cal.json");
    EXPECT_EQ(taken.method, "mean");
    EXPECT_EQ(taken.served_model, "scripted-1");
    EXPECT_EQ(taken.fingerprint, "fp_1");
    EXPECT_THAT(taken.scores, ElementsAre(0.7, 1.2));
    ASSERT_EQ(taken.threshold_intervals.size(), 3U);
    EXPECT_NEAR(taken.threshold_intervals[1]->low, 0.4, 1e-12);
    ASSERT_EQ(taken.boundaries.size(), 3U);
    EXPECT_EQ(taken.boundaries[2]->above, (std::vector<std::optional<double>>{std::nullopt, 4.5}));
}

TEST_F(CalibratedGate, TakesNoMoreStepsThanTheRungHas) {
    refine = "{max_steps: 2, prompt: \"Again.\"}";
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.8, 0.5));
}

TEST_F(CalibratedGate, WithFewerStepsRunsTheWholeChain) {
    refine = "{max_steps: 4, prompt: \"Again.\"}";
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.8, 0.5, 0.3));
    EXPECT_EQ(rung().refine->until, RefineUntil::all);
    refine = "{max_steps: 4, prompt: \"Again.\", until: accept}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("'until: accept' needs a threshold for each of 4 steps"));
}

TEST_F(CalibratedGate, ARefusedLaterStepHasNoThreshold) {
    calibration["steps"][1]["verdict"] = "refused";
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.8));
    EXPECT_EQ(rung().refine->until, RefineUntil::all);
    refine = "{max_steps: 3, prompt: \"Again.\", until: accept}";
    EXPECT_THAT(problems(), HasSubstr("'until: accept' needs a threshold for each of 3 steps"));
}

TEST_F(CalibratedGate, RefusesARefusedCalibration) {
    calibration["steps"][0]["verdict"] = "refused";
    calibration["steps"][0]["reasons"] = {"All answers are right."};
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("the calibration was refused: All answers are right."));
    refine = "{max_steps: 3, prompt: \"Again.\", until: accept}";
    EXPECT_THAT(problems(), Not(HasSubstr("'until: accept' needs"))) << "what follows from it is not said again";
}

TEST_F(CalibratedGate, WarnsOfAWeakOne) {
    calibration["steps"][0]["verdict"] = "weak";
    calibration["steps"][0]["reasons"] = {"only 40 items"};
    EXPECT_TRUE(loads());
    EXPECT_THAT(problems(), HasSubstr("warning: weak calibration: only 40 items"));
}

TEST_F(CalibratedGate, WithoutAValueAcceptsNothing) {
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: crc}}";
    EXPECT_THAT(problems(), HasSubstr("warning: step 1 accepts nothing: too few items"));
    EXPECT_THAT(rung().gate->accept, ElementsAre(-infinity, -infinity, -infinity));
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: crc}, stop_early: predicted}";
    EXPECT_TRUE(loads()) << "there is nothing to predict, and calibrating anew would not help" << problems();
}

TEST_F(CalibratedGate, RefusesAMethodThatTheFileDoesNotHave) {
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: ltt}}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("the calibration has no method 'ltt'"));
}

TEST_F(CalibratedGate, HoldsOnlyWhereRequestsLeaveItsConditionsAlone) {
    serve = "serve: {allow: [seed]}\n";
    EXPECT_TRUE(loads()) << problems();
    serve = "serve: {allow: [temperature]}\n";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("gates.g.accept: a request could change 'temperature' (serve.allow)"));
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean, allow_stale: true}}";
    EXPECT_TRUE(loads()) << problems();
    gate = "{signal: entropy.mean, accept: 0.5}";
    EXPECT_TRUE(loads()) << problems();
}

struct Stale {
    const char* name;
    const char* pointer;
    json value;
    const char* words;
};

class StaleCalibration : public CalibratedGate, public testing::WithParamInterface<Stale> {};

TEST_P(StaleCalibration, IsRefusedUnlessAllowed) {
    calibration[json::json_pointer(GetParam().pointer)] = GetParam().value;
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("gates.g.accept: the calibration does not hold here: "));
    EXPECT_THAT(problems(), HasSubstr(GetParam().words));
    EXPECT_THAT(problems(), HasSubstr("allow_stale: true"));
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean, allow_stale: true}}";
    ASSERT_TRUE(loads()) << problems();
    EXPECT_THAT(problems(), HasSubstr("warning: the calibration does not hold here: "));
    EXPECT_THAT(problems(), HasSubstr(GetParam().words));
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.8, 0.5, 0.3));
    EXPECT_EQ(rung().gate->calibration->served_model, "") << "another model's answers are wanted";
    EXPECT_EQ(rung().gate->calibration->fingerprint, "");
}

const Stale stale_cases[] = {
    {"model", "/model", "small", "model is 'scripted', calibrated with 'small'"},
    {"no_model", "/model", nullptr, "does not say for which model"},
    {"provider", "/provider", "openai", "provider is 'scripted', calibrated with 'openai'"},
    {"signal", "/signal", "entropy.max", "signal is 'entropy.mean', calibrated with 'entropy.max'"},
    {"scope", "/scope", "answer", "scope is 'all', calibrated with 'answer'"},
    {"top_k", "/top_k", 5, "top_k is 20, calibrated with 5"},
    {"temperature", "/temperature", 1.0, "temperature is 0.5, calibrated with 1"},
    {"prompts", "/prompt_hash", "abc", "the system prompt, question template or refinement prompt is another"},
    {"max_tokens", "/settings/max_tokens", "512", "max_tokens is 64, calibrated with 512"},
    {"min_coverage", "/settings/min_coverage", "0.5", "min_coverage is 0.9, calibrated with 0.5"},
    {"extract", "/settings/answer.extract", "\"text\"", "answer.extract is \"number\", calibrated with \"text\""},
};

INSTANTIATE_TEST_SUITE_P(Each, StaleCalibration, testing::ValuesIn(stale_cases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(CalibratedGate, KnowsEveryPromptOfItsChain) {
    refine = "{max_steps: 3, prompt: \"Once more.\"}";
    EXPECT_THAT(problems(), HasSubstr("refinement prompt is another"));
    refine = "{max_steps: 3, prompt: \"Again.\"}";
    agent = "{model: m, system: \"Think hard.\", temperature: 0.5, max_tokens: 64, answer: {extract: number}}";
    EXPECT_THAT(problems(), HasSubstr("system prompt"));
    agent = "{model: m, temperature: 0.5, max_tokens: 64, answer: {extract: number}}";
    EXPECT_THAT(problems(), HasSubstr("system prompt"));
}

TEST_F(CalibratedGate, ReportsFilesThatAreNone) {
    gate = "{signal: entropy.mean, accept: {calibration: other.json, method: mean}}";
    refine = "{max_steps: 3, prompt: \"Again.\", until: accept}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("other.json"));
    EXPECT_THAT(problems(), Not(HasSubstr("'until: accept' needs"))) << "what follows from it is not said again";
    for (const char* text : {"", "no JSON", "[[[[", "\"\\xff\""}) {
        std::ofstream(folder_.file("other.json")) << text;
        EXPECT_THAT(problems(), HasSubstr("this is no JSON file")) << text;
    }
    std::ofstream(folder_.file("other.json")) << "{\"version\":9}";
    EXPECT_THAT(problems(), HasSubstr("this is no calibration file: version 9 is not known"));
    std::ofstream(folder_.file("other.json")) << std::string(200'000, '[') << std::string(200'000, ']');
    EXPECT_THAT(problems(), HasSubstr("this is no calibration file"));
}

TEST_F(CalibratedGate, TakesTheUpperThreshold) {
    gate = "{signal: entropy.mean, accept: 0.6, escalate: {calibration: cal.json}}";
    ASSERT_TRUE(loads()) << problems();
    EXPECT_EQ(rung().gate->escalate, 2.5);
    EXPECT_EQ(rung().gate->calibration->escalate_boundary->above, (std::vector<std::optional<double>>{3.5}));
    EXPECT_EQ(rung().gate->calibration->method, "");
    gate = "{signal: entropy.mean, accept: 3.0, escalate: {calibration: cal.json}}";
    EXPECT_THAT(problems(), HasSubstr("warning: no upper threshold: 2.5 is not above 'accept' (3)"));
    EXPECT_FALSE(rung().gate->escalate);
    calibration["steps"][0]["thresholds"].erase("escalate");
    EXPECT_THAT(problems(), HasSubstr("warning: no upper threshold: the calibration has none"));
    calibration["steps"][0]["thresholds"]["escalate"] = {{"value", nullptr}, {"reason", "refining pays"}};
    EXPECT_THAT(problems(), HasSubstr("warning: no upper threshold: refining pays"));
}

TEST_F(CalibratedGate, RefusesAnUpperThresholdByHandThatIsNotAbove) {
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}, escalate: 0.8}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("escalate must be above accept (0.8)"));
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}, escalate: 0.9}";
    EXPECT_TRUE(loads()) << problems();
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: crc}, escalate: 0.1}";
    EXPECT_TRUE(loads()) << "what accepts nothing is below every number" << problems();
}

// The file that `accept` names is the one whose thresholds accept.
TEST_F(CalibratedGate, KeepsTheFileOfAcceptWhereEscalateNamesAnother) {
    json other = calibration;
    other["steps"][0]["thresholds"]["escalate"]["value"] = 3.25;
    std::ofstream(folder_.file("upper.json")) << other.dump();
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}, escalate: {calibration: upper.json}}";
    EXPECT_EQ(rung().gate->escalate, 3.25);
    EXPECT_EQ(rung().gate->calibration->file, "cal.json");
}

TEST_F(CalibratedGate, PredictedStopsNeedBoundaries) {
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}, stop_early: predicted}";
    EXPECT_THAT(load().problems, IsEmpty()) << problems();
    EXPECT_EQ(rung().gate->stop_early, StopEarly::predicted);
    calibration["steps"][0].erase("boundary");
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("stop_early: predicted needs a calibration with boundaries"));
    gate = "{signal: entropy.mean, accept: 0.6, escalate: {calibration: cal.json}, stop_early: predicted}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("stop_early: predicted needs a calibration with boundaries"));
}

TEST_F(CalibratedGate, RefusesTheUpperThresholdOfARefusedCalibration) {
    gate = "{signal: entropy.mean, accept: 0.6, escalate: {calibration: cal.json}}";
    calibration["steps"][0]["verdict"] = "weak";
    calibration["steps"][0]["reasons"] = {"too few"};
    EXPECT_TRUE(loads()) << problems();
    EXPECT_THAT(problems(), HasSubstr("warning: weak calibration: too few"));
    calibration["steps"][0]["verdict"] = "refused";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("the calibration was refused: too few"));
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}, escalate: {calibration: cal.json}}";
    const std::string said = problems();
    EXPECT_EQ(said.find("was refused"), said.rfind("was refused")) << "once is enough: " << said;
}

TEST_F(CalibratedGate, CanBeCalibratedInTheFirstPlace) {
    gate =
        "{signal: entropy.mean, accept: {calibration: not-yet.json, method: mean}, "
        "escalate: {calibration: not-yet.json}, stop_early: predicted}";
    EXPECT_FALSE(loads());
    const AgentRung got = rung(Calibrations::ignored);
    ASSERT_FALSE(got.gate->accept.empty());
    EXPECT_EQ(got.gate->accept.front(), -infinity);
    EXPECT_FALSE(got.gate->escalate);
    refine = "{max_steps: 3, prompt: \"Again.\", until: accept}";
    EXPECT_NE(load(Calibrations::ignored).workflow, nullptr)
        << "what needs thresholds must load where they are made: " << listed(load(Calibrations::ignored));
}

TEST(CalibrationKeyOfAWorkflow, HashesLikeTheStandard) {
    // FIPS 180-2, appendix B.1
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/// SHA-256 of `["Think.","{{ inputs.q }}","Review your answer, find gaps or errors, and answer again."]`: a panel is
/// not refined, so the usual refinement prompt stands in. Taken with sha256sum.
constexpr const char* panel_prompts = "aba0f70dd8853f4722a2f0fa63b75a6b86ecbd437813fac01ab0674c2baa8c8f";

TEST_F(CalibratedGate, GivesAPanelsVotesTheirChanceOfBeingRight) {
    calibration["prompt_hash"] = panel_prompts;
    const LoadResult result = load_panel("cal.json");
    ASSERT_TRUE(result.workflow) << listed(result);
    EXPECT_THAT(result.problems, IsEmpty()) << listed(result);
    const auto& ladder = std::get<Ladder>(result.workflow->steps.front().body);
    const auto& calibrations = std::get<PanelRung>(ladder.rungs.front()).panel.calibrations;
    const IsotonicFit& fit = *calibrations.at("a");
    EXPECT_EQ(fit(0.7), 1);  // the only items with a score: 0.7 right, 1.2 wrong
    EXPECT_EQ(fit(1.2), 0);
    EXPECT_NEAR(fit(0.95), 0.5, 1e-12);
}

TEST_F(CalibratedGate, RefusesVotesByACalibrationThatDoesNotHold) {
    EXPECT_THAT(listed(load_panel("cal.json")), HasSubstr("the calibration does not hold here"));
    EXPECT_TRUE(load_panel("{calibration: cal.json, allow_stale: true}").workflow);
    calibration["prompt_hash"] = panel_prompts;
    calibration["temperature"] = 0.9;
    EXPECT_THAT(listed(load_panel("cal.json")), HasSubstr("temperature is 0.5, calibrated with 0.9"));
    calibration["temperature"] = 0.5;
    calibration["items"] = json::array();
    EXPECT_THAT(listed(load_panel("cal.json")), HasSubstr("holds no items to fit P(correct) to"));
    calibration["steps"][0]["verdict"] = "refused";
    EXPECT_THAT(listed(load_panel("cal.json")), HasSubstr("the calibration was refused: AUROC 0.80"));
    EXPECT_TRUE(load_panel("cal.json", Calibrations::ignored).workflow);
}

}  // namespace
}  // namespace enough
