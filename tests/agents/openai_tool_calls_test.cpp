// Tool calls in answers, in the shapes in which servers send them.
#include "providers/openai_tool_calls.hpp"

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"
#include "providers/openai_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

using test::chunk;
using test::content_chunk;
using test::finish_chunk;
using test::RecordingSink;
using testing::ElementsAre;
using testing::HasSubstr;

Result<Answer> read(const std::vector<std::string>& events, AnswerSink* sink = nullptr) {
    OpenAiStream stream(sink);
    for (const auto& event : events) {
        const auto progress = stream.event(event);
        if (!progress) return progress.error();
        if (*progress == OpenAiStream::Progress::stopped) return stream.stopped_early(7);
    }
    return stream.finish(7);
}

std::string calling(const std::string& pieces) {
    return chunk(R"({"tool_calls":[)" + pieces + "]}");
}

TEST(OpenAiToolCalls, AreJoinedByIndex) {
    RecordingSink sink;
    const auto answer =
        read({chunk(R"({"role":"assistant","content":null})"),
              calling(R"({"index":0,"id":"call_a","type":"function","function":{"name":"read","arguments":""}})"),
              calling(R"({"index":0,"function":{"arguments":"{\"path\":"}})"),
              calling(R"({"index":1,"id":"call_b","type":"function","function":{"name":"list","arguments":"{"}})"),
              calling(R"({"index":0,"function":{"arguments":"\"a\"}"}},{"index":1,"function":{"arguments":"}"}})"),
              finish_chunk("tool_calls"), test::usage_chunk(), "[DONE]"},
             &sink);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->finish_reason, FinishReason::tool_calls);
    EXPECT_THAT(answer->tool_calls,
                ElementsAre(ToolCall{"call_a", "read", R"({"path":"a"})"}, ToolCall{"call_b", "list", "{}"}));
    EXPECT_EQ(answer->text, "");
    EXPECT_EQ(answer->usage.output_tokens, 3);
    EXPECT_EQ(sink.progress, 5);
}

TEST(OpenAiToolCalls, StandBesideText) {
    RecordingSink sink;
    const auto answer = read(
        {content_chunk("Let me look."), calling(R"({"index":0,"id":"c","function":{"name":"read","arguments":"{}"}})"),
         finish_chunk("tool_calls"), "[DONE]"},
        &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "Let me look.");
    EXPECT_EQ(sink.text, "Let me look.");
    EXPECT_EQ(sink.tokens.size(), 1U);
    EXPECT_THAT(answer->tool_calls, ElementsAre(ToolCall{"c", "read", "{}"}));
    EXPECT_EQ(answer->usage.output_tokens, 2) << "counted from what came";
}

TEST(OpenAiToolCalls, AreProgressWithoutText) {
    OpenAiStream stream(nullptr);
    EXPECT_EQ(*stream.event(calling(R"({"index":0,"function":{"arguments":"x"}})")), OpenAiStream::Progress::advanced);
    EXPECT_EQ(*stream.event(chunk(R"({"tool_calls":null})")), OpenAiStream::Progress::none);
    EXPECT_EQ(*stream.event(chunk(R"({"tool_calls":[]})")), OpenAiStream::Progress::none);
}

TEST(OpenAiToolCalls, ComeInManyShapes) {
    const struct {
        const char* name;
        std::vector<std::string> pieces;
        std::vector<ToolCall> want;
    } cases[] = {
        {"whole, without index and id",
         {R"({"function":{"name":"a","arguments":"{}"}})", R"({"function":{"name":"a","arguments":"{}"}})"},
         {{"call_1", "a", "{}"}, {"call_2", "a", "{}"}}},
        {"whole, all of index 0",
         {R"({"index":0,"id":"x","function":{"name":"a","arguments":"{}"}})",
          R"({"index":0,"id":"y","function":{"name":"b","arguments":"{}"}})"},
         {{"x", "a", "{}"}, {"y", "b", "{}"}}},
        {"pieces without index, the rest without id",
         {R"({"id":"x","function":{"name":"a","arguments":"{\"k\""}})", R"({"function":{"arguments":":1}"}})"},
         {{"x", "a", R"({"k":1})"}}},
        {"pieces by id",
         {R"({"id":"x","function":{"name":"a","arguments":"{"}})", R"({"id":"y","function":{"name":"b"}})",
          R"({"id":"x","function":{"arguments":"}"}})"},
         {{"x", "a", "{}"}, {"y", "b", "{}"}}},
        {"id and name repeated with every piece",
         {R"({"index":0,"id":"x","function":{"name":"a","arguments":"{"}})",
          R"({"index":0,"id":"x","function":{"name":"a","arguments":"}"}})"},
         {{"x", "a", "{}"}}},
        {"the name in pieces",
         {R"({"index":0,"id":"x","function":{"name":"re"}})", R"({"index":0,"function":{"name":"ad"}})"},
         {{"x", "read", "{}"}}},
        {"arguments as an object",
         {R"({"index":0,"id":"x","function":{"name":"a","arguments": {"k": [1, "}"]} }})"},
         {{"x", "a", R"({"k": [1, "}"]})"}}},
        {"nulls and strangers",
         {R"({"index":null,"id":null,"custom":{},"function":{"name":"a","arguments":null,"strict":true}})", "7"},
         {{"call_1", "a", "{}"}}},
        {"the same id twice",
         {R"({"index":0,"id":"x","function":{"name":"a"}})", R"({"index":1,"id":"x","function":{"name":"b"}})"},
         {{"x", "a", "{}"}, {"call_2", "b", "{}"}}},
        {"our own ids give way",
         {R"({"index":0,"id":"call_2","function":{"name":"a"}})", R"({"index":1,"function":{"name":"b"}})"},
         {{"call_2", "a", "{}"}, {"call_3", "b", "{}"}}},
        {"broken arguments are passed on",
         {R"({"index":0,"id":"x","function":{"name":"a","arguments":"{k"}})"},
         {{"x", "a", "{k"}}},
        {"no name, no call", {R"({"index":0,"id":"x","function":{"arguments":"{}"}})"}, {}},
    };
    for (const auto& test : cases) {
        for (const char* reason : {"tool_calls", "stop", "function_call", "eos"}) {
            std::vector<std::string> events;
            for (const auto& piece : test.pieces)
                events.push_back(calling(piece));
            events.push_back(finish_chunk(reason));
            const auto answer = read(events);
            ASSERT_TRUE(answer) << test.name;
            EXPECT_EQ(answer->tool_calls, test.want) << test.name;
            EXPECT_EQ(answer->finish_reason == FinishReason::tool_calls, !test.want.empty()) << test.name << reason;
        }
    }
}

TEST(OpenAiToolCalls, OfADocumentAreReadToo) {
    OpenAiStream stream(nullptr);
    const auto progress = stream.document(
        R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"I look.","tool_calls":[)"
        R"({"id":"c","type":"function","function":{"name":"read","arguments":"{\"path\":\"a\"}"}}]},)"
        R"("finish_reason":"tool_calls"}],"usage":{"prompt_tokens":5,"completion_tokens":9}})");
    ASSERT_TRUE(progress) << progress.error().message;
    const auto answer = stream.finish(1);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "I look.");
    EXPECT_THAT(answer->tool_calls, ElementsAre(ToolCall{"c", "read", R"({"path":"a"})"}));
    EXPECT_EQ(answer->finish_reason, FinishReason::tool_calls);
}

TEST(OpenAiToolCalls, OfACutAnswerAreNotToBeActedUpon) {
    const auto call = calling(R"({"index":0,"id":"x","function":{"name":"delete","arguments":"{\"path\":\"/\""}})");
    const auto cut = read({call, finish_chunk("length")});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->finish_reason, FinishReason::length);
    EXPECT_THAT(cut->tool_calls, testing::IsEmpty());
    const auto withheld = read({call, finish_chunk("content_filter")});
    EXPECT_EQ(withheld->finish_reason, FinishReason::filter);
    EXPECT_THAT(withheld->tool_calls, testing::IsEmpty());
    const auto broken = read({call});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, FailureKind::stream_cut);
    RecordingSink sink(1);
    const auto stopped = read({call, content_chunk("a"), finish_chunk("tool_calls")}, &sink);
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->finish_reason, FinishReason::stopped_early);
    EXPECT_THAT(stopped->tool_calls, testing::IsEmpty());
}

TEST(OpenAiToolCalls, PromisedButNotSentAreNone) {
    const auto answer = read({content_chunk("a"), finish_chunk("tool_calls")});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->finish_reason, FinishReason::other);
}

TEST(OpenAiToolCalls, AreBoundedInNumberAndSize) {
    std::vector<std::string> events;
    for (std::size_t i = 0; i < OpenAiToolCalls::most_calls; ++i)
        events.push_back(calling(R"({"index":)" + std::to_string(i) + R"(,"function":{"name":"a"}})"));
    events.push_back(finish_chunk("tool_calls"));
    const auto most = read(events);
    ASSERT_TRUE(most);
    EXPECT_EQ(most->tool_calls.size(), OpenAiToolCalls::most_calls);
    events.back() = calling(R"({"index":64,"function":{"name":"a"}})");
    auto excess = read(events);
    ASSERT_FALSE(excess);
    EXPECT_EQ(excess.error().kind, FailureKind::bad_response);
    EXPECT_THAT(excess.error().message, HasSubstr("more than 64 tool calls"));

    const std::string long_piece(1024 * 1023, 'x');
    const auto piece = calling(R"({"index":0,"function":{"name":"a","arguments":")" + long_piece + "\"}}");
    EXPECT_TRUE(read({piece, finish_chunk("tool_calls")}));
    excess = read({piece, piece});
    ASSERT_FALSE(excess);
    EXPECT_THAT(excess.error().message, HasSubstr("longer than 1048576 bytes"));
}

}  // namespace
}  // namespace enough
