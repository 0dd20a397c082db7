// Shapes in which servers write an answer with its evidence, and what goes wrong with them. Each is written by hand
// after the thread or page that is named beside it.
#include "providers/openai_stream.hpp"

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace enough {
namespace {

using namespace test;

struct Outcome {
    Answer answer;
    RecordingSink sink;
};

Outcome read(const std::vector<std::string>& events) {
    Outcome out;
    OpenAiStream stream(&out.sink);
    for (const auto& event : events) {
        const auto progress = stream.event(event);
        EXPECT_TRUE(progress) << event;
        if (!progress) return out;
    }
    auto answer = stream.finish(7);
    EXPECT_TRUE(answer);
    if (answer) out.answer = *answer;
    return out;
}

Outcome read_document(const std::string& message, const std::string& logprobs, const std::string& usage = "{}") {
    Outcome out;
    OpenAiStream stream(&out.sink);
    EXPECT_TRUE(stream.document(R"({"choices":[{"finish_reason":"stop","message":)" + message + R"(,"logprobs":)" +
                                logprobs + R"(}],"usage":)" + usage + "}"));
    auto answer = stream.finish(7);
    EXPECT_TRUE(answer);
    if (answer) out.answer = *answer;
    return out;
}

std::string content(const std::vector<std::string>& tokens) {
    std::string out;
    for (const auto& token : tokens)
        out += (out.empty() ? "" : ",") + entry(token);
    return R"({"content":[)" + out + "]}";
}

std::string reasons(const std::string& text) {
    return R"({"reasoning_content":")" + text + "\"}";
}

std::string answers(const std::string& text) {
    return R"({"content":")" + text + "\"}";
}

// Shape D, whole: https://docs.together.ai/docs/logprobs
TEST(OpenAiShapes, TogethersLists) {
    const auto out = read_document(
        R"({"role":"assistant","content":"1. Define"})",
        R"({"tokens":["1","."," Define"],"token_logprobs":[-1.0029297,-0.07861328,null],"token_ids":[1,2,3]})");
    EXPECT_EQ(out.answer.text, "1. Define");
    ASSERT_EQ(out.sink.tokens.size(), 3U);
    EXPECT_EQ(out.sink.tokens[0], (Token{"1", -1.0029297, Phase::answer, {}}));
    EXPECT_EQ(out.sink.tokens[1].logprob, -0.07861328);
    EXPECT_TRUE(std::isnan(out.sink.tokens[2].logprob));
}

TEST(OpenAiShapes, TogethersListsWithCandidates) {
    const auto lists = R"({"top_logprobs":[{"4":-0.25,"\u0035":-1.5},null,{"x":null}],"text_offset":[0,1],
                           "tokens":["4","2","!"],"token_logprobs":[-0.25,-0.5]})";
    for (const bool streamed : {true, false}) {
        const auto out = streamed ? read({chunk(answers("42!"), lists), finish_chunk()})
                                  : read_document(R"({"content":"42!"})", lists);
        ASSERT_EQ(out.sink.tokens.size(), 3U);
        EXPECT_EQ(out.sink.tokens[0], (Token{"4", -0.25, Phase::answer, {{"4", -0.25}, {"5", -1.5}}}));
        EXPECT_TRUE(out.sink.tokens[1].candidates.empty());
        ASSERT_EQ(out.sink.tokens[2].candidates.size(), 1U);
        EXPECT_TRUE(std::isnan(out.sink.tokens[2].logprob)) << "its list is short";
        EXPECT_TRUE(std::isnan(out.sink.tokens[2].candidates[0].logprob));
    }
}

// vLLM had both at a time: github.com/vllm-project/vllm/pull/2918
TEST(OpenAiShapes, ListsBesideEntriesAreTheSameTokens) {
    const auto both = R"({"content":[)" + entry("8") + R"(],"tokens":["8"],"token_logprobs":[-0.25]})";
    EXPECT_EQ(read({chunk(answers("8"), both), finish_chunk()}).sink.tokens.size(), 1U);
    const auto lists = R"({"content":null,"tokens":["8"],"token_logprobs":[-0.25]})";
    EXPECT_EQ(read({chunk(answers("8"), lists), finish_chunk()}).sink.tokens.size(), 1U);
}

// github.com/togethercomputer/openapi/pull/27
TEST(OpenAiShapes, TogetherStreamsALogprobAlone) {
    const auto out = read({R"({"choices":[{"index":0,"logprobs":-0.5,"delta":{"content":"4","token_id":19}}]})",
                           R"({"choices":[{"index":0,"delta":{"content":"2"},"logprobs":-0.25}]})",
                           R"({"choices":[{"index":0,"delta":{"content":""},"logprobs":0,"finish_reason":"stop"}]})"});
    ASSERT_EQ(out.sink.tokens.size(), 2U) << "an empty delta is no token";
    EXPECT_EQ(out.sink.tokens[0], (Token{"4", -0.5, Phase::answer, {}}));
    EXPECT_EQ(out.sink.tokens[1].logprob, -0.25);
}

TEST(OpenAiShapes, TogethersListsAreDividedByTags) {
    const auto lists = R"({"tokens":["<think>","Hm","</think>","8"],"token_logprobs":[-1,-1,-1,-1]})";
    for (const auto& out : {read({chunk(answers("<think>Hm</think>8"), lists), finish_chunk()}),
                            read_document(answers("<think>Hm</think>8"), lists)}) {
        EXPECT_EQ(out.sink.joined(Phase::reasoning), "<think>Hm</think>");
        EXPECT_EQ(out.sink.joined(Phase::answer), "8");
    }
}

// Shape C, whole and with the lists in either order: https://api-docs.deepseek.com/api/create-chat-completion
TEST(OpenAiShapes, DeepSeeksTwoLists) {
    const auto reasoning = R"("reasoning_content":[)" + entry("Hm") + "]";
    const auto answer = R"("content":[)" + entry("8") + "]";
    const auto message = R"({"content":"8","reasoning_content":"Hm"})";
    for (const auto& lists : {"{" + reasoning + "," + answer + "}", "{" + answer + "," + reasoning + "}"}) {
        for (const auto& out : {read_document(message, lists), read({chunk(message, lists), finish_chunk()})}) {
            EXPECT_EQ(out.sink.joined(Phase::reasoning), "Hm") << lists;
            EXPECT_EQ(out.sink.joined(Phase::answer), "8") << lists;
            ASSERT_EQ(out.sink.tokens.size(), 2U);
            EXPECT_EQ(out.sink.tokens[0].phase, Phase::reasoning) << "in the order in which they were written";
        }
    }
}

// Speculative decoding: github.com/vllm-project/vllm/pull/45678
TEST(OpenAiShapes, SeveralTokensInOneChunk) {
    const auto out = read({chunk(answers("4 + 4"), content({"4", " +", " 4"})), finish_chunk()});
    EXPECT_EQ(out.sink.tokens.size(), 3U);
    EXPECT_EQ(out.sink.joined(Phase::answer), "4 + 4");
}

TEST(OpenAiShapes, AChunkWithTheEndOfOnePartAndTheBeginningOfTheNext) {
    const std::string mixed = R"({"reasoning_content":"Hm.","content":"8"})";
    for (const auto& tokens : std::vector<std::vector<std::string>>{{"Hm", ".", "</think>", "8"}, {"Hm.", "8"}}) {
        const auto out = read({chunk(mixed, content(tokens)), chunk(answers("!"), content({"!"})), finish_chunk()});
        EXPECT_EQ(out.answer.reasoning, "Hm.");
        EXPECT_EQ(out.answer.text, "8!");
        EXPECT_EQ(out.sink.joined(Phase::answer), "8!");
    }
}

// github.com/sgl-project/sglang/pull/28601: the step's entries come with its first chunk.
TEST(OpenAiShapes, EntriesThatRunOnPastTheClosingTag) {
    const auto out = read({chunk(reasons("Hm"), content({"Hm", "</think>", "8"})), chunk(answers("8")),
                           chunk(answers("!"), content({"!"})), finish_chunk()});
    EXPECT_EQ(out.sink.joined(Phase::reasoning), "Hm</think>");
    EXPECT_EQ(out.sink.joined(Phase::answer), "8!");
    const auto split = read({chunk(reasons("Hm"), content({"Hm", "</", "think>", "8"})), finish_chunk()});
    EXPECT_EQ(split.sink.joined(Phase::answer), "8");
}

TEST(OpenAiShapes, ReasoningBetweenAnswersIsReasoning) {
    const auto out = read({chunk(reasons("A"), content({"A", "</think>"})), chunk(answers("1"), content({"1"})),
                           chunk(reasons("B"), content({"B"})), chunk(answers("2"), content({"2"})), finish_chunk()});
    EXPECT_EQ(out.sink.joined(Phase::reasoning), "A</think>B");
    EXPECT_EQ(out.sink.joined(Phase::answer), "12");
}

// github.com/sgl-project/sglang/issues/26778: none on reasoning chunks.
TEST(OpenAiShapes, ReasoningWithoutEntriesLeavesTheAnswersAlone) {
    const auto out =
        read({chunk(reasons("Hm"), "null"), chunk(reasons(".")), chunk(answers("8"), content({"8"})), finish_chunk()});
    EXPECT_EQ(out.answer.reasoning, "Hm.");
    ASSERT_EQ(out.sink.tokens.size(), 1U);
    EXPECT_EQ(out.sink.tokens[0].phase, Phase::answer);
}

// github.com/sgl-project/sglang/issues/25055: message.content lacks what the entries hold.
TEST(OpenAiShapes, ADocumentsEntriesHoldWhatItsTextLacks) {
    for (const auto* message : {R"({"content":"8"})", R"({"content":"8","reasoning_content":null})",
                                R"({"content":"8","reasoning":"Hm."})"}) {
        for (const auto& tokens : std::vector<std::vector<std::string>>{{"<think>", "Hm", ".", "</think>", "8"},
                                                                        {"Hm", ".", "</th", "ink>", "8"}}) {
            const auto out = read_document(message, content(tokens));
            EXPECT_EQ(out.answer.text, "8");
            EXPECT_EQ(out.sink.joined(Phase::answer), "8") << message;
            EXPECT_EQ(out.sink.tokens.size(), 5U) << "all of them, for the scope of all";
        }
    }
}

// llama.cpp: the entry is on the last delta, or beside none at all; the final chunk has none.
TEST(OpenAiShapes, EntriesOnTheLastDeltaOrWithoutOne) {
    const auto out = read({chunk(R"({"role":"assistant","content":null})"), chunk(reasons("Hm"), content({"Hm"})),
                           chunk("{}", content({"</think>"})),
                           R"({"choices":[{"index":0,"logprobs":)" + content({"\\n"}) + R"(,"finish_reason":null}]})",
                           chunk(answers("8"), content({"8"})), finish_chunk()});
    EXPECT_EQ(out.sink.joined(Phase::reasoning), "Hm</think>");
    EXPECT_EQ(out.sink.joined(Phase::answer), "\n8");
    EXPECT_EQ(out.answer.text, "8");
}

// vLLM: github.com/vllm-project/vllm/issues/37795
TEST(OpenAiShapes, ASuppressedTokenHasNoEntry) {
    const auto out = read({chunk(answers("8"), content({"8"})), chunk(answers(""), "null"), chunk("{}", "null"),
                           R"({"choices":[]})", finish_chunk(), usage_chunk()});
    EXPECT_EQ(out.sink.tokens.size(), 1U);
    EXPECT_EQ(out.answer.reported_output_tokens, 3) << "the server's count stands, so that coverage shows the gap";
}

// A character of several bytes in several tokens; the text comes when it is whole.
TEST(OpenAiShapes, CharactersSplitOverTokensAndDeltas) {
    const auto piece = [](const std::string& bytes) {
        return R"({"content":[{"token":"\ufffd","bytes":[)" + bytes + R"(],"logprob":-1,"top_logprobs":[
            {"token":"\ufffd","bytes":[)" +
               bytes + R"(],"logprob":-1},
            {"token":"\ufffd","bytes":[240],"logprob":-2}]}]})";
    };
    const auto out = read({chunk(answers(""), piece("226")), chunk(answers(""), piece("130")),
                           chunk(answers("\xE2\x82\xAC"), piece("172")), finish_chunk()});
    EXPECT_EQ(out.answer.text, "\xE2\x82\xAC");
    EXPECT_EQ(out.sink.joined(Phase::answer), "\xE2\x82\xAC");
    ASSERT_EQ(out.sink.tokens.size(), 3U);
    EXPECT_EQ(out.sink.tokens[0].candidates, (std::vector<Candidate>{{"\xE2", -1}, {"\xF0", -2}}))
        << "one text, two keys";
}

// As llama.cpp's server sends it: earlier fragments have no entry, the last one has the bytes of all.
TEST(OpenAiShapes, TheCandidateWithTheTokensIdIsTheToken) {
    const std::string star = R"({"content":[{"id":249,"token":"\ud83c\udf1f","bytes":[240,159,140,159],"logprob":-1.5,
        "top_logprobs":[{"id":231,"token":"\ufffd","bytes":[141],"logprob":-1.0},
                        {"id":249,"token":"\ufffd","bytes":[159],"logprob":-1.5}]}]})";
    const auto out =
        read({chunk(answers("\xF0\x9F\x8C\x9F"), star), chunk(answers("a"), content({"a"})), finish_chunk()});
    EXPECT_EQ(out.answer.text,
              "\xF0\x9F\x8C\x9F"
              "a");
    ASSERT_EQ(out.sink.tokens.size(), 2U);
    EXPECT_EQ(out.sink.tokens[0].bytes, "\xF0\x9F\x8C\x9F");
    const std::vector<Candidate> want{{"\x8D", -1.0}, {"\xF0\x9F\x8C\x9F", -1.5}};
    EXPECT_EQ(out.sink.tokens[0].candidates, want);
    EXPECT_EQ(out.sink.tokens[1].candidates[0].bytes, "a") << "no id is left over from the token before";
}

TEST(OpenAiShapes, ASplitCharacterBeforeTheClosingTagSpoilsNoPhase) {
    const auto bytes = [](const std::string& list) {
        return R"({"token":"\ufffd","logprob":-1,"bytes":[)" + list + "]}";
    };
    const auto out =
        read_document(R"({"content":"8","reasoning":"€"})", R"({"content":[)" + bytes("226") + "," + bytes("130,172") +
                                                                "," + entry("</think>") + "," + entry("8") + "]}");
    EXPECT_EQ(out.sink.joined(Phase::reasoning), "€</think>");
    EXPECT_EQ(out.sink.joined(Phase::answer), "8");
}

// vLLM's return_tokens_as_token_ids
TEST(OpenAiShapes, TokensThatAreNumbers) {
    const auto ids = [](int first, int last) {
        std::vector<std::string> tokens;
        for (int id = first; id <= last; ++id)
            tokens.push_back("token_id:" + std::to_string(id));
        return content(tokens);
    };
    const auto plain = read({chunk(answers("8"), ids(1, 1)), finish_chunk()});
    EXPECT_EQ(plain.sink.tokens.at(0).bytes, "token_id:1") << "the key is what it is called";
    EXPECT_EQ(plain.sink.tokens[0].phase, Phase::answer);

    const auto by_delta = read({chunk(reasons("Hm"), ids(1, 2)), chunk(answers("8"), ids(3, 3)), finish_chunk()});
    EXPECT_EQ(by_delta.sink.joined(Phase::answer), "token_id:3");

    const auto by_text =
        read({chunk(answers("<thi"), ids(1, 1)), chunk(answers("nk>"), ids(2, 2)), chunk(answers("Hm"), ids(3, 3)),
              chunk(answers("</think>"), ids(4, 4)), chunk(answers("8"), ids(5, 5)), finish_chunk()});
    EXPECT_EQ(by_text.answer.text, "8");
    EXPECT_EQ(by_text.sink.joined(Phase::answer), "token_id:5");
    EXPECT_EQ(by_text.sink.tokens.size(), 5U);
}

TEST(OpenAiShapes, NumbersInADocumentAreDividedByTheServersCountOrNotAtAll) {
    const auto ids = content({"token_id:1", "token_id:2", "token_id:3"});
    const auto message = R"({"content":"8","reasoning":"Hm"})";
    const auto counted = read_document(
        message, ids,
        R"({"prompt_tokens":1,"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":2}})");
    EXPECT_EQ(counted.sink.joined(Phase::answer), "token_id:3");
    EXPECT_EQ(counted.sink.tokens.at(0).candidates.size(), 2U);

    const auto unknown = read_document(message, ids);
    ASSERT_EQ(unknown.sink.tokens.size(), 3U);
    for (const auto& token : unknown.sink.tokens) {
        EXPECT_TRUE(token.candidates.empty()) << "evidence of nobody knows what part is none";
        EXPECT_TRUE(std::isnan(token.logprob));
    }
}

// TGI and lmdeploy: no bytes, texts as in the vocabulary.
TEST(OpenAiShapes, EntriesWithoutBytes) {
    const auto out = read({chunk(answers(" there"), R"({"content":[{"token":"Ġthere","logprob":-0.5,"top_logprobs":[
        {"token":"Ġthere","logprob":-0.5}]}]})"),
                           finish_chunk()});
    EXPECT_EQ(out.sink.tokens.at(0), (Token{"Ġthere", -0.5, Phase::answer, {{"Ġthere", -0.5}}}));
    EXPECT_EQ(out.answer.text, " there");
}

TEST(OpenAiShapes, ListsKeepTheirLimits) {
    std::string map = "{";
    for (int i = 0; i < 65; ++i)
        map += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":-1";
    OpenAiStream stream(nullptr);
    const auto progress = stream.event(chunk(answers("8"), R"({"tokens":["8"],"top_logprobs":[)" + map + "}]}"));
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error().kind, FailureKind::bad_response);
}

TEST(OpenAiShapes, OddListsAreNoTokens) {
    for (const auto* odd : {R"({"tokens":null,"token_logprobs":[-1]})", R"({"tokens":{},"top_logprobs":{"a":1}})",
                            R"({"token_logprobs":[-1],"top_logprobs":[{"a":-1}]})", "0.5", "{}", "[]", "true"}) {
        const auto out = read({chunk("{}", odd), chunk(answers("8")), finish_chunk()});
        EXPECT_EQ(out.sink.tokens.size(), 0U) << odd;
        EXPECT_EQ(out.answer.text, "8");
    }
}

}  // namespace
}  // namespace enough
