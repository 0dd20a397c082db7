#include "providers/ollama_reader.hpp"

#include "agents/answer_reading.hpp"
#include "agents/protocol_streams.hpp"

#include <cmath>

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(OllamaReader, ReadsAStream) {
    const auto read = read_stream<OllamaReader>(Framing::lines, lines(ollama_lines()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
    EXPECT_EQ(read.answer->reasoning, "Half.");
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(read.answer->model, "qwen");
    EXPECT_EQ(read.answer->usage, (Usage{26, 20, 5, 1, false})) << "one entry was of the thinking";
    ASSERT_EQ(read.seen.tokens.size(), 4u);
    EXPECT_EQ(read.seen.tokens[0], (Token{"Half.", -0.5, Phase::reasoning, {{"Half.", -0.5}, {"Two", -1.5}}}));
    EXPECT_EQ(read.seen.tokens[1], (Token{"It", -0.25, Phase::answer, {{"It", -0.25}}}));
    EXPECT_EQ(read.seen.tokens[3], (Token{" 8 ½.", -0.0625, Phase::answer, {}})) << "no list: no candidates";
    EXPECT_EQ(read.seen.joined(Phase::answer), read.answer->text);
}

TEST(OllamaReader, DoesNotMindWhereTheStreamIsCut) {
    expect_same_however_cut<OllamaReader>(Framing::lines, lines(ollama_lines()));
}

TEST(OllamaReader, AStreamWithoutItsLastLineIsNoAnswer) {
    const auto bytes = lines(ollama_lines());
    expect_no_answer_before<OllamaReader>(bytes.size() - 1, Framing::lines, bytes);
}

TEST(OllamaReader, ReadsADocument) {
    const auto read = read_whole<OllamaReader>(
        R"({"model":"qwen","message":{"role":"assistant","content":"It is","thinking":"Half."},"done":true,"done_reason":"length",
        "logprobs":[{"token":"Ha","logprob":-1},{"token":"lf.","logprob":-1},{"token":"It","logprob":-0.25},{"token":" is","logprob":-0.5}],
        "prompt_eval_count":26,"eval_count":4})");
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is");
    EXPECT_EQ(read.answer->finish_reason, FinishReason::length);
    EXPECT_EQ(read.seen.joined(Phase::reasoning), "Half.");
    EXPECT_EQ(read.seen.joined(Phase::answer), "It is");
    EXPECT_EQ(read.answer->usage, (Usage{26, 0, 4, 2, false}));
}

TEST(OllamaReader, ReadsWholeCalls) {
    const auto read = read_stream<OllamaReader>(Framing::lines, lines(ollama_tool_lines()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::tool_calls);
    EXPECT_EQ(read.answer->tool_calls, (std::vector<ToolCall>{{"call_1", "get_weather", R"({"location":"Paris"})"},
                                                              {"call_x", "get_time", "{}"}}));
}

TEST(OllamaReader, AnErrorIsALineOfItsOwn) {
    auto all = ollama_lines();
    all[3] = R"({"error":"an error was encountered while running the model"})";
    const auto read = read_stream<OllamaReader>(Framing::lines, lines(all));
    ASSERT_FALSE(read.answer);
    EXPECT_EQ(read.answer.error().kind, FailureKind::server_error);
    EXPECT_THAT(read.answer.error().message, HasSubstr("while running the model"));
    EXPECT_EQ(read.answer.error().spent, (Usage{guessed_input, 0, 4, 1, true}));
}

TEST(OllamaReader, CountsThePromptItselfWhereTheServerDoesNot) {
    auto all = ollama_lines();
    all[3] =
        R"({"model":"qwen","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":5})";
    const auto read = read_stream<OllamaReader>(Framing::lines, lines(all));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->usage, (Usage{guessed_input, 0, 5, 1, true}));
}

TEST(OllamaReader, StopsWhenTheSinkSaysSo) {
    const auto read = read_stream<OllamaReader>(Framing::lines, lines(ollama_lines()), 2);
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(read.seen.tokens.size(), 2u) << "no token after the stop, not even of the same line";
    EXPECT_EQ(read.answer->usage, (Usage{guessed_input, 0, 2, 1, true}));
}

TEST(OllamaReader, PassesLogprobsOnAsTheyAre) {
    const auto read = read_stream<OllamaReader>(
        Framing::lines,
        R"({"message":{"content":"a"},"logprobs":[{"token":"a","bytes":[300],"logprob":null,"top_logprobs":[{"token":"a","logprob":-3.4028234663852886e+38},7,{"logprob":"x"}]},7,null],"done":true,"done_reason":"stop"})");
    ASSERT_TRUE(read.answer);
    ASSERT_EQ(read.seen.tokens.size(), 1u);
    const auto& token = read.seen.tokens[0];
    EXPECT_EQ(token.bytes, "a") << "no list of bytes";
    EXPECT_TRUE(std::isnan(token.logprob));
    ASSERT_EQ(token.candidates.size(), 2u);
    EXPECT_EQ(token.candidates[0].logprob, -3.4028234663852886e+38);
    EXPECT_TRUE(std::isnan(token.candidates[1].logprob));
}

TEST(OllamaReader, BadLinesAreFailures) {
    expect_bad_events<OllamaReader>();
    EXPECT_EQ(read_whole<OllamaReader>(R"({"message":"x","done":"yes"})").answer.error().kind,
              FailureKind::bad_response);
}

}  // namespace
}  // namespace enough
