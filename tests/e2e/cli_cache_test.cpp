// `--cache FILE`: what was asked before is not asked again, by whichever process.

#include "e2e/asked_server.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class CliCache : public testing::Test {
protected:
    void SetUp() override { std::ofstream(workflow_) << served_workflow; }

    Program start(const std::string& question, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"run", workflow_, "-i", "question=" + question, "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return Program(ENOUGH_PROGRAM, arguments, {{"URL", server_.url("/v1")}});
    }
    std::vector<std::string> cached() const { return {"--cache", cache_}; }

    TemporaryFolder folder_;
    std::string workflow_ = folder_.file("workflow.yaml");
    std::string cache_ = folder_.file("cache.db");
    FakeServer server_{answer_by_item};
};

TEST_F(CliCache, ASecondRunAsksNothingAndDecidesTheSame) {
    const auto first = json::parse(start("item 0?", cached()).wait().out);
    const auto asked = server_.counts().requests;
    EXPECT_EQ(asked, 2U) << "unsure at first, so it refined";
    const auto second = json::parse(start("item 0?", cached()).wait().out);
    EXPECT_EQ(server_.counts().requests, asked);
    EXPECT_EQ(second["status"], first["status"]);
    EXPECT_EQ(second["output"], first["output"]);
    EXPECT_EQ(second["usage"]["output_tokens"], 0);
    for (std::size_t i = 0; i < asked; ++i) {
        const auto& then = first["steps"]["solve"]["calls"][i];
        const auto& now = second["steps"]["solve"]["calls"][i];
        EXPECT_EQ(now["signals"], then["signals"]) << "judged by the evidence it came with";
        EXPECT_EQ(now["verdict"], then["verdict"]);
        EXPECT_EQ(now["cached"], true);
        EXPECT_FALSE(then.contains("cached"));
    }
}

TEST_F(CliCache, IsOffUnlessNamed) {
    start("item 1?").wait();
    start("item 1?").wait();
    EXPECT_EQ(server_.counts().requests, 2U);
}

TEST_F(CliCache, TheEventLogTells) {
    start("item 1?", cached()).wait();
    const auto events = folder_.file("events.jsonl");
    start("item 1?", {"--cache", cache_, "--events", events}).wait();
    std::stringstream log;
    log << std::ifstream(events).rdbuf();
    EXPECT_THAT(log.str(), HasSubstr(R"("from_cache":true)"));
}

TEST_F(CliCache, TwoProcessesAtOnceShareIt) {
    auto first = start("item 1?", cached());
    auto second = start("item 3?", cached());
    EXPECT_EQ(first.wait().code, 0);
    EXPECT_EQ(second.wait().code, 0);
    const auto asked = server_.counts().requests;
    EXPECT_EQ(start("item 1?", cached()).wait().code, 0);
    EXPECT_EQ(start("item 3?", cached()).wait().code, 0);
    EXPECT_EQ(server_.counts().requests, asked);
}

TEST_F(CliCache, RefusesAFileThatIsNone) {
    std::ofstream(cache_) << "These are somebody's notes, and they had better stay as they are. "
                          << std::string(100, '.');
    const auto ended = start("item 1?", cached()).wait();
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err + ended.out, HasSubstr(cache_ + " is no SQLite database"));
    EXPECT_EQ(server_.counts().requests, 0U);
}

TEST_F(CliCache, IsOfNoUseToAReplay) {
    const auto tape = folder_.file("tape.jsonl");
    EXPECT_EQ(start("item 1?", {"--record", tape}).wait().code, 0);
    const auto ended = start("item 1?", {"--replay", tape, "--cache", cache_}).wait();
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err + ended.out, HasSubstr("--replay asks no model, so --cache has nothing to keep"));
}

TEST_F(CliCache, ARecordingOfHitsReplays) {
    start("item 0?", cached()).wait();
    const auto tape = folder_.file("tape.jsonl");
    const auto hit = json::parse(start("item 0?", {"--cache", cache_, "--record", tape}).wait().out);
    const auto replayed = json::parse(start("item 0?", {"--replay", tape}).wait().out);
    EXPECT_EQ(replayed["output"], hit["output"]);
    EXPECT_EQ(replayed["steps"]["solve"]["calls"][0]["signals"], hit["steps"]["solve"]["calls"][0]["signals"]);
}

}  // namespace
}  // namespace enough::test
