// Recordings of calls that have to do with tools: written, read back, found again and replayed.
#include <enough/agents/cassette.hpp>
#include <enough/agents/replay.hpp>

#include "agents/recorded_calls.hpp"
#include "providers/scripted_agent.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::asking;
using test::same;
using test::StreamSink;

std::string written(const std::filesystem::path& file, const RecordedCall& call) {
    CassetteWriter writer(file);
    writer.write(call);
    EXPECT_FALSE(writer.error());
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ToolRecordings, KeepToolsTheirCallsAndTheirResults) {
    RecordedCall call;
    call.messages = {{Role::user, "Read a"},
                     {Role::assistant, "", {{"c1", "read", "{\"path\":\"a\"}"}, {"c2", "list", "{broken \xFF"}}},
                     {Role::tool, "alpha", {}, "c1"}};
    call.tools = {{"read", "Reads \"a\" file", R"({"type":"object"})"}, {"list", "", "{}"}};
    call.tools_forbidden = true;
    call.outcome->tool_calls = {{"c3", "read", "{}"}};
    call.outcome->finish_reason = FinishReason::tool_calls;

    const test::TemporaryFolder folder;
    const auto text = written(folder.path() / "calls.jsonl", call);
    const auto tape = read_cassette(folder.path() / "calls.jsonl");
    ASSERT_EQ(tape->size(), 1U);
    EXPECT_TRUE(same(*tape->calls()[0], call)) << text;
    EXPECT_EQ(written(folder.path() / "again.jsonl", *tape->calls()[0]), text);
}

TEST(ToolRecordings, AnswerTheSameToolsOnlyAndCallNoneWhenStopped) {
    ScriptedSettings settings;
    settings.answers.resize(1);
    settings.answers[0].text = "let me look";
    settings.answers[0].tool_calls = {{"c", "read", "{}"}};
    auto tape = std::make_shared<Tape>();
    const auto recording =
        make_recording(make_scripted_agent(settings), "m", [tape](RecordedCall call) { tape->add(std::move(call)); });
    auto request = asking("a");
    request.tools = {{"read", "", "{}"}};
    ASSERT_TRUE(test::run(recording->ask(request)));

    const auto without_tools = test::run(make_replaying("m", tape)->ask(asking("a")));
    ASSERT_FALSE(without_tools);
    EXPECT_EQ(without_tools.error().kind, FailureKind::script_ended);
    const auto answer = test::run(make_replaying("m", tape)->ask(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->tool_calls, (std::vector<ToolCall>{{"c", "read", "{}"}}));
    StreamSink stopping(2);
    request.sink = &stopping;
    const auto stopped = test::run(make_replaying("m", tape)->ask(request));
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->finish_reason, FinishReason::stopped_early);
    EXPECT_TRUE(stopped->tool_calls.empty());
}

}  // namespace
}  // namespace enough
