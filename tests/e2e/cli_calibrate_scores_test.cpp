// `enough calibrate --from-scores`: thresholds from scores that somebody else has made.

#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class CliCalibrateScores : public VerbTest {
protected:
    Program::Ended calibrate(const std::string& lines, std::vector<std::string> more = {}) const {
        write("scores.jsonl", lines);
        std::vector<std::string> arguments{"calibrate", "--from-scores", "scores.jsonl", "-o", "cal.json"};
        if (std::ranges::find(more, "--replicates") == more.end()) more.insert(more.end(), {"--replicates", "200"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return enough(arguments);
    }

    static std::string line(double entropy, bool correct) {
        return json{{"entropy", entropy}, {"correct", correct}}.dump() + "\n";
    }
};

std::string lines_of(int n, const std::function<json(int)>& line) {
    std::string lines;
    for (int i = 0; i < n; ++i)
        lines += line(i).dump() + "\n";
    return lines;
}

/// Right answers at 0.5 to 0.9, wrong ones at 0.8 to 1.2.
std::string usable(int n) {
    return lines_of(n, [](int i) {
        return json{{"entropy", (i % 2 == 0 ? 0.5 : 0.8) + 0.04 * (i % 11)}, {"correct", i % 2 == 0}};
    });
}

TEST_F(CliCalibrateScores, FitsAThreshold) {
    const auto ended = calibrate(usable(200));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("usable"), HasSubstr("model unknown"), HasSubstr("loss 'wrong'")));
    const json file = json_of("cal.json");
    EXPECT_TRUE(file.at("model").is_null());
    EXPECT_EQ(file.at("items").size(), 200U);
    EXPECT_EQ(file.at("steps")[0].at("thresholds").at("crc").at("loss"), "wrong") << "nothing is known of regret";
    EXPECT_TRUE(file.at("steps")[0].at("thresholds").at("mean").at("value").is_number());
}

TEST_F(CliCalibrateScores, IsOnlyUsableWithAllowStale) {
    ASSERT_EQ(calibrate(usable(200)).code, 0);
    ScriptedCascade cascade;
    cascade.gate = "accept: {calibration: cal.json, method: mean}";
    write("workflow.yaml", cascade.text());
    const auto refused = enough({"check", "workflow.yaml"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.out + refused.err, HasSubstr("does not say for which model"));
    cascade.gate = "accept: {calibration: cal.json, method: mean, allow_stale: true}";
    write("workflow.yaml", cascade.text());
    EXPECT_EQ(enough({"check", "workflow.yaml"}).code, 0);
}

TEST_F(CliCalibrateScores, HoldsForTheAgentOfAWorkflowThatIsGiven) {
    ScriptedCascade cascade;
    write("workflow.yaml", cascade.text());
    write("scores.jsonl", usable(200));
    EXPECT_EQ(
        enough({"calibrate", "workflow.yaml", "--from-scores", "scores.jsonl", "-a", "solver", "-o", "cal.json"}).code,
        0);
    cascade.gate = "accept: {calibration: cal.json, method: mean}";
    write("calibrated.yaml", cascade.text());
    EXPECT_EQ(enough({"check", "calibrated.yaml"}).code, 0);
}

TEST_F(CliCalibrateScores, ReadsChains) {
    const auto ended = calibrate(lines_of(240, [](int i) {
        const int item = i / 2;
        const int step = i % 2 + 1;
        return json{{"id", item},
                    {"step", step},
                    {"entropy", (item % 2 == 0 ? 0.5 : 0.8) / step + 0.04 * (item % 11)},
                    {"correct", item % 2 == 0},
                    {"tokens", 10 * step}};
    }));
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json file = json_of("cal.json");
    EXPECT_EQ(file.at("steps").size(), 2U);
    EXPECT_EQ(file.at("items").size(), 120U);
    EXPECT_EQ(file.at("items")[3].at("id"), 3);
    EXPECT_EQ(file.at("items")[3].at("steps")[1].at("tokens"), 20);
    EXPECT_EQ(file.at("steps")[0].at("thresholds").at("crc").at("loss"), "regret");
}

struct Refused {
    const char* name;
    std::function<json(int)> line;
    int items;
    const char* reason;
};

class Refusals : public CliCalibrateScores, public testing::WithParamInterface<Refused> {};

TEST_P(Refusals, SayWhy) {
    const auto ended = calibrate(lines_of(GetParam().items, GetParam().line));
    EXPECT_EQ(ended.code, 1) << ended.out << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("step 1: refused"), HasSubstr(GetParam().reason)));
    const json step = json_of("cal.json").at("steps")[0];
    EXPECT_EQ(step.at("verdict"), "refused");
    EXPECT_THAT(step.at("reasons").dump(), HasSubstr(GetParam().reason));
    for (const auto& [method, threshold] : step.at("thresholds").items())
        EXPECT_TRUE(threshold.at("value").is_null()) << method;
    EXPECT_EQ(step.at("correct").at("n").get<int>() + step.at("incorrect").at("n").get<int>(), GetParam().items)
        << "the statistics stay";
    ScriptedCascade cascade;
    cascade.gate = "accept: {calibration: cal.json, method: mean, allow_stale: true}";
    write("workflow.yaml", cascade.text());
    EXPECT_EQ(enough({"check", "workflow.yaml"}).code, 2) << "no gate may use it";
}

json scored(double entropy, bool correct) {
    return {{"entropy", entropy}, {"correct", correct}};
}

INSTANTIATE_TEST_SUITE_P(
    Of, Refusals,
    testing::Values(
        Refused{"Inverted", [](int i) { return scored((i % 2 == 0 ? 1.2 : 0.4) + 0.03 * (i % 7), i % 2 == 0); }, 100,
                "as sure as right ones or surer"},
        Refused{"Tiny", [](int i) { return scored(0.1 * i, i != 2); }, 3, "at least two of each"},
        Refused{"Tied", [](int i) { return scored(i / 2 % 2 == 0 ? 0.5 : 1.0, i % 2 == 0); }, 100,
                "as sure as right ones or surer"},
        Refused{"Constant", [](int i) { return scored(0.5, i % 2 == 0); }, 100, "the same score"},
        Refused{"AllRight", [](int i) { return scored(0.01 * i, true); }, 100,
                "All answers are right or all are wrong"},
        Refused{"AllWrong", [](int i) { return scored(0.01 * i, false); }, 100,
                "All answers are right or all are wrong"},
        Refused{"Chance",
                [](int i) { return scored(0.5 + 0.01 * ((i * 37) % 101) + (i % 2 == 0 ? 0 : 0.02), i % 2 == 0); }, 60,
                "AUROC"}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(CliCalibrateScores, GoesOnWithWeakScoresWhenTold) {
    const auto chance =
        lines_of(60, [](int i) { return scored(0.5 + 0.01 * ((i * 37) % 101) + (i % 2 == 0 ? 0 : 0.02), i % 2 == 0); });
    EXPECT_EQ(calibrate(chance).code, 1);
    EXPECT_EQ(calibrate(chance, {"--allow-weak"}).code, 0);
    EXPECT_EQ(json_of("cal.json").at("steps")[0].at("verdict"), "weak");
}

TEST_F(CliCalibrateScores, CallsFewItemsWeak) {
    const auto ended = calibrate(usable(40));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("step 1: weak"), HasSubstr("uncalibrated")));
}

TEST_F(CliCalibrateScores, ListsEveryBadLine) {
    const auto ended =
        calibrate(line(0.5, true) + "nothing\n[]\n" + R"({"entropy":"0.5","correct":true})" + "\n" +
                  R"({"correct":true})" + "\n" + R"({"entropy":0.5,"correct":1})" + "\n" +
                  R"({"entropy":1e999,"correct":true})" + "\n" + R"({"entropy":0.5,"correct":true,"step":2})" + "\n" +
                  R"({"entropy":-0.5,"correct":true})" + "\n" + R"({"entropy":0.5,"corect":true})" + "\n" +
                  R"({"entropy":0.5,"correct":true,"tokens":-1})" + "\n\n" + line(0.5, false));
    EXPECT_EQ(ended.code, 2);
    for (int number = 2; number <= 11; ++number)
        EXPECT_THAT(ended.err, HasSubstr("scores.jsonl:" + std::to_string(number) + ": "));
    for (const int number : {1, 12, 13})
        EXPECT_THAT(ended.err, testing::Not(HasSubstr("scores.jsonl:" + std::to_string(number) + ": ")));
    EXPECT_FALSE(exists("cal.json"));
}

TEST_F(CliCalibrateScores, RefusesIdsThatAreNone) {
    const auto ended = calibrate(line(0.5, true) + R"({"id":[1],"entropy":0.6,"correct":true})" + "\n");
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("scores.jsonl:2: 'id' must be a text or a number"));
}

TEST_F(CliCalibrateScores, TakesIdsOnlyForThoseOfOthers) {
    // Line 2's id is 1; line 1 has none, and is a chain of its own.
    const auto ended = calibrate(line(0.5, true) + R"({"id":1,"entropy":0.6,"correct":true})" + "\n" + usable(100));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(json_of("cal.json").at("items").size(), 102U);
}

TEST_F(CliCalibrateScores, RefusesChainsOfDifferentLengths) {
    const auto ended = calibrate(R"({"id":1,"entropy":0.6,"correct":true})"
                                 "\n"
                                 R"({"id":1,"step":2,"entropy":0.6,"correct":true})"
                                 "\n"
                                 R"({"id":2,"entropy":0.6,"correct":true})"
                                 "\n");
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("differ in length"));
}

TEST_F(CliCalibrateScores, RefusesBadUse) {
    write("data.jsonl", "");
    const auto refused = [&](std::vector<std::string> more, const std::string& why) {
        const auto ended = calibrate(usable(60), std::move(more));
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
    };
    refused({"--loss", "regret"}, "--loss regret needs chains of several steps");
    refused({"--record", "calls.jsonl"}, "there is nothing to record");
    refused({"workflow.yaml", "data.jsonl"}, "not both");
    refused({"workflow.yaml"}, "--agent is needed");
    refused({"--epsilon", "0"}, "--epsilon");
    refused({"--replicates", "3"}, "--replicates");
    EXPECT_FALSE(exists("cal.json"));
    EXPECT_EQ(calibrate("").code, 2) << "no scores";
    EXPECT_EQ(enough({"calibrate", "--from-scores", "none.jsonl", "-o", "cal.json"}).code, 2);
    const auto as_json = enough({"calibrate", "--from-scores", "none.jsonl", "-o", "cal.json", "--json"});
    EXPECT_THAT(json::parse(as_json.out).at("error").at("message").get<std::string>(), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace enough::test
