#include <enough/policies/calibration_file.hpp>

#include "labelled_chains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// A calibration of two steps that has everything a file can hold.
Calibration whole() {
    std::vector<ObservedChain> chains = test::overlapping(60, 60);
    for (std::size_t i = 0; i < chains.size(); ++i) {
        ObservedStep& first = chains[i].steps.front();
        const double clear = (first.correct ? 3 : 2) + 0.01 * static_cast<double>(i % 7);
        first.running = {*first.score * 1.5, *first.score};
        first.features = {*first.score, 1.5, clear, clear, -0.25, 4.5};
        ObservedStep second = test::observed(*first.score / 2, i % 6 != 0, 70);
        second.running = {*first.score};
        chains[i].steps.push_back(second);
    }
    chains[3].id = "17";
    chains[4].id = json("a \"quoted\" \u00e4 id").dump();
    chains[5].steps.front().truncated = true;
    chains[5].steps.front().acceptable = false;
    chains[5].steps.front().correct = false;
    chains[6].steps.back().score.reset();
    chains[6].steps.back().running.clear();
    CalibrationKey key = test::key_of();
    key.served_model = "small-2026-01";
    key.fingerprint = "fp_1";
    key.temperature = 0.7;
    key.prompt_hash = "abc";
    key.settings = {{"max_tokens", "512"}, {"top_p", "null"}};
    CalibrationSettings settings;
    settings.bootstrap.replicates = 50;
    settings.target = {0.1, 0.2};
    settings.allow_weak = true;
    settings.next_gain = 0.01;  // escalating pays
    Calibration calibration = calibrate(std::move(chains), std::move(key), settings);
    calibration.created = "2026-01-02T03:04:05Z";
    return calibration;
}

void expect_same(const CalibratedThreshold& got, const CalibratedThreshold& want, const std::string& what) {
    EXPECT_EQ(got.value, want.value) << what;
    EXPECT_EQ(got.reason, want.reason) << what;
    EXPECT_EQ(got.interval, want.interval) << what;
    EXPECT_EQ(got.boundary, want.boundary) << what;
}

void expect_same(const MethodThresholds& got, const MethodThresholds& want) {
    ASSERT_EQ(got.size(), want.size());
    for (const auto& [method, threshold] : want)
        expect_same(got.at(method), threshold, std::string(name(method)));
}

TEST(CalibrationFile, KeepsWhatGatesNeed) {
    const Calibration written = whole();
    ASSERT_TRUE(written.steps[0].fitted && written.steps[0].fitted->usable() && written.steps[0].fitted->escalate);
    ASSERT_TRUE(written.steps[0].thresholds.at(Method::mean).boundary);
    ASSERT_TRUE(written.steps[0].escalate && written.steps[0].escalate->value);
    const Calibration read = calibration_from_json(json::parse(to_json(written).dump()));
    EXPECT_EQ(read.key, written.key);
    EXPECT_EQ(read.created, written.created);
    EXPECT_EQ(read.items, written.items);
    ASSERT_EQ(read.steps.size(), written.steps.size());
    for (std::size_t i = 0; i < read.steps.size(); ++i) {
        const StepCalibration& got = read.steps[i];
        const StepCalibration& want = written.steps[i];
        EXPECT_EQ(got.step, want.step);
        EXPECT_EQ(name(got.verdict), name(want.verdict));
        EXPECT_EQ(got.reasons, want.reasons);
        expect_same(got.thresholds, want.thresholds);
        ASSERT_EQ(got.escalate.has_value(), want.escalate.has_value());
        if (want.escalate) expect_same(*got.escalate, *want.escalate, "escalate");
        ASSERT_EQ(got.fitted.has_value(), want.fitted.has_value());
        if (!want.fitted) continue;
        EXPECT_EQ(name(got.fitted->verdict), name(want.fitted->verdict));
        EXPECT_EQ(got.fitted->reasons, want.fitted->reasons);
        EXPECT_EQ(got.fitted->model, want.fitted->model);
        EXPECT_EQ(got.fitted->better, want.fitted->better);
        expect_same(got.fitted->thresholds, want.fitted->thresholds);
        ASSERT_EQ(got.fitted->escalate.has_value(), want.fitted->escalate.has_value());
        if (want.fitted->escalate) expect_same(*got.fitted->escalate, *want.fitted->escalate, "fitted escalate");
    }
}

TEST(CalibrationFile, KeepsARefusal) {
    const Calibration written =
        calibrate(test::one_step({0.6, 0.7, 0.8}, {0.1, 0.2, 0.3}), test::key_of(), test::without_intervals());
    const Calibration read = calibration_from_json(json::parse(to_json(written).dump()));
    EXPECT_EQ(name(read.steps.front().verdict), "refused");
    EXPECT_EQ(read.steps.front().reasons, written.steps.front().reasons);
    EXPECT_FALSE(read.steps.front().thresholds.at(Method::mean).value);
}

TEST(CalibrationFile, HasTheFieldsOfTheContract) {
    const json file = json::parse(to_json(whole()).dump());
    for (const char* key : {"version", "model", "provider", "fingerprint", "signal", "scope", "top_k", "temperature",
                            "prompt_hash", "created", "seed", "steps", "items"})
        EXPECT_TRUE(file.contains(key)) << key;
    const json& step = file["steps"][0];
    for (const char* key : {"step", "verdict", "reasons", "correct", "incorrect", "truncated", "coverage", "cohens_d",
                            "hedges_g", "welch", "mann_whitney_p", "auroc", "length_auroc", "residual_auroc"})
        EXPECT_TRUE(step.contains(key)) << key;
    EXPECT_EQ(step["correct"]["n"], 59);
    EXPECT_EQ(step["truncated"], 1);
    for (const char* key :
         {"value", "low", "high", "accepts_correct", "accepts_incorrect", "savings", "accuracy_change"})
        EXPECT_TRUE(step["thresholds"]["mean"].contains(key)) << key;
    EXPECT_FALSE(step["thresholds"]["bayes"]["fallback"]);
    EXPECT_EQ(step["thresholds"]["crc"]["loss"], "regret");
    EXPECT_EQ(step["thresholds"]["crc"]["epsilon"], 0.1);
    EXPECT_EQ(step["thresholds"]["bound"]["delta"], 0.2);
    EXPECT_EQ(step["thresholds"]["ltt"]["min_accepted"], 30);
    EXPECT_TRUE(step["thresholds"].contains("escalate"));
    EXPECT_TRUE(file["steps"][1]["thresholds"]["crc"]["value"].is_null()) << "no regret on the last step";
    EXPECT_TRUE(file["steps"][1]["thresholds"]["crc"]["reason"].is_string());
    EXPECT_EQ(file["items"][3]["id"], 17);
    EXPECT_EQ(file["items"][0]["steps"][0]["entropy"], 0.4 + 0.8 * 0.5 / 60);
}

struct Malformed {
    const char* name;
    const char* pointer;
    const char* value;  ///< JSON; empty: the field is taken out
    const char* named;
};

class MalformedCalibration : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedCalibration, IsRefusedByTheNameOfItsField) {
    static const json sound = json::parse(to_json(whole()).dump());
    ASSERT_NO_THROW(calibration_from_json(sound));
    json file = sound;
    const json::json_pointer place(GetParam().pointer);
    if (*GetParam().value == '\0') {
        json& parent = file.at(place.parent_pointer());
        if (parent.is_array()) {
            parent.erase(static_cast<std::size_t>(std::stoul(place.back())));
        } else {
            parent.erase(place.back());
        }
    } else {
        file.at(place) = json::parse(GetParam().value);
    }
    try {
        calibration_from_json(file);
        ADD_FAILURE() << "was read";
    } catch (const std::invalid_argument& fault) {
        EXPECT_THAT(fault.what(), HasSubstr(GetParam().named));
    }
}

const Malformed malformed[] = {
    {"no_version", "/version", "", "version"},
    {"text_version", "/version", "\"1\"", "version"},
    {"other_version", "/version", "2", "version 2"},
    {"large_version", "/version", "4294967297", "version"},
    {"model", "/model", "7", "model"},
    {"provider", "/provider", "[]", "provider"},
    {"served_model", "/served_model", "{}", "served_model"},
    {"fingerprint", "/fingerprint", "true", "fingerprint"},
    {"no_signal", "/signal", "", "signal"},
    {"unknown_signal", "/signal", "\"entropy.men\"", "signal"},
    {"no_scope", "/scope", "", "scope"},
    {"unknown_scope", "/scope", "\"everything\"", "scope"},
    {"no_top_k", "/top_k", "", "top_k"},
    {"real_top_k", "/top_k", "2.5", "top_k"},
    {"small_top_k", "/top_k", "1", "top_k"},
    {"negative_top_k", "/top_k", "-20", "top_k"},
    {"large_top_k", "/top_k", "99999999999", "top_k"},
    {"temperature", "/temperature", "\"0.7\"", "temperature"},
    {"prompt_hash", "/prompt_hash", "1", "prompt_hash"},
    {"settings", "/settings", "[]", "settings"},
    {"settings_value", "/settings/max_tokens", "512", "settings"},
    {"created", "/created", "1", "created"},
    {"no_steps", "/steps", "", "steps"},
    {"steps_no_list", "/steps", "{}", "steps"},
    {"steps_empty", "/steps", "[]", "no steps"},
    {"step_no_object", "/steps/0", "1", "steps[0]"},
    {"no_step_number", "/steps/1/step", "", "steps[1]: field 'step'"},
    {"steps_out_of_order", "/steps/1/step", "3", "steps"},
    {"no_verdict", "/steps/0/verdict", "", "steps[0]: field 'verdict'"},
    {"unknown_verdict", "/steps/0/verdict", "\"fine\"", "verdict"},
    {"reasons", "/steps/0/reasons", "\"none\"", "reasons"},
    {"reason", "/steps/0/reasons/0", "1", "reasons"},
    {"no_thresholds", "/steps/0/thresholds", "", "thresholds"},
    {"thresholds", "/steps/0/thresholds", "[1]", "thresholds"},
    {"threshold", "/steps/0/thresholds/mean", "0.5", "mean"},
    {"value", "/steps/0/thresholds/mean/value", "\"0.5\"", "value"},
    {"boolean_value", "/steps/0/thresholds/mean/value", "true", "value"},
    {"low", "/steps/0/thresholds/mean/low", "[]", "low"},
    {"threshold_reason", "/steps/0/thresholds/mean/reason", "1", "reason"},
    {"escalate", "/steps/0/thresholds/escalate", "2.5", "escalate"},
    {"boundary", "/steps/0/boundary", "[1]", "boundary"},
    {"boundary_of_method", "/steps/0/boundary/mean", "1", "mean"},
    {"boundary_delta", "/steps/0/boundary/mean/delta", "\"x\"", "delta"},
    {"above", "/steps/0/boundary/mean/above", "{}", "above"},
    {"above_value", "/steps/0/boundary/mean/above/0", "\"1\"", "above"},
    {"fitted", "/steps/0/fitted", "[1]", "fitted"},
    {"fitted_verdict", "/steps/0/fitted/verdict", "\"fine\"", "verdict"},
    {"fitted_reasons", "/steps/0/fitted/reasons", "", "reasons"},
    {"features", "/steps/0/fitted/features/0", "\"entropy.min\"", "features"},
    {"feature_missing", "/steps/0/fitted/weights/0", "", "features"},
    {"weight", "/steps/0/fitted/weights/0", "null", "weights"},
    {"scale", "/steps/0/fitted/scale/0", "0", "scale"},
    {"negative_scale", "/steps/0/fitted/scale/0", "-1", "scale"},
    {"intercept", "/steps/0/fitted/intercept", "null", "intercept"},
    {"better", "/steps/0/fitted/better", "1", "better"},
    {"fitted_thresholds", "/steps/0/fitted/thresholds", "[]", "thresholds"},
    {"no_items", "/items", "", "items"},
    {"items", "/items", "{}", "items"},
    {"item", "/items/2", "1", "items[2]"},
    {"no_id", "/items/2/id", "", "items[2]: field 'id'"},
    {"item_steps", "/items/2/steps", "1", "items[2]: field 'steps'"},
    {"item_step", "/items/2/steps/1", "1", "steps[1]"},
    {"score", "/items/2/steps/0/entropy", "\"0.5\"", "entropy"},
    {"tokens", "/items/2/steps/0/tokens", "1.5", "tokens"},
    {"negative_tokens", "/items/2/steps/0/tokens", "-1", "tokens"},
    {"too_many_tokens", "/items/2/steps/0/input_tokens", "9223372036854775807", "input_tokens"},
    {"no_correct", "/items/2/steps/0/correct", "", "correct"},
    {"correct", "/items/2/steps/0/correct", "1", "correct"},
    {"acceptable", "/items/2/steps/0/acceptable", "\"yes\"", "acceptable"},
    {"truncated", "/items/2/steps/0/truncated", "0", "truncated"},
    {"coverage", "/items/2/steps/0/coverage", "\"all\"", "coverage"},
    {"running", "/items/2/steps/0/running", "1", "running"},
    {"running_value", "/items/2/steps/0/running/1", "null", "running"},
    {"item_features", "/items/2/steps/0/features/1", "{}", "features"},
};

INSTANTIATE_TEST_SUITE_P(Each, MalformedCalibration, testing::ValuesIn(malformed),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(CalibrationFile, IsNoOtherValue) {
    for (const char* text : {"null", "1", "[]", "{}", "\"version\""})
        EXPECT_THROW(calibration_from_json(json::parse(text)), std::invalid_argument) << text;
}

TEST(CalibrationFile, SurvivesHostileSizes) {
    json file = json::parse(to_json(whole()).dump());
    json boundary = file;
    boundary["steps"][0]["boundary"]["mean"]["above"] = std::vector<double>(65, 1.0);
    EXPECT_THROW(calibration_from_json(boundary), std::invalid_argument);
    json steps = file;
    while (steps["steps"].size() < 101) {
        steps["steps"].push_back(steps["steps"][1]);
        steps["steps"].back()["step"] = steps["steps"].size();
    }
    EXPECT_THROW(calibration_from_json(steps), std::invalid_argument);
}

// Anything that goes through such a value by recursion would run out of stack.
TEST(CalibrationFile, SurvivesValuesNestedDeeply) {
    constexpr std::size_t depth = 200'000;
    const std::string deep = std::string(depth, '[') + std::string(depth, ']');
    const std::string head = R"({"version":1,"signal":"entropy.mean","scope":"all","top_k":20,"steps":[{"step":1,)"
                             R"("verdict":"weak","reasons":[],"thresholds":{}}],"items":)";
    for (const std::string& items :
         {deep, R"([{"id":)" + deep + R"(,"steps":[]}])", R"([{"id":1,"steps":)" + deep + "}]",
          R"([{"id":1,"steps":[{"correct":true,"running":)" + deep + "}]}]"}) {
        const json file = json::parse(head + items + "}");
        EXPECT_THROW(calibration_from_json(file), std::invalid_argument);
    }
}

}  // namespace
}  // namespace enough
