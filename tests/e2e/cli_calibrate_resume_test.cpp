// `enough calibrate` with a server: interrupted, resumed, failing; and bad use.

#include "e2e/asked_server.hpp"
#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <csignal>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int items = 12;
constexpr std::size_t calls = 2 * items;

class CliCalibrateResume : public VerbTest {
protected:
    void SetUp() override {
        write("workflow.yaml", served_workflow);
        write("data.jsonl", served_data(items));
    }

    static std::vector<std::string> arguments(const std::string& output, std::vector<std::string> more = {}) {
        std::vector<std::string> all{"calibrate", "workflow.yaml", "data.jsonl",   "-a", "solver", "-o", output, "-c",
                                     "1",         "--allow-weak",  "--replicates", "200"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    Program::Ended calibrate(const FakeServer& server, const std::string& output,
                             std::vector<std::string> more = {}) const {
        return enough(arguments(output, std::move(more)), {{"URL", server.url("/v1")}});
    }

    json made(const std::string& name) const {
        json file = json_of(name);
        file.erase("created");
        return file;
    }

    std::size_t lines(const std::string& name) const {
        const std::string text = text_of(name);
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }

    /// Interrupts a calibration at the second step of item 5.
    Program::Ended interrupted(FakeServer& server, std::vector<std::string> more = {}) const {
        Program program = start(arguments("cal.json", std::move(more)), {{"URL", server.url("/v1")}});
        EXPECT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.requests == 12; }));
        program.signal(SIGINT);
        auto ended = program.wait();
        EXPECT_TRUE(server.wait_until_client_closed());
        return ended;
    }
};

/// Says nothing to the second step of item 5 until it is released.
void stall_in_the_middle(FakeExchange& exchange) {
    const auto [item, step] = asked_of(exchange);
    if (item == 5 && step == 2 && !exchange.stall()) return;
    answer_by_item(exchange);
}

TEST_F(CliCalibrateResume, GoesOnAfterAnInterrupt) {
    FakeServer server(stall_in_the_middle);
    const auto ended = interrupted(server);
    EXPECT_EQ(ended.code, 130) << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("cal.json.journal keeps what is done"), HasSubstr("--resume")));
    EXPECT_FALSE(exists("cal.json"));
    EXPECT_EQ(lines("cal.json.journal"), 1U + 5);

    const auto refused = calibrate(server, "cal.json");
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("is there from an earlier try"), HasSubstr("--resume")));
    EXPECT_EQ(server.counts().requests, 12U);

    server.release();
    const auto resumed = calibrate(server, "cal.json", {"--resume"});
    EXPECT_THAT(resumed.err, HasSubstr("5 item(s) were done before"));
    EXPECT_EQ(server.counts().requests, 12 + (calls - 10)) << "what was done is not asked again";
    EXPECT_FALSE(exists("cal.json.journal"));

    const auto whole = calibrate(server, "whole.json");
    EXPECT_EQ(resumed.code, whole.code);
    EXPECT_EQ(made("cal.json"), made("whole.json"));
}

TEST_F(CliCalibrateResume, ForgetsATornLine) {
    FakeServer server(stall_in_the_middle);
    interrupted(server);
    const std::string journal = text_of("cal.json.journal");
    write("cal.json.journal", journal.substr(0, journal.size() - 20));
    server.release();
    calibrate(server, "cal.json", {"--resume"});
    EXPECT_EQ(server.counts().requests, 12 + (calls - 8)) << "item 4 is asked again";
    EXPECT_EQ(json_of("cal.json").at("items").size(), items);
}

TEST_F(CliCalibrateResume, RefusesTheJournalOfOtherWork) {
    FakeServer server(stall_in_the_middle);
    interrupted(server);
    const std::string journal = text_of("cal.json.journal");
    server.release();
    const auto refused = [&](std::vector<std::string> more, const std::string& why) {
        more.emplace_back("--resume");
        const auto ended = calibrate(server, "cal.json", more);
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
        EXPECT_EQ(server.counts().requests, 12U);
    };
    refused({"--steps", "3"}, "belongs to another workflow, agent or data");
    refused({"--grader", "exact"}, "belongs to another");
    write("data.jsonl", served_data(items - 1));
    refused({}, "belongs to another");
    write("data.jsonl", served_data(items));
    write("cal.json.journal", "{}\n");
    refused({}, "no journal of this program");
    write("cal.json.journal", journal.substr(0, journal.find('\n') + 1) + "{\"chain\":{}}\n");
    refused({}, "cal.json.journal is broken");
    write("cal.json.journal",
          journal.substr(0, journal.find('\n') + 1) + "{\"chain\"\n" + journal.substr(journal.find('\n') + 1));
    refused({}, "cal.json.journal:2: no JSON");
}

TEST_F(CliCalibrateResume, KeepsTheCassetteOfAnInterruptedRecording) {
    FakeServer server(stall_in_the_middle);
    interrupted(server, {"--record", "calls.jsonl"});
    const std::string recorded = text_of("calls.jsonl");
    EXPECT_EQ(lines("calls.jsonl"), 1U + 11);
    EXPECT_EQ(calibrate(server, "cal.json", {"--record", "calls.jsonl"}).code, 2);
    EXPECT_EQ(text_of("calls.jsonl"), recorded) << "what is refused must not replace it";
}

TEST_F(CliCalibrateResume, LeavesOutWhatFailsAndTriesItAgain) {
    std::atomic<bool> down = true;
    FakeServer server([&](FakeExchange& exchange) {
        const auto [item, step] = asked_of(exchange);
        if (down && item == 3 && step == 2) return exchange.answer(500, R"({"error":{"message":"out of memory"}})");
        answer_by_item(exchange);
    });
    const auto ended = calibrate(server, "cal.json");
    EXPECT_THAT(ended.err, AllOf(HasSubstr("left out: 3: step 2 of the chain failed"), HasSubstr("out of memory"),
                                 HasSubstr("12/12, 1 failed"), HasSubstr("--resume tries the items again")));
    EXPECT_EQ(json_of("cal.json").at("items").size(), items - 1) << "the others are used";
    EXPECT_TRUE(exists("cal.json.journal"));

    down = false;
    const auto before = server.counts().requests;
    calibrate(server, "cal.json", {"--resume"});
    EXPECT_EQ(server.counts().requests, before + 2) << "one chain";
    EXPECT_EQ(json_of("cal.json").at("items").size(), items);
    EXPECT_FALSE(exists("cal.json.journal"));
}

TEST_F(CliCalibrateResume, WritesNothingWhenEverythingFails) {
    FakeServer server([](FakeExchange& exchange) { exchange.close(); });
    const auto ended = calibrate(server, "cal.json");
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("no item has a whole chain; no calibration was written"));
    EXPECT_FALSE(exists("cal.json"));
    const auto again = calibrate(server, "cal.json");
    EXPECT_EQ(again.code, 1) << "a journal of nothing stands in nobody's way: " << again.err;
}

TEST_F(CliCalibrateResume, SpendsNoMoreThanAllowed) {
    std::string priced = served_workflow;
    priced.replace(priced.find("retry:"), 0, "price: {input: 0, output: 1000000}, ");
    write("workflow.yaml", priced);
    FakeServer server(answer_by_item);
    const auto ended = calibrate(server, "cal.json", {"--max-usd", "10"});
    EXPECT_THAT(ended.err, HasSubstr("not begun: "));
    EXPECT_EQ(server.counts().requests, 4U) << "a chain of 3 and 3 tokens each: the second is begun at 6 or 7 USD";
}

TEST_F(CliCalibrateResume, AsksNobodyWhenItsUseIsBad) {
    FakeServer server(answer_by_item);
    const auto refused = [&](std::vector<std::string> all, const std::string& why) {
        const auto ended = enough(all, {{"URL", server.url("/v1")}});
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err, HasSubstr(why));
    };
    const auto with = [](std::vector<std::string> more) { return arguments("cal.json", std::move(more)); };
    refused({"calibrate", "workflow.yaml", "data.jsonl", "-o", "cal.json"}, "--agent is needed");
    refused({"calibrate", "workflow.yaml", "-a", "solver", "-o", "cal.json"}, "a DATA file is needed");
    refused({"calibrate", "workflow.yaml", "data.jsonl", "-a", "solver"}, "--output is required");
    refused({"calibrate", "workflow.yaml", "data.jsonl", "-a", "nobody", "-o", "cal.json"},
            "there is no agent 'nobody'; there are ");
    refused({"calibrate", "none.yaml", "data.jsonl", "-a", "solver", "-o", "cal.json"}, "none.yaml");
    refused({"calibrate", "workflow.yaml", "none.jsonl", "-a", "solver", "-o", "cal.json"}, "cannot read none.jsonl");
    refused(with({"--step", "other"}), "the workflow has no step 'other'");
    refused(with({"--grader", "magic"}), "magic");
    refused(with({"--grader", "judge"}), "needs an agent");
    refused(with({"--grader", "command"}), "needs a program");
    refused(with({"--replay", "none.jsonl"}), "none.jsonl");
    refused(arguments("."), "is a folder");
    refused(arguments("workflow.yaml/cal.json"), "cannot write into the folder workflow.yaml");
    write("data.jsonl", served_data(2) + served_data(1));
    refused(with({}), "data.jsonl:3: id 0 stands on line 1 already");
    EXPECT_EQ(server.counts().requests, 0U);
    EXPECT_FALSE(exists("cal.json"));
    EXPECT_FALSE(exists("cal.json.journal"));
}

TEST_F(CliCalibrateResume, MakesTheFolderOfItsFile) {
    FakeServer server(answer_by_item);
    calibrate(server, "made/for/it/cal.json");
    EXPECT_TRUE(exists("made/for/it/cal.json"));
}

}  // namespace
}  // namespace enough::test
