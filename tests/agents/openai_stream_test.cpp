#include "providers/openai_stream.hpp"

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace enough {
namespace {

using namespace test;
using Progress = OpenAiStream::Progress;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t input_estimate = 7;

Result<Answer> read(const std::vector<std::string>& events, AnswerSink* sink = nullptr) {
    OpenAiStream stream(sink);
    for (const auto& event : events) {
        const auto progress = stream.event(event);
        if (!progress) return progress.error();
        if (*progress == Progress::stopped) return stream.stopped_early(input_estimate);
    }
    return stream.finish(input_estimate);
}

Failure failure_of(const std::vector<std::string>& events) {
    const auto result = read(events);
    EXPECT_FALSE(result);
    return result ? Failure() : result.error();
}

Result<Answer> read_document(const std::string& body, AnswerSink* sink) {
    OpenAiStream stream(sink);
    const auto progress = stream.document(body);
    if (!progress) return progress.error();
    return stream.finish(input_estimate);
}

TEST(OpenAiStream, ReadsAStream) {
    RecordingSink sink;
    const auto answer = read(good_stream(), &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "4 + 4 = 8");
    EXPECT_EQ(answer->reasoning, "");
    EXPECT_EQ(answer->finish_reason, FinishReason::stop);
    EXPECT_EQ(answer->model, "m-1");
    EXPECT_EQ(answer->fingerprint, "fp_9");
    EXPECT_EQ(answer->usage, (Usage{31, 16, 3, 1, false}));
    EXPECT_EQ(answer->reported_output_tokens, 3);
    EXPECT_EQ(sink.text, answer->text);
    ASSERT_EQ(sink.tokens.size(), 5u);
    EXPECT_EQ(sink.tokens[3], (Token{" =", -0.25, Phase::answer, {{" =", -0.25}, {"x", -1.25}}}));
}

TEST(OpenAiStream, CountsWhatCameIfTheServerDoesNot) {
    auto events = good_stream();
    events.erase(events.end() - 2);
    const auto answer = read(events);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->usage, (Usage{input_estimate, 0, 5, 0, true}));
    EXPECT_EQ(answer->reported_output_tokens, std::nullopt);
}

TEST(OpenAiStream, MayEndWithoutDoneButNotWithoutAReason) {
    auto events = good_stream();
    events.pop_back();
    EXPECT_TRUE(read(events));
    events = good_stream();
    events.erase(events.end() - 3);
    const auto failure = failure_of(events);
    EXPECT_EQ(failure.kind, FailureKind::stream_cut);
    EXPECT_TRUE(failure.retryable);
    EXPECT_EQ(failure.spent.output_tokens, 3) << "the server's own count";
}

TEST(OpenAiStream, ACutStreamIsNeverAnAnswer) {
    const auto events = good_stream();
    for (std::size_t length = 0; length < 6; ++length) {
        const auto failure = failure_of({events.begin(), events.begin() + static_cast<std::ptrdiff_t>(length)});
        EXPECT_EQ(failure.kind, FailureKind::stream_cut) << length;
        EXPECT_TRUE(failure.spent.estimated);
        const std::int64_t tokens[] = {0, 0, 1, 2, 4, 5};
        EXPECT_EQ(failure.spent.output_tokens, tokens[length]);
        EXPECT_EQ(failure.spent.input_tokens, input_estimate);
    }
}

TEST(OpenAiStream, StopsWhenTheSinkSaysSo) {
    RecordingSink sink(3);
    const auto answer = read(good_stream(), &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(sink.tokens.size(), 3u) << "no token after the stop, not even of the same event";
    EXPECT_EQ(answer->usage, (Usage{input_estimate, 0, 3, 0, true}));
    EXPECT_EQ(answer->reported_output_tokens, std::nullopt);
}

TEST(OpenAiStream, TellsProgressFromNoise) {
    OpenAiStream stream(nullptr);
    EXPECT_EQ(*stream.event(chunk(R"({"role":"assistant","content":""})")), Progress::none);
    EXPECT_EQ(*stream.event(R"({"choices":[]})"), Progress::none);
    EXPECT_EQ(*stream.event(chunk("{}")), Progress::none);
    EXPECT_EQ(*stream.event(content_chunk("a")), Progress::advanced);
    EXPECT_EQ(*stream.event(chunk("{}", R"({"content":[)" + entry("b") + "]}")), Progress::advanced);
    EXPECT_FALSE(stream.complete());
    EXPECT_EQ(*stream.event(finish_chunk()), Progress::none);
    EXPECT_TRUE(stream.complete());
    EXPECT_EQ(*stream.event("[DONE]"), Progress::done);
}

TEST(OpenAiStream, NamesEveryFinishReason) {
    const auto reason = [](const std::string& name) {
        return read({content_chunk("a"), finish_chunk(name)})->finish_reason;
    };
    EXPECT_EQ(reason("stop"), FinishReason::stop);
    EXPECT_EQ(reason("length"), FinishReason::length);
    EXPECT_EQ(reason("content_filter"), FinishReason::filter);
    EXPECT_EQ(reason("insufficient_system_resource"), FinishReason::other);
    const auto refusal = read({chunk(R"({"content":null,"refusal":"I can't"})"), finish_chunk()});
    EXPECT_EQ(refusal->finish_reason, FinishReason::filter);
}

TEST(OpenAiStream, OddNumbersPassThrough) {
    RecordingSink sink;
    const auto answer = read({chunk(R"({"content":"a"})", R"({"content":[{"token":"a","logprob":-9999.0,"top_logprobs":[
        {"token":"a","logprob":-3.4028234663852886e+38},{"token":"b","logprob":null},{"token":"c"},
        {"token":"d","logprob":-Infinity},{"token":"e","logprob":1e999},{"token":"f","logprob":"x"},7]},
        {"token":"g"},null]})"),
                              finish_chunk()},
                             &sink);
    ASSERT_TRUE(answer);
    ASSERT_EQ(sink.tokens.size(), 2u);
    const auto& candidates = sink.tokens[0].candidates;
    EXPECT_EQ(sink.tokens[0].logprob, -9999.0);
    ASSERT_EQ(candidates.size(), 6u);
    EXPECT_EQ(candidates[0].logprob, -3.4028234663852886e+38);
    EXPECT_TRUE(std::isnan(candidates[1].logprob));
    EXPECT_TRUE(std::isnan(candidates[2].logprob));
    EXPECT_EQ(candidates[3].logprob, -HUGE_VAL);
    EXPECT_EQ(candidates[4].logprob, HUGE_VAL);
    EXPECT_TRUE(std::isnan(candidates[5].logprob));
    EXPECT_TRUE(std::isnan(sink.tokens[1].logprob));
    EXPECT_TRUE(sink.tokens[1].candidates.empty()) << "none may be left over from the token before";
}

TEST(OpenAiStream, BytesWinOverTheTokensText) {
    RecordingSink sink;
    ASSERT_TRUE(read({chunk(R"({"content":"?"})", R"({"content":[{"token":"bytes:\\xe2","bytes":[226],"logprob":-1,
        "top_logprobs":[{"token":"\ufffd","bytes":[226],"logprob":-1},{"token":"\ufffd","bytes":[240,159],"logprob":-2},
        {"token":"z","bytes":null,"logprob":-3},{"token":"y","bytes":[999],"logprob":-4}]}]})"),
                      finish_chunk()},
                     &sink));
    EXPECT_EQ(sink.tokens.at(0).bytes, "\xe2");
    const std::vector<Candidate> want{{"\xe2", -1}, {"\xf0\x9f", -2}, {"z", -3}, {"y", -4}};
    EXPECT_EQ(sink.tokens[0].candidates, want);
}

TEST(OpenAiStream, ReasoningInAFieldOfItsOwn) {
    for (const char* field : {"reasoning_content", "reasoning"}) {
        RecordingSink sink;
        const auto answer = read(
            {chunk(R"({"role":"assistant"})"),
             chunk(std::string(R"({"content":null,")") + field + R"(":"Hm"})", R"({"content":[)" + entry("Hm") + "]}"),
             chunk("{}", R"({"content":[)" + entry("</think>") + "]}"),
             chunk(R"({"content":"8"})", R"({"content":[)" + entry("8") + "]}"), finish_chunk()},
            &sink);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->reasoning, "Hm");
        EXPECT_EQ(answer->text, "8");
        EXPECT_EQ(sink.joined(Phase::reasoning), "Hm</think>");
        EXPECT_EQ(sink.joined(Phase::answer), "8");
        EXPECT_EQ(answer->usage.reasoning_tokens, 2);
    }
}

TEST(OpenAiStream, PhaseDoesNotHangOnTheOrderOfKeys) {
    RecordingSink sink;
    const auto logprobs = R"({"content":[)" + entry("Hm") + "]}";
    ASSERT_TRUE(
        read({R"({"choices":[{"logprobs":)" + logprobs + R"(,"delta":{"reasoning":"Hm"},"index":0}]})", finish_chunk()},
             &sink));
    EXPECT_EQ(sink.joined(Phase::reasoning), "Hm");
}

// Shape C.
TEST(OpenAiStream, ReasoningEntriesInAListOfTheirOwn) {
    RecordingSink sink;
    const auto answer = read({chunk(R"({"reasoning_content":"Hm","content":null})",
                                    R"({"content":null,"reasoning_content":[)" + entry("Hm") + "]}"),
                              chunk(R"({"content":"8","reasoning_content":null})",
                                    R"({"content":[)" + entry("8") + R"(],"reasoning_content":null})"),
                              finish_chunk()},
                             &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(sink.joined(Phase::reasoning), "Hm");
    EXPECT_EQ(sink.joined(Phase::answer), "8");
    EXPECT_EQ(answer->reasoning, "Hm");
    EXPECT_EQ(answer->text, "8");
}

TEST(OpenAiStream, ThinkTagsAreFoundHoweverTheyAreCut) {
    const std::string whole = "\n<think>\nOh <b></thin</think>\n\n8 </think>";
    for (std::size_t size = 1; size <= whole.size(); ++size) {
        std::vector<std::string> events;
        for (std::size_t at = 0; at < whole.size(); at += size) {
            std::string piece;
            for (const char c : whole.substr(at, size))
                piece += c == '\n' ? std::string("\\n") : std::string(1, c);
            events.push_back(content_chunk(piece));
        }
        events.push_back(finish_chunk());
        RecordingSink sink;
        const auto answer = read(events, &sink);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->reasoning, "Oh <b></thin") << size;
        EXPECT_EQ(answer->text, "8 </think>") << size;
        EXPECT_EQ(sink.text, answer->text);
        EXPECT_EQ(sink.reasoning, answer->reasoning);
        EXPECT_EQ(sink.joined(Phase::reasoning) + sink.joined(Phase::answer), whole);
        if (size == 1) {
            EXPECT_EQ(sink.joined(Phase::answer), "\n\n8 </think>");
        }
    }
}

TEST(OpenAiStream, WhatOnlyLooksLikeATagIsText) {
    for (const std::string text : {"<thin", "<thinker>", " <", "a<think>b</think>", "   "}) {
        std::vector<std::string> events;
        for (const char c : text)
            events.push_back(content_chunk(std::string(1, c)));
        events.push_back(finish_chunk());
        RecordingSink sink;
        const auto answer = read(events, &sink);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->text, text);
        EXPECT_EQ(sink.joined(Phase::answer), text);
        EXPECT_EQ(answer->reasoning, "");
    }
}

TEST(OpenAiStream, AnAnswerCutWhileThinkingIsAllReasoning) {
    RecordingSink sink;
    const auto answer = read({content_chunk("<think>"), content_chunk("Hm</thi"), finish_chunk("length")}, &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->reasoning, "Hm</thi");
    EXPECT_EQ(answer->text, "");
    EXPECT_EQ(sink.joined(Phase::answer), "");
}

// Shape A.
TEST(OpenAiStream, ReadsADocument) {
    RecordingSink sink;
    const auto answer =
        read_document(R"({"model":"m","choices":[{"index":0,"finish_reason":"stop","logprobs":{"content":[)" +
                          entry("4") + "," + entry("2") +
                          R"(],"refusal":null},"message":{"role":"assistant","content":"42"}}],
                                          "usage":{"prompt_tokens":5,"completion_tokens":2}})",
                      &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "42");
    EXPECT_EQ(answer->usage, (Usage{5, 0, 2, 0, false}));
    EXPECT_EQ(sink.joined(Phase::answer), "42");
}

TEST(OpenAiStream, SegmentsADocumentsEntries) {
    struct Case {
        const char* name;
        std::string message;
        std::vector<std::string> tokens;
        const char* reasoning;
        const char* answer;
    };
    const std::string both = R"({"content":"8","reasoning_content":"Hm."})";
    for (const auto& [name, message, tokens, reasoning, text] : {
             Case{"tags in the entries only", both, {"<think>", "Hm", ".", "</think>", "8"}, "<think>Hm.</think>", "8"},
             Case{"closing tag only", both, {"Hm", ".", "</think>", "8"}, "Hm.</think>", "8"},
             Case{"no tags", both, {"Hm", ".", "8"}, "Hm.", "8"},
             Case{"answer only", both, {"8"}, "", "8"},
             Case{"reasoning only", R"({"content":"","reasoning":"Hm."})", {"Hm", "."}, "Hm.", ""},
             Case{"tags in the text",
                  R"({"content":"<think>Hm.</think>8"})",
                  {"<think>", "Hm.", "</think>", "8"},
                  "<think>Hm.</think>",
                  "8"},
         }) {
        std::string entries;
        for (const auto& token : tokens)
            entries += (entries.empty() ? "" : ",") + entry(token);
        RecordingSink sink;
        const auto answer = read_document(R"({"choices":[{"finish_reason":"stop","message":)" + message +
                                              R"(,"logprobs":{"content":[)" + entries + "]}}]}",
                                          &sink);
        ASSERT_TRUE(answer) << name;
        EXPECT_EQ(sink.joined(Phase::reasoning), reasoning) << name;
        EXPECT_EQ(sink.joined(Phase::answer), text) << name;
    }
}

TEST(OpenAiStream, ErrorsInsideTheStreamAreFailures) {
    struct Case {
        const char* event;
        FailureKind kind;
        bool retryable;
    };
    for (const auto& [event, kind, retryable] : {
             Case{R"({"error":{"message":"boom","type":"server_error","code":500}})", FailureKind::server_error, true},
             Case{R"({"error":{"message":"boom","code":429}})", FailureKind::rate_limited, true},
             Case{R"({"error":{"message":"boom","code":"rate_limit_exceeded"}})", FailureKind::rate_limited, true},
             Case{R"({"error":{"message":"boom","code":400}})", FailureKind::server_error, false},
             Case{R"({"error":"boom"})", FailureKind::server_error, true},
         }) {
        const auto failure = failure_of({content_chunk("a"), event});
        EXPECT_EQ(failure.kind, kind) << event;
        EXPECT_EQ(failure.retryable, retryable) << event;
        EXPECT_THAT(failure.message, HasSubstr("boom"));
    }
    EXPECT_TRUE(read({content_chunk("a"), R"({"error":null,"choices":[]})", finish_chunk()}));
}

TEST(OpenAiStream, BrokenJsonIsABadResponse) {
    for (const std::string event : {"", "{", "nonsense", "[]", R"({"choices":[{"delta":{"content":"a}]})", "{} {}"}) {
        const auto failure = failure_of({content_chunk("a"), event});
        EXPECT_EQ(failure.kind, FailureKind::bad_response) << event;
        EXPECT_THAT(failure.message, HasSubstr("event 2"));
        EXPECT_THAT(failure.message, Not(HasSubstr("nonsense")));
    }
}

TEST(OpenAiStream, OddShapesAreSkipped) {
    const auto answer = read({R"({"choices":null,"usage":[],"model":7})", R"({"choices":[null,{"delta":null}]})",
                              R"({"choices":[{"delta":{"content":["parts"]},"logprobs":[]}]})",
                              R"({"choices":[{"delta":{"content":"a"},"logprobs":{"content":{}},"finish_reason":""}],
                                  "usage":{"prompt_tokens":-4,"completion_tokens":1e300,"prompt_tokens_details":null}})",
                              finish_chunk()});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "a");
    EXPECT_EQ(answer->usage, (Usage{input_estimate, 0, 1, 0, true}));
}

TEST(OpenAiStream, KeepsItsLimits) {
    const auto failure_with = [](OpenAiStreamLimits limits) {
        RecordingSink sink;
        OpenAiStream stream(&sink, limits);
        for (const auto& event : good_stream()) {
            const auto progress = stream.event(event);
            if (!progress) return progress.error().kind;
        }
        return FailureKind::script_ended;
    };
    EXPECT_EQ(failure_with({}), FailureKind::script_ended);
    EXPECT_EQ(failure_with({.max_tokens = 4}), FailureKind::bad_response);
    EXPECT_EQ(failure_with({.max_text_bytes = 8}), FailureKind::bad_response);
    EXPECT_EQ(failure_with({.max_candidates = 1}), FailureKind::bad_response);
}

}  // namespace
}  // namespace enough
