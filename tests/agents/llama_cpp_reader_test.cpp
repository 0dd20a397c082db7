#include "providers/llama_cpp_reader.hpp"

#include "agents/answer_reading.hpp"
#include "agents/openai_fixtures.hpp"
#include "agents/protocol_streams.hpp"

#include <cmath>

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(LlamaCppReader, ReadsAStream) {
    const auto read = read_stream<LlamaCppReader>(Framing::events, sse(llama_cpp_events()));
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is 8 ½.");
    EXPECT_EQ(read.answer->reasoning, "Half.");
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(read.answer->model, "smol");
    EXPECT_EQ(read.answer->usage, (Usage{14, 10, 6, 3, false})) << "the tags are reasoning";
    ASSERT_EQ(read.seen.tokens.size(), 5u);
    EXPECT_EQ(read.seen.tokens[3], (Token{"It is", -0.25, Phase::answer, {{"It is", -0.25}, {"x", -1.25}}}));
    EXPECT_EQ(read.seen.joined(Phase::reasoning), "<think>Half.</think>");
}

TEST(LlamaCppReader, DoesNotMindWhereTheStreamIsCut) {
    const std::vector<std::string> events{llama_cpp_piece(1, "<think>a</th"), llama_cpp_piece(2, "ink>½"),
                                          llama_cpp_end()};
    expect_same_however_cut<LlamaCppReader>(Framing::events, sse(events));
}

TEST(LlamaCppReader, AStreamWithoutItsEndIsNoAnswer) {
    const auto bytes = sse(llama_cpp_events());
    expect_no_answer_before<LlamaCppReader>(bytes.size(), Framing::events, bytes);
}

TEST(LlamaCppReader, ReadsADocument) {
    const auto read = read_whole<LlamaCppReader>(
        R"({"content":"It is","stop":true,"stop_type":"word","model":"smol","tokens_predicted":2,"tokens_evaluated":9,"completion_probabilities":[)" +
        llama_cpp_entry(4, "It") + "," + llama_cpp_entry(5, " is") + "]}");
    ASSERT_TRUE(read.answer);
    EXPECT_EQ(read.answer->text, "It is");
    EXPECT_EQ(read.answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(read.seen.joined(Phase::answer), "It is");
}

TEST(LlamaCppReader, ReasoningMayHaveBegunInThePrompt) {
    RecordingSink sink;
    LlamaCppReader reader(&sink, {}, true);
    for (const auto& data : {llama_cpp_piece(2, "Half."), llama_cpp_piece(3, "</think>"), llama_cpp_piece(4, "It is")})
        ASSERT_TRUE(reader.event({{}, data, {}}));
    EXPECT_EQ(*reader.event({{}, llama_cpp_end(), {}}), AnswerReader::Progress::done);
    const auto answer = reader.finish(guessed_input);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->reasoning, "Half.");
    EXPECT_EQ(answer->text, "It is");
    EXPECT_EQ(sink.joined(Phase::reasoning), "Half.</think>");
}

TEST(LlamaCppReader, TheTokenThatEndsTheAnswerIsNoEvidence) {
    const std::string silent =
        R"({"content":"","stop":false,"completion_probabilities":[)" + llama_cpp_entry(2, "") + "]}";
    const auto tokens = [&](const std::string& stop_type) {
        const auto read = read_stream<LlamaCppReader>(
            Framing::events,
            sse({llama_cpp_piece(1, "It"), silent, llama_cpp_piece(3, " is"), silent, llama_cpp_end(stop_type)}));
        return read.seen.tokens.size();
    };
    EXPECT_EQ(tokens("eos"), 3u) << "one without text in the middle is a token";
    EXPECT_EQ(tokens("limit"), 4u);
}

TEST(LlamaCppReader, NamesEveryStopType) {
    const auto reason = [](const std::string& type) {
        return read_whole<LlamaCppReader>(llama_cpp_end(type)).answer->finish_reason;
    };
    EXPECT_EQ(reason("eos"), FinishReason::stop);
    EXPECT_EQ(reason("word"), FinishReason::stop);
    EXPECT_EQ(reason("limit"), FinishReason::length);
    EXPECT_EQ(reason("none"), FinishReason::other);
    EXPECT_EQ(read_whole<LlamaCppReader>(R"({"content":"a","stop":true,"stop_type":"eos","truncated":true})")
                  .answer->finish_reason,
              FinishReason::length)
        << "the context was full";
}

TEST(LlamaCppReader, WhatTheSamplersLeftIsNoEvidence) {
    const auto read = read_whole<LlamaCppReader>(
        R"({"content":"It","stop":true,"stop_type":"eos","completion_probabilities":[
        {"id":4,"token":"It","bytes":[73,116],"prob":1.0,"top_probs":[{"id":4,"token":"It","bytes":[73,116],"prob":1.0}]}]})");
    ASSERT_TRUE(read.answer);
    ASSERT_EQ(read.seen.tokens.size(), 1u);
    EXPECT_TRUE(std::isnan(read.seen.tokens[0].logprob));
    EXPECT_TRUE(read.seen.tokens[0].candidates.empty());
}

TEST(LlamaCppReader, KeepsBytesThatAreNoCharacter) {
    const auto read = read_whole<LlamaCppReader>(
        R"({"content":"é","stop":true,"stop_type":"eos","completion_probabilities":[
        {"id":4,"token":"","bytes":[195],"logprob":-3.4028234663852886e+38,"top_logprobs":[
        {"id":5,"token":"","bytes":[195],"logprob":-0.5},{"id":6,"token":"","bytes":[194],"logprob":-1.5}]}]})");
    ASSERT_EQ(read.seen.tokens.size(), 1u);
    EXPECT_EQ(read.seen.tokens[0].bytes, "\xC3");
    EXPECT_EQ(read.seen.tokens[0].logprob, -3.4028234663852886e+38) << "a sentinel, as it was sent";
    EXPECT_EQ(read.seen.tokens[0].candidates[1].bytes, "\xC2");
}

TEST(LlamaCppReader, ErrorsInTheStreamAreFailures) {
    auto events = llama_cpp_events();
    events[4] =
        R"({"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}})";
    const auto read = read_stream<LlamaCppReader>(Framing::events, sse(events));
    ASSERT_FALSE(read.answer);
    EXPECT_EQ(read.answer.error().kind, FailureKind::context_full);
    EXPECT_FALSE(read.answer.error().retryable);
    EXPECT_EQ(read.answer.error().spent.output_tokens, 4);
}

TEST(LlamaCppReader, BadEventsAreFailures) {
    expect_bad_events<LlamaCppReader>();
    EXPECT_EQ(read_whole<LlamaCppReader>(R"({"content":7})").answer.error().kind, FailureKind::bad_response);
}

TEST(LlamaCppReader, KeepsToItsLimits) {
    DraftLimits limits;
    limits.max_tokens = 2;
    limits.max_text_bytes = 8;
    limits.max_candidates = 1;
    const auto failure = [&](const std::vector<std::string>& events) {
        LlamaCppReader reader(nullptr, {}, false, limits);
        for (const auto& data : events) {
            const auto progress = reader.event({{}, data, {}});
            if (!progress) return progress.error().message;
        }
        return std::string();
    };
    EXPECT_THAT(failure({R"({"content":"123456789"})"}), HasSubstr("longer than 8 bytes"));
    EXPECT_THAT(failure({llama_cpp_piece(1, "a")}), HasSubstr("more than 1 candidates"));
    const std::string bare = R"({"completion_probabilities":[{"token":"a","logprob":-1}]})";
    EXPECT_THAT(failure({bare, bare, bare}), HasSubstr("more than 2 tokens"));
}

}  // namespace
}  // namespace enough
