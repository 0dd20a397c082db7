// `enough eval` on scripted workflows: its report, and recording and replaying all of it.

#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliEval : public VerbTest {
protected:
    void SetUp() override {
        write("workflow.yaml", ScriptedCascade{}.text());
        write("data.jsonl", ScriptedCascade{}.data());
    }

    /// One item after the other, so that the script's answers come in order.
    Program::Ended eval(std::vector<std::string> more = {}, const std::string& workflow = "workflow.yaml") const {
        std::vector<std::string> arguments{"eval", workflow, "data.jsonl", "-c", "1", "--replicates", "200"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return enough(arguments);
    }
};

TEST_F(CliEval, WritesItsReport) {
    const auto ended = eval({"--report", "made/report"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out,
                AllOf(HasSubstr("this workflow"), HasSubstr("always the last rung"), HasSubstr("universal")));
    EXPECT_THAT(ended.err,
                AllOf(HasSubstr("60 item(s), each answered by: chain, step1, full, workflow, last_rung"),
                      HasSubstr("60/60"), HasSubstr("written to made/report/report.html and made/report/report.json")));
    const json report = json_of("made/report/report.json");
    EXPECT_EQ(report.at("kind"), "evaluation");
    EXPECT_EQ(report.at("workflow"), "cascade");
    EXPECT_EQ(report.at("data"), "data.jsonl");
    EXPECT_EQ(report.at("grader"), "number");
    EXPECT_EQ(report.at("items"), 60);
    EXPECT_EQ(report.at("failed"), 0);
    EXPECT_EQ(report.at("details").size(), 60U);
    int right = 0;
    int stopped = 0;
    for (int i = 0; i < 60; ++i) {
        right += static_cast<int>(ScriptedCascade::right(i, 1));
        stopped += static_cast<int>(ScriptedCascade::entropy(i, 1) <= 0.8 + 1e-9);
    }
    EXPECT_EQ(report.at("steps")[0].at("accuracy").at("right"), right);
    EXPECT_DOUBLE_EQ(report.at("gate").at("stop_rate"), stopped / 60.0);
    EXPECT_THAT(text_of("made/report/report.html"),
                AllOf(HasSubstr("<!doctype html>"), HasSubstr("\"kind\":\"evaluation\"")));
}

TEST_F(CliEval, PrintsTheReportAsJson) {
    const auto ended = eval({"--json", "-q", "--report", "report"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(json::parse(ended.out), json_of("report/report.json"));
    EXPECT_THAT(ended.err, Not(HasSubstr("60/60")));
}

TEST_F(CliEval, ReplaysToTheByte) {
    ASSERT_EQ(eval({"--record", "calls.jsonl", "--report", "first"}).code, 0);
    const std::string calls = text_of("calls.jsonl");
    for (const std::string again : {"second", "third"}) {
        const auto ended = eval({"--replay", "calls.jsonl", "--report", again});
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_EQ(text_of(again + "/report.json"), text_of("first/report.json"));
        EXPECT_EQ(text_of(again + "/report.html"), text_of("first/report.html"));
    }
    EXPECT_EQ(text_of("calls.jsonl"), calls) << "a replay only reads";
    EXPECT_EQ(eval({"--replay", "calls.jsonl", "--record", "copy.jsonl", "--report", "fourth"}).code, 0);
    EXPECT_EQ(text_of("fourth/report.json"), text_of("first/report.json"));
    EXPECT_EQ(text_of("copy.jsonl"), calls) << "one item at a time: the calls come in the same order";
}

TEST_F(CliEval, ReplaysASmallerEvaluation) {
    ASSERT_EQ(eval({"--record", "calls.jsonl"}).code, 0);
    const auto ended = eval({"--replay", "calls.jsonl", "--limit", "20", "--json"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(json::parse(ended.out).at("items"), 20);
}

TEST_F(CliEval, MissesWhatWasNotRecorded) {
    ASSERT_EQ(eval({"--record", "calls.jsonl"}).code, 0);
    ScriptedCascade other;
    other.refine_prompt = "Look again.";
    write("other.yaml", other.text());
    const auto ended = eval({"--replay", "calls.jsonl", "--report", "report"}, "other.yaml");
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("no recording fits"), HasSubstr("recorded \"Review it.\""),
                                 HasSubstr("asked \"Look again.\""), HasSubstr("no report was written")));
    EXPECT_FALSE(exists("report/report.json"));
    EXPECT_FALSE(exists("report/report.html"));
}

TEST_F(CliEval, AsksForWhatIsMissingWhenItMayRecord) {
    ASSERT_EQ(eval({"--record", "calls.jsonl", "--limit", "10"}).code, 0);
    const auto ended = eval({"--replay", "calls.jsonl", "--record", "more.jsonl", "--limit", "11", "--report", "one"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(eval({"--replay", "more.jsonl", "--limit", "11", "--report", "two"}).code, 0);
    EXPECT_EQ(text_of("one/report.json"), text_of("two/report.json"));
}

TEST_F(CliEval, RefusesCassettesThatAreNone) {
    write("calls.jsonl", "{}\n");
    const auto refused = [&](std::vector<std::string> more, const std::string& why) {
        const auto ended = eval(std::move(more));
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
    };
    refused({"--replay", "calls.jsonl"}, "no cassette");
    refused({"--replay", "none.jsonl"}, "cannot read none.jsonl");
    refused({"--record", "none/calls.jsonl"}, "cannot write none/calls.jsonl");
    refused({"--replay", "calls.jsonl", "--record", "calls.jsonl"}, "name the same file");
    std::filesystem::create_hard_link(folder_.file("calls.jsonl"), folder_.file("link.jsonl"));
    refused({"--replay", "calls.jsonl", "--record", "link.jsonl"}, "name the same file");
    refused({"--replay", "calls.jsonl", "--record", "./calls.jsonl"}, "name the same file");
    EXPECT_EQ(text_of("calls.jsonl"), "{}\n");
}

TEST_F(CliEval, ReplacesNoRecordingForNothing) {
    write("calls.jsonl", "precious");
    std::string ungated = ScriptedCascade{}.text();
    ungated.replace(ungated.find("gate: sure, "), 12, "");
    write("ungated.yaml", ungated);
    EXPECT_EQ(eval({"--record", "calls.jsonl"}, "ungated.yaml").code, 2);
    EXPECT_EQ(eval({"--record", "calls.jsonl", "--grader", "judge"}).code, 2);
    EXPECT_EQ(eval({"--record", "calls.jsonl", "--report", "workflow.yaml"}).code, 2);
    EXPECT_EQ(text_of("calls.jsonl"), "precious");
}

TEST_F(CliEval, RefusesBadUse) {
    std::string ungated = ScriptedCascade{}.text();
    ungated.replace(ungated.find("gate: sure, "), 12, "");
    write("ungated.yaml", ungated);
    const auto refused = [&](std::vector<std::string> more, const std::string& why,
                             const std::string& workflow = "workflow.yaml") {
        const auto ended = eval(std::move(more), workflow);
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
    };
    refused({}, "there is no gate", "ungated.yaml");
    refused({}, "none.yaml", "none.yaml");
    refused({"--step", "other"}, "no step 'other'");
    refused({"--grader", "magic"}, "magic");
    refused({"--grader", "judge"}, "needs an agent");
    refused({"--report", "workflow.yaml"}, "cannot write into the folder workflow.yaml");
    refused({"--limit", "0"}, "--limit");
    write("data.jsonl", "no\n" + ScriptedCascade{}.data() + R"({"id":"q3","inputs":{},"expected":"x"})" + "\n");
    const auto ended = eval({"--json"});
    EXPECT_EQ(ended.code, 2);
    const std::string message = json::parse(ended.out).at("error").at("message");
    EXPECT_THAT(message, AllOf(HasSubstr("data.jsonl:1: "), HasSubstr("data.jsonl:62: id \"q3\" stands on line 5"),
                               HasSubstr("question")));
}

TEST_F(CliEval, ComparesTheSignalWithItsCalibration) {
    ASSERT_EQ(enough({"calibrate", "workflow.yaml", "data.jsonl", "-a", "solver", "-o", "cal.json", "-c", "1"}).code,
              0);
    ScriptedCascade calibrated;
    calibrated.gate = "accept: {calibration: cal.json, method: universal}";
    write("calibrated.yaml", calibrated.text());
    const auto same = eval({"--json"}, "calibrated.yaml");
    EXPECT_EQ(same.code, 0) << same.err;
    const json report = json::parse(same.out);
    EXPECT_EQ(report.at("gate").at("calibration"), "cal.json");
    EXPECT_EQ(report.at("gate").at("method"), "universal");
    const json threshold = json_of("cal.json").at("steps")[0].at("thresholds").at("universal");
    EXPECT_EQ(report.at("gate").at("thresholds")[0], threshold.at("value"));
    EXPECT_EQ(report.at("gate").at("threshold_intervals")[0].at("low"), threshold.at("low"));
    EXPECT_EQ(report.at("drift").at("ks"), 0.0) << "the very items that it was made on";
    EXPECT_EQ(report.at("drift").at("alarm"), false);
}

TEST_F(CliEval, WritesTheEventsOfTheWorkflowsOwnRuns) {
    ASSERT_EQ(eval({"--events", "events.jsonl", "--limit", "3"}).code, 0);
    std::istringstream lines(text_of("events.jsonl"));
    int runs = 0;
    for (std::string line; std::getline(lines, line);)
        runs += static_cast<int>(json::parse(line).at("type") == "run_started");
    EXPECT_EQ(runs, 3) << "not those of the yardsticks";
}

}  // namespace
}  // namespace enough::test
