#include "providers/responses_reader.hpp"

#include "agents/answer_reading.hpp"
#include "agents/protocol_streams.hpp"

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

Reading read(const std::vector<std::string>& events) {
    return read_stream<ResponsesReader>(Framing::events, named_events(events));
}

std::string ended(const std::string& type, const std::string& members) {
    return R"({"type":"response.)" + type + R"(","response":{"status":")" + type + R"(",)" + members + "}}";
}

TEST(ResponsesReader, ReadsAStream) {
    const auto seen = read(responses_events());
    ASSERT_TRUE(seen.answer);
    EXPECT_EQ(seen.answer->text, "It is 8 ½.");
    EXPECT_EQ(seen.answer->reasoning, "Half of sixteen.");
    EXPECT_EQ(seen.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(seen.answer->model, "gpt-x");
    EXPECT_EQ(seen.answer->usage, (Usage{36, 32, 87, 64, false}));
    ASSERT_EQ(seen.seen.tokens.size(), 3u) << "each once, though the end of the text repeats them";
    EXPECT_EQ(seen.seen.tokens[0], (Token{"It", -0.25, Phase::answer, {{"It", -0.25}, {"He", -1.5}}}));
    EXPECT_EQ(seen.seen.joined(Phase::answer), seen.answer->text);
}

TEST(ResponsesReader, DoesNotMindWhereTheStreamIsCut) {
    const auto events = responses_events();
    expect_same_however_cut<ResponsesReader>(Framing::events, named_events({events[4], events[8], events[12]}));
}

TEST(ResponsesReader, AStreamWithoutItsEndIsNoAnswer) {
    const auto bytes = named_events(responses_events());
    expect_no_answer_before<ResponsesReader>(bytes.size(), Framing::events, bytes);
}

TEST(ResponsesReader, PutsToolCallsTogether) {
    const auto seen = read(responses_tool_events());
    ASSERT_TRUE(seen.answer);
    EXPECT_EQ(seen.answer->finish_reason, FinishReason::tool_calls);
    EXPECT_EQ(seen.answer->tool_calls, (std::vector<ToolCall>{{"call_1", "get_weather", R"({"location":"Paris"})"}}));
}

TEST(ResponsesReader, ArgumentsMayComeInOnePiece) {
    auto events = responses_tool_events();
    events.erase(events.begin() + 2, events.begin() + 4);
    EXPECT_EQ(read(events).answer->tool_calls.at(0).arguments, R"({"location":"Paris"})");
}

TEST(ResponsesReader, ReadsADocument) {
    const auto seen = read_whole<ResponsesReader>(responses_document());
    ASSERT_TRUE(seen.answer);
    EXPECT_EQ(seen.answer->text, "It is");
    EXPECT_EQ(seen.answer->reasoning, "Half.\n\nSure.");
    EXPECT_EQ(seen.answer->usage, (Usage{36, 0, 8, 5, false}));
    ASSERT_EQ(seen.seen.tokens.size(), 2u);
    EXPECT_EQ(seen.seen.tokens[0].candidates[1], (Candidate{"\xC2", -3.5})) << "by its bytes";
}

TEST(ResponsesReader, TheLastEventCountsWhereNoOtherToldOfTheAnswer) {
    const auto seen = read({ended(
        "completed",
        R"("model":"m","output":[{"type":"message","content":[{"type":"output_text","text":"It is","logprobs":[{"token":"It","logprob":-1}]}]}])")});
    ASSERT_TRUE(seen.answer);
    EXPECT_EQ(seen.answer->text, "It is");
    EXPECT_EQ(seen.seen.tokens.size(), 1u);
}

TEST(ResponsesReader, LogprobsMayComeAtTheEndOfTheText) {
    auto events = responses_events();
    events[8] =
        R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"It is","logprobs":[]})";
    events[9] = R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":" 8 ½."})";
    const auto seen = read(events);
    EXPECT_EQ(seen.answer->text, "It is 8 ½.") << "not twice";
    EXPECT_EQ(seen.seen.tokens.size(), 3u);
}

TEST(ResponsesReader, IncompleteAnswersSayWhy) {
    EXPECT_EQ(
        read({ended("incomplete", R"("incomplete_details":{"reason":"max_output_tokens"})")}).answer->finish_reason,
        FinishReason::length);
    EXPECT_EQ(read({ended("incomplete", R"("incomplete_details":{"reason":"content_filter"})")}).answer->finish_reason,
              FinishReason::filter);
    EXPECT_EQ(read({ended("incomplete", R"("incomplete_details":null)")}).answer->finish_reason, FinishReason::length);
}

TEST(ResponsesReader, RefusalsAreWithheld) {
    const auto seen =
        read({R"({"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"I can't"})",
              R"({"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"I can't"})",
              ended("completed", R"("output":[])")});
    ASSERT_TRUE(seen.answer);
    EXPECT_EQ(seen.answer->text, "I can't");
    EXPECT_EQ(seen.answer->finish_reason, FinishReason::filter);
}

TEST(ResponsesReader, ErrorsAreFailures) {
    auto events = responses_events();
    events.resize(9);
    events.push_back(R"({"type":"error","code":"rate_limit_exceeded","message":"Slow down","param":null})");
    const auto limited = read(events).answer;
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().kind, FailureKind::rate_limited);
    EXPECT_EQ(limited.error().spent.output_tokens, 2) << "the entries that came";
    events.back() = ended("failed", R"("error":{"code":"server_error","message":"Sorry"})");
    const auto failed = read(events).answer;
    EXPECT_EQ(failed.error().kind, FailureKind::server_error);
    EXPECT_THAT(failed.error().message, HasSubstr("Sorry"));
    events.back() =
        R"({"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"Long"}})";
    EXPECT_EQ(read(events).answer.error().kind, FailureKind::context_full);
    EXPECT_FALSE(read_whole<ResponsesReader>(R"({"status":"cancelled","output":[],"error":null})").answer);
}

TEST(ResponsesReader, PassesOverWhatItDoesNotKnow) {
    auto events = responses_events();
    events.insert(events.begin() + 3, R"({"type":"response.web_search_call.searching","output_index":0})");
    events.insert(events.begin() + 3,
                  R"({"type":"response.output_text.delta","delta":7,"logprobs":{},"output_index":"x"})");
    events.insert(events.begin() + 3, R"({"type":"keepalive"})");
    EXPECT_EQ(read(events).answer->text, "It is 8 ½.");
}

TEST(ResponsesReader, BadEventsAreFailures) {
    expect_bad_events<ResponsesReader>();
    EXPECT_EQ(read_whole<ResponsesReader>("{}").answer.error().kind, FailureKind::bad_response);
    ResponsesReader reader(nullptr);
    std::size_t part = 0;
    while (reader.event(
        {{}, R"({"type":"response.output_text.delta","delta":"a","output_index":)" + std::to_string(part) + "}", {}}))
        ASSERT_LE(++part, ResponsesReader::max_parts) << "parts without end";
}

}  // namespace
}  // namespace enough
