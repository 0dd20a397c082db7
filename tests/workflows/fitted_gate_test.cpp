// Gates on the fitted signal of a calibration file.
#include "calibrated_gate_fixture.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace enough {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json fitted_part(bool better) {
    return {{"verdict", "usable"},
            {"reasons", {"as it is"}},
            {"features", feature_names()},
            {"mean", {1, 2, 3, 4, 5, 6}},
            {"scale", {1, 1, 1, 1, 1, 1}},
            {"weights", {-1, 0, 0, 0, 0, 0}},
            {"intercept", 0.5},
            {"penalty", 1},
            {"better", better},
            {"thresholds", {{"mean", {{"value", 0.75}}}, {"crc", {{"value", nullptr}}}}}};
}

TEST_F(CalibratedGate, TakesTheModelsOfTheFittedSignal) {
    gate = "{signal: fitted, accept: {calibration: cal.json, method: mean}}";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("the calibration has no fitted signal"));
    calibration["steps"][0]["fitted"] = fitted_part(false);
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("'fitted' is not better than the plain signal"));
    calibration["steps"][0]["fitted"] = fitted_part(true);
    calibration["steps"][1]["fitted"] = fitted_part(true);
    calibration["steps"][2]["fitted"] = fitted_part(false);
    ASSERT_TRUE(loads()) << problems();
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.75, 0.75));
    EXPECT_EQ(rung().gate->calibration->models.size(), 2U);
    EXPECT_EQ(rung().refine->until, RefineUntil::all) << "step 3 has none";
    EXPECT_THAT(rung().gate->calibration->scores, IsEmpty()) << "the items have no features";
    gate = "{signal: fitted, accept: {calibration: cal.json, method: crc}}";
    EXPECT_THAT(rung().gate->accept, ElementsAre(infinity, infinity));
}

// What a refused plain signal says of its own thresholds does not concern the fitted one, and the other way round.
TEST_F(CalibratedGate, GoesByTheVerdictOfItsOwnSignal) {
    calibration["steps"][0]["fitted"] = fitted_part(true);
    calibration["steps"][0]["verdict"] = "refused";
    gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}}";
    EXPECT_FALSE(loads());
    gate = "{signal: fitted, accept: {calibration: cal.json, method: mean}}";
    ASSERT_TRUE(loads()) << problems();
    EXPECT_THAT(rung().gate->accept, ElementsAre(0.75));
    calibration["steps"][0]["fitted"]["verdict"] = "weak";
    EXPECT_THAT(problems(), HasSubstr("warning: weak calibration: as it is"));
    calibration["steps"][0]["verdict"] = "usable";
    calibration["steps"][0]["fitted"]["verdict"] = "refused";
    EXPECT_FALSE(loads());
    EXPECT_THAT(problems(), HasSubstr("the calibration was refused: as it is"));
}

// A number of bits is no probability.
TEST_F(CalibratedGate, TakesTheUpperThresholdOfItsOwnSignal) {
    calibration["steps"][0]["thresholds"]["escalate"]["value"] = 0.5;
    calibration["steps"][0]["fitted"] = fitted_part(true);
    gate = "{signal: fitted, accept: {calibration: cal.json, method: mean}, escalate: {calibration: cal.json}}";
    ASSERT_TRUE(loads()) << problems();
    EXPECT_FALSE(rung().gate->escalate) << "the fitted signal has none";
    calibration["steps"][0]["fitted"]["thresholds"]["escalate"] = json::object({{"value", 0.25}});
    ASSERT_TRUE(loads()) << problems();
    EXPECT_EQ(rung().gate->escalate, 0.25);
}

TEST_F(CalibratedGate, ComputesTheFittedSignalOfTheCalibratedItems) {
    calibration["steps"][0]["fitted"] = fitted_part(true);
    calibration["items"][0]["steps"][0]["features"] = {3.5, 2, 3, 4, 5, 6};
    gate = "{signal: fitted, accept: {calibration: cal.json, method: mean}}";
    ASSERT_TRUE(loads()) << problems();
    ASSERT_EQ(rung().gate->calibration->scores.size(), 1U);
    // logit = 0.5 - (3.5 - 1) = -2
    EXPECT_NEAR(rung().gate->calibration->scores.front(), 1 / (1 + std::exp(2.0)), 1e-12);
}

}  // namespace
}  // namespace enough
