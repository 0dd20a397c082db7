#include "providers/anthropic_reader.hpp"

#include "agents/answer_reading.hpp"
#include "agents/protocol_streams.hpp"

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

std::string stream_with(const std::string& event) {
    auto events = anthropic_events();
    events.resize(9);  // "It is " has been shown
    events.push_back(event);
    return named_events(events);
}

TEST(AnthropicReader, ReadsAStream) {
    const auto read = read_stream<AnthropicReader>(Framing::events, named_events(anthropic_events()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
    EXPECT_EQ(read.answer->reasoning, "Half of sixteen.");
    EXPECT_EQ(read.seen.text, read.answer->text);
    EXPECT_EQ(read.seen.reasoning, read.answer->reasoning);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(read.answer->model, "claude-x");
    EXPECT_EQ(read.answer->usage, (Usage{25 + 4 + 16, 16, 15, 9, false}));
    EXPECT_EQ(read.answer->reported_output_tokens, 15);
    EXPECT_TRUE(read.seen.tokens.empty());
}

TEST(AnthropicReader, DoesNotMindWhereTheStreamIsCut) {
    expect_same_however_cut<AnthropicReader>(Framing::events, named_events(anthropic_events()));
    expect_same_however_cut<AnthropicReader>(Framing::events, named_events(anthropic_tool_events()));
}

TEST(AnthropicReader, AStreamWithoutItsEndIsNoAnswer) {
    const auto bytes = named_events(anthropic_events());
    expect_no_answer_before<AnthropicReader>(bytes.find("event: message_stop"), Framing::events, bytes);
}

TEST(AnthropicReader, PutsToolCallsTogether) {
    const auto read = read_stream<AnthropicReader>(Framing::events, named_events(anthropic_tool_events()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::tool_calls);
    EXPECT_EQ(read.answer->text, "Let me look.");
    EXPECT_EQ(read.answer->tool_calls,
              (std::vector<ToolCall>{{"toolu_01", "get_weather", R"({"location": "San Francisco"})"},
                                     {"toolu_02", "get_time", "{}"}}));
    EXPECT_GT(read.seen.progress, 0);
}

TEST(AnthropicReader, ReadsADocument) {
    const auto read = read_whole<AnthropicReader>(anthropic_document());
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
    EXPECT_EQ(read.answer->reasoning, "Half of sixteen.");
    EXPECT_EQ(read.answer->tool_calls, (std::vector<ToolCall>{{"toolu_01", "get_weather", R"({"location":"Paris"})"}}));
    EXPECT_EQ(read.answer->usage, (Usage{25, 0, 15, 0, false}));
}

TEST(AnthropicReader, NamesEveryStopReason) {
    const auto reason = [](const std::string& name) {
        return read_whole<AnthropicReader>(R"({"type":"message","content":[],"stop_reason":")" + name + "\"}")
            .answer->finish_reason;
    };
    EXPECT_EQ(reason("end_turn"), FinishReason::stop);
    EXPECT_EQ(reason("stop_sequence"), FinishReason::stop);
    EXPECT_EQ(reason("max_tokens"), FinishReason::length);
    EXPECT_EQ(reason("model_context_window_exceeded"), FinishReason::length);
    EXPECT_EQ(reason("pause_turn"), FinishReason::length) << "it waits to be gone on with";
    EXPECT_EQ(reason("refusal"), FinishReason::filter);
    EXPECT_EQ(reason("something_new"), FinishReason::other);
}

TEST(AnthropicReader, ErrorsInTheStreamAreFailures) {
    const auto failure = [](const std::string& type) {
        const auto read = read_stream<AnthropicReader>(
            Framing::events, stream_with(R"({"type":"error","error":{"type":")" + type + R"(","message":"No more"}})"));
        EXPECT_FALSE(read.answer);
        return read.answer ? Failure() : read.answer.error();
    };
    const auto overloaded = failure("overloaded_error");
    EXPECT_EQ(overloaded.kind, FailureKind::overloaded);
    EXPECT_TRUE(overloaded.retryable);
    EXPECT_THAT(overloaded.message, HasSubstr("No more"));
    EXPECT_EQ(overloaded.spent.input_tokens, 45);
    EXPECT_GT(overloaded.spent.output_tokens, 1) << "more than the first event's count, which is of its moment";
    EXPECT_TRUE(overloaded.spent.estimated);
    EXPECT_EQ(failure("rate_limit_error").kind, FailureKind::rate_limited);
    EXPECT_EQ(failure("api_error").kind, FailureKind::server_error);
    EXPECT_EQ(failure("authentication_error").kind, FailureKind::unauthorized);
    EXPECT_FALSE(failure("invalid_request_error").retryable);
}

TEST(AnthropicReader, PassesOverWhatItDoesNotKnow) {
    auto events = anthropic_events();
    events.insert(events.begin() + 2, R"({"type":"something_new","delta":{"type":"text_delta","text":"no"}})");
    events.insert(events.begin() + 2, R"({"type":"content_block_delta","index":"x","delta":7})");
    events.insert(events.begin() + 2, R"({"type":7})");
    events.insert(events.begin() + 2, R"({"type":"message_delta","usage":{"output_tokens":-4},"delta":[]})");
    const auto read = read_stream<AnthropicReader>(Framing::events, named_events(events));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
}

TEST(AnthropicReader, BadEventsAreFailures) {
    expect_bad_events<AnthropicReader>();
    EXPECT_EQ(read_whole<AnthropicReader>("{}").answer.error().kind, FailureKind::bad_response);
    EXPECT_EQ(read_whole<AnthropicReader>(R"({"choices":[]})").answer.error().kind, FailureKind::bad_response);
}

}  // namespace
}  // namespace enough
