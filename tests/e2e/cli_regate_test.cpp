// `enough regate` of event logs and cassettes that the program itself has written.

#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class CliRegate : public VerbTest {
protected:
    void SetUp() override {
        write("workflow.yaml", cascade().text());
        write("data.jsonl", cascade().data());
        const auto ended = enough({"eval", "workflow.yaml", "data.jsonl", "-c", "1", "-q", "--events", "events.jsonl",
                                   "--record", "calls.jsonl"});
        ASSERT_EQ(ended.code, 0) << ended.err;
    }

    static const ScriptedCascade& cascade() {
        static const ScriptedCascade twelve{.items = 12};
        return twelve;
    }

    static int below(double threshold) {
        int count = 0;
        for (int i = 0; i < cascade().items; ++i)
            count += static_cast<int>(ScriptedCascade::entropy(i, 1) <= threshold + 1e-9);
        return count;
    }

    Program::Ended regate(const std::string& recording, std::vector<std::string> more) const {
        std::vector<std::string> arguments{"regate", recording};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return enough(arguments);
    }
    json regated(const std::string& recording, std::vector<std::string> more) const {
        more.emplace_back("--json");
        const auto ended = regate(recording, std::move(more));
        EXPECT_EQ(ended.code, 0) << ended.err;
        return json::parse(ended.out);
    }

    const std::vector<std::string> labels_{"--workflow", "workflow.yaml", "--data", "data.jsonl"};
    std::vector<std::string> labelled(std::vector<std::string> more) const {
        more.insert(more.end(), labels_.begin(), labels_.end());
        return more;
    }
};

TEST_F(CliRegate, ChangesNothingWithTheSameThreshold) {
    for (const std::string recording : {"events.jsonl", "calls.jsonl"}) {
        const json report = regated(recording, labelled({"--accept", "0.8"}));
        const json& summary = report.at("summary");
        EXPECT_EQ(summary.at("runs"), 12);
        EXPECT_EQ(summary.at("changed"), 0);
        EXPECT_EQ(summary.at("unknown"), 0);
        EXPECT_EQ(summary.at("known_before"), summary.at("known_after"));
        EXPECT_EQ(summary.at("known_before").at("accepted"), below(0.8));
        EXPECT_TRUE(summary.at("known_before").at("accuracy").is_number());
        EXPECT_EQ(report.at("runs").size(), 12U);
    }
}

TEST_F(CliRegate, TellsWhatALaxerThresholdWouldHaveAccepted) {
    for (const std::string recording : {"events.jsonl", "calls.jsonl"}) {
        const json summary = regated(recording, labelled({"--accept", "1.2"})).at("summary");
        EXPECT_EQ(summary.at("changed"), below(1.2) - below(0.8)) << recording;
        EXPECT_EQ(summary.at("known_after").at("accepted"), below(1.2));
        EXPECT_LT(summary.at("known_after").at("output_tokens"), summary.at("known_before").at("output_tokens"));
    }
    const auto ended = regate("events.jsonl", labelled({"--accept", "1.2"}));
    EXPECT_THAT(ended.out, AllOf(HasSubstr("escalate at step 2 -> accept at step 1"), HasSubstr("12 run(s)"),
                                 HasSubstr("% right")));
}

TEST_F(CliRegate, AsksNoModelForWhatWasNeverAsked) {
    const json events = regated("events.jsonl", {"--accept", "0.6"}).at("summary");
    EXPECT_EQ(events.at("unknown"), below(0.8) - below(0.6)) << "the workflow stopped there";
    const json cassette = regated("calls.jsonl", labelled({"--accept", "0.6"})).at("summary");
    EXPECT_EQ(cassette.at("unknown"), 0) << "the yardsticks' calls are on the cassette";
    EXPECT_EQ(cassette.at("known_after").at("accepted"), below(0.6));
    EXPECT_THAT(regate("events.jsonl", {"--accept", "0.6"}).out, HasSubstr("unknown: would ask for step 2"));
}

TEST_F(CliRegate, TakesThresholdsFromACalibration) {
    write("sixty.jsonl", ScriptedCascade{}.data());
    write("sixty.yaml", ScriptedCascade{}.text());
    ASSERT_EQ(enough({"calibrate", "sixty.yaml", "sixty.jsonl", "-a", "solver", "-o", "cal.json", "-c", "1"}).code, 0);
    const json steps = json_of("cal.json").at("steps");
    const json report = regated("events.jsonl", {"--calibration", "cal.json", "--method", "mean"});
    for (const std::size_t i : {0U, 1U})
        EXPECT_EQ(report.at("accept")[i], steps[i].at("thresholds").at("mean").at("value"));
    const json none = regated("calls.jsonl", labelled({"--calibration", "cal.json", "--method", "bound"}));
    EXPECT_EQ(none.at("summary").at("known_after").at("accepted"), 0) << "it certifies no threshold";
    const auto without_method = regate("events.jsonl", {"--calibration", "cal.json"});
    EXPECT_EQ(without_method.code, 2);
    EXPECT_THAT(without_method.err, HasSubstr("--method"));
    const auto other =
        regate("events.jsonl", {"--calibration", "cal.json", "--method", "mean", "--signal", "entropy.max"});
    EXPECT_EQ(other.code, 2);
    EXPECT_THAT(other.err, HasSubstr("is of signal entropy.mean"));
}

TEST_F(CliRegate, CountsOtherCandidates) {
    // Of 20 candidates of 0.5 bits and more the 2 largest have less.
    const json report = regated("calls.jsonl", labelled({"--accept", "0.8", "--top-k", "2"}));
    EXPECT_EQ(report.at("summary").at("known_after").at("accepted"), 12);
    const auto events = regate("events.jsonl", {"--accept", "0.8", "--top-k", "2"});
    EXPECT_EQ(events.code, 2);
    EXPECT_THAT(events.err, HasSubstr("needs a cassette"));
}

TEST_F(CliRegate, SaysWhichItemsAreNotOnTheCassette) {
    write("data.jsonl", ScriptedCascade{.items = 14}.data());
    const auto ended = regate("calls.jsonl", labelled({"--accept", "0.8"}));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("left out: 2 of 14 item(s)"));
}

TEST_F(CliRegate, RefusesBadUse) {
    write("torn.jsonl", "{}\n{}\n");
    write("cal.json", "{}");
    const auto refused = [&](const std::string& recording, std::vector<std::string> more, const std::string& why) {
        const auto ended = regate(recording, std::move(more));
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
    };
    refused("events.jsonl", {}, "give either --accept or --calibration");
    refused("events.jsonl", {"--accept", "1", "--calibration", "cal.json"}, "give either");
    refused("events.jsonl", {"--calibration", "cal.json", "--method", "mean"}, "is no calibration file");
    refused("events.jsonl", {"--calibration", "none.json", "--method", "mean"}, "cannot read none.json");
    refused("events.jsonl", {"--accept", "1", "--agent", "expert"}, "no gated call of agent 'expert'");
    refused("events.jsonl", {"--accept", "1", "--signal", "magic"}, "'magic' is no signal");
    refused("events.jsonl", {"--accept", "1", "--data", "data.jsonl"}, "--data needs --workflow");
    refused("events.jsonl", labelled({"--accept", "1", "--grader", "judge"}), "asks no model");
    refused("calls.jsonl", {"--accept", "1"}, "give --workflow and --data");
    refused("calls.jsonl", labelled({"--accept", "1", "--agent", "expert"}), "no gate on agent 'expert'");
    refused("none.jsonl", {"--accept", "1"}, "cannot read none.jsonl");
    refused("torn.jsonl", {"--accept", "1"}, "torn.jsonl: line 1");
    refused("events.jsonl", {"--accept", "one"}, "--accept");
    const auto as_json = regate("none.jsonl", {"--accept", "1", "--json"});
    EXPECT_THAT(json::parse(as_json.out).at("error").at("message").get<std::string>(), HasSubstr("none.jsonl"));
}

}  // namespace
}  // namespace enough::test
