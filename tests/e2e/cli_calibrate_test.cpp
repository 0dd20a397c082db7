// `enough calibrate` on scripted workflows: the file that it writes, and what a workflow makes of it.

#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliCalibrate : public VerbTest {
protected:
    /// One item after the other, so that the script's answers come in order.
    Program::Ended calibrate(const ScriptedCascade& cascade, std::vector<std::string> more = {},
                             const std::string& output = "cal.json") const {
        write("workflow.yaml", cascade.text());
        write("data.jsonl", cascade.data());
        std::vector<std::string> arguments{
            "calibrate", "workflow.yaml", "data.jsonl", "-a", "solver", "-o", output, "-c", "1", "--replicates", "200"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return enough(arguments);
    }

    Program::Ended check(ScriptedCascade cascade, const std::string& more = "") const {
        cascade.gate = "accept: {calibration: cal.json, method: mean" + more + "}";
        write("calibrated.yaml", cascade.text());
        return enough({"check", "calibrated.yaml"});
    }
};

std::vector<double> scores(const ScriptedCascade& cascade, int step, bool right) {
    std::vector<double> result;
    for (int i = 0; i < cascade.items; ++i)
        if (ScriptedCascade::right(i, step) == right) result.push_back(ScriptedCascade::entropy(i, step));
    return result;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sd(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values)
        sum += std::pow(value - mean(values), 2);
    return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

/// How often a wrong answer scores above a right one.
double auroc(const std::vector<double>& right, const std::vector<double>& wrong) {
    double above = 0;
    for (const double w : wrong)
        for (const double r : right)
            above += w > r + 1e-9 ? 1 : w > r - 1e-9 ? 0.5 : 0;
    return above / static_cast<double>(right.size() * wrong.size());
}

TEST_F(CliCalibrate, WritesTheFile) {
    const ScriptedCascade cascade;
    const auto ended = calibrate(cascade);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("step 1: usable"), HasSubstr("step 2: usable"), HasSubstr("universal")));
    EXPECT_THAT(ended.err, AllOf(HasSubstr("60 item(s), chains of 2 step(s): at most 120 calls"), HasSubstr("60/60"),
                                 HasSubstr("written to cal.json")));
    EXPECT_FALSE(exists("cal.json.journal")) << "the work is done";

    const json file = json_of("cal.json");
    for (const char* key : {"version", "model", "provider", "fingerprint", "signal", "scope", "top_k", "temperature",
                            "prompt_hash", "created", "seed", "steps", "items"})
        EXPECT_TRUE(file.contains(key)) << key;
    EXPECT_EQ(file.at("version"), 1);
    EXPECT_EQ(file.at("provider"), "scripted");
    EXPECT_EQ(file.at("signal"), "entropy.mean");
    EXPECT_EQ(file.at("top_k"), 20);
    EXPECT_EQ(file.at("temperature"), 0.7);
    EXPECT_THAT(file.at("created").get<std::string>(), testing::MatchesRegex("20..-..-..T..:..:..Z"));
    ASSERT_EQ(file.at("items").size(), 60U);
    const json& first = file.at("items")[1];
    EXPECT_EQ(first.at("id"), "q1");
    EXPECT_NEAR(first.at("steps")[0].at("entropy"), ScriptedCascade::entropy(1, 1), 1e-9);
    EXPECT_EQ(first.at("steps")[0].at("tokens"), 6);
    EXPECT_EQ(first.at("steps")[0].at("correct"), false);
    EXPECT_EQ(first.at("steps")[1].at("correct"), true);
    EXPECT_TRUE(first.at("steps")[0].contains("running"));
}

// Scripted tokens all have their answer's entropy, so that the first look at a running mean decides rightly.
TEST_F(CliCalibrate, PrintsWhatBoundariesWouldHaveSaved) {
    ScriptedCascade cascade;
    cascade.tokens = 20;
    const auto ended = calibrate(cascade);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("right accepted"), HasSubstr("wrong accepted"), HasSubstr("(Welch, t ")));
    const json seen = json_of("cal.json").at("steps")[0].at("boundary").at("mean");
    EXPECT_EQ(seen.at("wrong"), 0);
    EXPECT_GT(seen.at("stopped"), 0);
    EXPECT_THAT(ended.out, HasSubstr("stop_early: predicted, on these answers"));
    EXPECT_THAT(ended.out,
                HasSubstr("mean         stops " + seen.at("stopped").dump() + " answers, 0 of them wrongly; " +
                          "saves " + seen.at("tokens_saved").dump() + " of " + seen.at("tokens").dump()));
}

TEST_F(CliCalibrate, FitsEachStepOnItsOwnScores) {
    const ScriptedCascade cascade;
    ASSERT_EQ(calibrate(cascade).code, 0);
    const json file = json_of("cal.json");
    ASSERT_EQ(file.at("steps").size(), 2U);
    for (const int number : {1, 2}) {
        const json& step = file.at("steps")[static_cast<std::size_t>(number) - 1];
        const auto right = scores(cascade, number, true);
        const auto wrong = scores(cascade, number, false);
        EXPECT_EQ(step.at("step"), number);
        EXPECT_EQ(step.at("verdict"), "usable");
        for (const char* key : {"reasons", "truncated", "coverage", "hedges_g", "welch", "mann_whitney_p",
                                "length_auroc", "residual_auroc"})
            EXPECT_TRUE(step.contains(key)) << key;
        EXPECT_EQ(step.at("correct").at("n"), right.size());
        EXPECT_NEAR(step.at("correct").at("mean"), mean(right), 1e-9);
        EXPECT_NEAR(step.at("correct").at("sd"), sd(right), 1e-9);
        EXPECT_EQ(step.at("incorrect").at("n"), wrong.size());
        EXPECT_NEAR(step.at("incorrect").at("mean"), mean(wrong), 1e-9);
        EXPECT_NEAR(step.at("auroc").at("value"), auroc(right, wrong), 1e-9);
        EXPECT_GT(step.at("auroc").at("low"), 0.5);
        const double d = step.at("cohens_d").at("value");
        const double share = std::sqrt(d) / (1 + std::sqrt(d));
        const json& thresholds = step.at("thresholds");
        EXPECT_NEAR(thresholds.at("mean").at("value"), mean(right), 1e-9);
        EXPECT_NEAR(thresholds.at("information").at("value"), mean(right) + sd(right) * std::log1p(d), 1e-9);
        EXPECT_NEAR(thresholds.at("universal").at("value"),
                    mean(right) + share * (mean(wrong) - mean(right)) * (1 - sd(right) / mean(right)), 1e-9);
        for (const char* method : {"mean", "information", "bayes", "universal", "crc", "bound", "hoeffding", "ltt"})
            EXPECT_TRUE(thresholds.at(method).contains("value")) << method;
        for (const char* key : {"low", "high", "accepts_correct", "accepts_incorrect", "savings", "accuracy_change"})
            EXPECT_TRUE(thresholds.at("mean").contains(key)) << key;
        EXPECT_TRUE(thresholds.at("bayes").contains("fallback"));
        EXPECT_EQ(thresholds.at("crc").at("loss"), "regret");
        EXPECT_EQ(thresholds.at("crc").at("epsilon"), 0.02);
        EXPECT_EQ(thresholds.at("bound").at("delta"), 0.1);
        EXPECT_TRUE(thresholds.at("bound").at("value").is_null()) << "60 items can't certify 2 %";
        EXPECT_THAT(thresholds.at("bound").at("reason").get<std::string>(),
                    HasSubstr(number == 1 ? "too few" : "no meaning on the chain's last step"));
        EXPECT_TRUE(thresholds.at("ltt").contains("min_accepted"));
    }
    EXPECT_TRUE(file.at("steps")[0].at("thresholds").contains("escalate"));
}

TEST_F(CliCalibrate, ReportsWhatAThresholdWouldHaveDone) {
    const ScriptedCascade cascade;
    ASSERT_EQ(calibrate(cascade).code, 0);
    const json threshold = json_of("cal.json").at("steps")[0].at("thresholds").at("mean");
    const double tau = threshold.at("value");
    double saved = 0;
    double all = 0;
    int change = 0;
    for (int i = 0; i < cascade.items; ++i) {
        const bool accepted = ScriptedCascade::entropy(i, 1) <= tau;
        all += 5 + i % 4 + 4;
        if (!accepted) continue;
        saved += 4;
        change += static_cast<int>(ScriptedCascade::right(i, 1)) - static_cast<int>(ScriptedCascade::right(i, 2));
    }
    EXPECT_NEAR(threshold.at("savings"), saved / all, 1e-9);
    EXPECT_NEAR(threshold.at("accuracy_change").at("value"), change / 60.0, 1e-9);
    EXPECT_NE(change, 0) << "or this says nothing";
}

TEST_F(CliCalibrate, PrintsTheFileAsJson) {
    const auto ended = calibrate({}, {"--json", "-q"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(json::parse(ended.out), json_of("cal.json"));
    EXPECT_THAT(ended.err, Not(HasSubstr("60/60")));
}

TEST_F(CliCalibrate, JudgesEachStepByItsThreshold) {
    ASSERT_EQ(calibrate({}).code, 0);
    EXPECT_EQ(check({}).code, 0);
    // Item 1 is unsure at first; the first scripted second answer (item 0's) has entropy 0.7.
    const auto ended = enough({"run", "calibrated.yaml", "-i", "question=item 1?", "--json", "-q"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json calls = json::parse(ended.out).at("steps").at("solve").at("calls");
    const json steps = json_of("cal.json").at("steps");
    ASSERT_EQ(calls.size(), 3U) << "twice the solver, then the expert";
    for (const std::size_t i : {0U, 1U}) {
        EXPECT_EQ(calls[i].at("threshold"), steps[i].at("thresholds").at("mean").at("value"));
        EXPECT_NEAR(calls[i].at("signals").at("entropy.mean"), ScriptedCascade::entropy(i == 0 ? 1 : 0, i == 0 ? 1 : 2),
                    1e-9);
    }
    EXPECT_EQ(calls[0].at("verdict"), "refine");
    EXPECT_EQ(calls[1].at("verdict"), "escalate");
}

TEST_F(CliCalibrate, HoldsOnlyForWhatItWasMadeOf) {
    ASSERT_EQ(calibrate({}).code, 0);
    ScriptedCascade warmer;
    warmer.temperature = "0.9";
    ScriptedCascade other_prompt;
    other_prompt.prompt = "Think. {{ inputs.question }}";
    ScriptedCascade other_refinement;
    other_refinement.refine_prompt = "Look again.";
    ScriptedCascade fewer;
    fewer.top_k = 10;
    const auto refused = [&](const ScriptedCascade& cascade, const std::string& why) {
        const auto ended = check(cascade);
        EXPECT_EQ(ended.code, 2);
        EXPECT_THAT(ended.out + ended.err, AllOf(HasSubstr(why), HasSubstr("calibrate anew"))) << why;
    };
    refused(warmer, "temperature is 0.9, calibrated with 0.7");
    refused(other_prompt, "prompt");
    refused(other_refinement, "refinement prompt");
    refused(fewer, "top_k is 10, calibrated with 20");
    const auto stale = check(warmer, ", allow_stale: true");
    EXPECT_EQ(stale.code, 0);
    EXPECT_THAT(stale.out + stale.err, AllOf(HasSubstr("warning"), HasSubstr("temperature is 0.9")));
}

TEST_F(CliCalibrate, CalibratesAWorkflowThatNamesTheFileItWillBe) {
    ScriptedCascade cascade;
    cascade.gate = "accept: {calibration: cal.json, method: mean}";
    EXPECT_EQ(calibrate(cascade).code, 0);
    EXPECT_EQ(enough({"check", "workflow.yaml"}).code, 0);
    EXPECT_EQ(calibrate(cascade).code, 0) << "and again, with the file there";
}

TEST_F(CliCalibrate, RecordsAndReplays) {
    ASSERT_EQ(calibrate({}, {"--record", "calls.jsonl"}).code, 0);
    const std::string first = text_of("cal.json");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(calibrate({}, {"--replay", "calls.jsonl"}).code, 0);
        EXPECT_EQ(text_of("cal.json"), first);
    }
    ScriptedCascade other;
    other.refine_prompt = "Look again.";
    const auto missed = calibrate(other, {"--replay", "calls.jsonl"}, "other.json");
    EXPECT_EQ(missed.code, 1);
    EXPECT_THAT(missed.err,
                AllOf(HasSubstr("no recording fits"), HasSubstr("\"Review it.\""), HasSubstr("Look again")));
    EXPECT_FALSE(exists("other.json"));
}

TEST_F(CliCalibrate, GivesTheSameFileForTheSameSeed) {
    const auto without_time = [&](const std::string& seed) {
        EXPECT_EQ(calibrate({}, {"--seed", seed}).code, 0);
        json file = json_of("cal.json");
        file.erase("created");
        return file;
    };
    const json first = without_time("1");
    EXPECT_EQ(without_time("1"), first);
    const json other = without_time("2");
    const auto interval = [](const json& file) { return file.at("steps")[0].at("thresholds").at("mean").at("low"); };
    EXPECT_NE(interval(other), interval(first)) << "another bootstrap";
    EXPECT_EQ(other.at("items"), first.at("items"));
}

TEST_F(CliCalibrate, TakesItsTargetsFromTheCommandLine) {
    ASSERT_EQ(calibrate({}, {"--epsilon", "0.2", "--delta", "0.25", "--loss", "wrong"}).code, 0);
    const json bound = json_of("cal.json").at("steps")[0].at("thresholds").at("bound");
    EXPECT_EQ(bound.at("loss"), "wrong");
    EXPECT_EQ(bound.at("epsilon"), 0.2);
    EXPECT_EQ(bound.at("delta"), 0.25);
    EXPECT_TRUE(bound.at("value").is_number());
}

TEST_F(CliCalibrate, ShortensChains) {
    ASSERT_EQ(calibrate({}, {"--steps", "1"}).code, 0);
    EXPECT_EQ(json_of("cal.json").at("steps").size(), 1U);
    const auto regret = calibrate({}, {"--steps", "1", "--loss", "regret"});
    EXPECT_EQ(regret.code, 2);
    EXPECT_THAT(regret.err, HasSubstr("--loss regret needs chains of several steps"));
}

}  // namespace
}  // namespace enough::test
