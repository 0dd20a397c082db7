#include "providers/gemini_reader.hpp"

#include "agents/answer_reading.hpp"
#include "agents/openai_fixtures.hpp"
#include "agents/protocol_streams.hpp"

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(GeminiReader, ReadsAStream) {
    const auto read = read_stream<GeminiReader>(Framing::events, sse(gemini_events()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
    EXPECT_EQ(read.answer->reasoning, "Half of sixteen.");
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(read.answer->model, "gemini-x");
    EXPECT_EQ(read.answer->usage, (Usage{12, 8, 6 + 9, 9, false})) << "thoughts are output beside the candidates";
    EXPECT_EQ(read.answer->reported_output_tokens, 15);
}

TEST(GeminiReader, DoesNotMindWhereTheStreamIsCut) {
    expect_same_however_cut<GeminiReader>(Framing::events, sse(gemini_events()));
}

TEST(GeminiReader, AStreamWithoutAReasonIsNoAnswer) {
    const auto bytes = sse(gemini_events());
    expect_no_answer_before<GeminiReader>(bytes.size(), Framing::events, bytes);
}

TEST(GeminiReader, ReadsWholeCalls) {
    const auto read = read_stream<GeminiReader>(Framing::events, sse(gemini_tool_events()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::tool_calls) << "though the server says STOP";
    EXPECT_EQ(read.answer->tool_calls, (std::vector<ToolCall>{{"call_1", "get_weather", R"({"location":"Paris"})"},
                                                              {"own-2", "get_time", "{}"}}));
}

TEST(GeminiReader, ReadsLogprobs) {
    const auto read = read_whole<GeminiReader>(gemini_document_with_logprobs());
    ASSERT_TRUE(read.answer);
    ASSERT_EQ(read.seen.tokens.size(), 2u);
    EXPECT_EQ(read.seen.tokens[0], (Token{"It", -0.25, Phase::answer, {{"It", -0.25}, {"He", -1.5}}}));
    EXPECT_EQ(read.seen.tokens[1], (Token{" is", -0.125, Phase::answer, {{" is", -0.125}}}));
    EXPECT_EQ(read.answer->usage, (Usage{4, 0, 2, 0, false}));
}

TEST(GeminiReader, NamesEveryFinishReason) {
    const auto answer = [](const std::string& reason) {
        return read_whole<GeminiReader>(R"({"candidates":[{"finishReason":")" + reason + "\"}]}").answer;
    };
    EXPECT_EQ(answer("STOP")->finish_reason, FinishReason::stop);
    EXPECT_EQ(answer("MAX_TOKENS")->finish_reason, FinishReason::length);
    for (const auto* reason : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"})
        EXPECT_EQ(answer(reason)->finish_reason, FinishReason::filter) << reason;
    for (const auto* reason : {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "OTHER", "SOMETHING_NEW"}) {
        ASSERT_FALSE(answer(reason)) << reason << " is no natural end";
        EXPECT_THAT(answer(reason).error().message, HasSubstr(reason));
        EXPECT_TRUE(answer(reason).error().retryable);
    }
    EXPECT_EQ(answer("FINISH_REASON_UNSPECIFIED").error().kind, FailureKind::bad_response);
}

TEST(GeminiReader, ABlockedPromptIsWithheld) {
    const auto read = read_stream<GeminiReader>(
        Framing::events,
        sse({R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9}})"}));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::filter);
    EXPECT_EQ(read.answer->text, "");
}

TEST(GeminiReader, ErrorsInTheStreamAreFailures) {
    auto events = gemini_events();
    events[2] = R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})";
    const auto read = read_stream<GeminiReader>(Framing::events, sse(events));
    ASSERT_FALSE(read.answer);
    EXPECT_EQ(read.answer.error().kind, FailureKind::overloaded);
    EXPECT_EQ(read.answer.error().spent.input_tokens, 12);
    EXPECT_EQ(read.answer.error().spent.output_tokens, 11) << "as counted with the last event that came";
    events[2] = R"({"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}})";
    EXPECT_EQ(read_stream<GeminiReader>(Framing::events, sse(events)).answer.error().kind, FailureKind::rate_limited);
}

TEST(GeminiReader, PassesOverWhatItDoesNotKnow) {
    auto events = gemini_events();
    events.insert(events.begin() + 1, R"({"candidates":[7,{"content":[]},{"content":{"parts":[null,{"text":7}]}}]})");
    events.insert(events.begin() + 1, R"({"candidates":{},"usageMetadata":"many","modelVersion":4})");
    events.insert(events.begin() + 1, R"({"candidates":[{"index":1,"content":{"parts":[{"text":"another"}]}}]})");
    events.insert(events.begin() + 1, R"({"candidates":[{"logprobsResult":{"chosenCandidates":[7]}}]})");
    const auto read = read_stream<GeminiReader>(Framing::events, sse(events));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
}

TEST(GeminiReader, BadEventsAreFailures) {
    expect_bad_events<GeminiReader>();
    EXPECT_EQ(read_whole<GeminiReader>("{}").answer.error().kind, FailureKind::bad_response);
}

}  // namespace
}  // namespace enough
