#include "agents/llama_fixtures.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace enough::test {
namespace {

using LlamaAgent = LlamaTest;

const std::string capital = "What is the capital of France? Answer in English with one sentence.";

TEST_F(LlamaAgent, AnswersAQuestion) {
    RecordingSink sink;
    const auto result = answer(request(capital, 24, &sink));
    EXPECT_NE(result.text.find("Paris"), std::string::npos) << result.text;
    EXPECT_EQ(result.finish_reason, FinishReason::stop);
    EXPECT_EQ(sink.text, result.text);
    EXPECT_EQ(sink.joined(Phase::answer), result.text);
    EXPECT_EQ(result.reported_output_tokens, static_cast<std::int64_t>(sink.tokens.size()));
    EXPECT_EQ(result.usage.output_tokens, static_cast<std::int64_t>(sink.tokens.size()));
    EXPECT_GT(result.usage.input_tokens, 10);
    EXPECT_FALSE(result.usage.estimated);
    EXPECT_FALSE(result.model.empty());
    EXPECT_FALSE(result.fingerprint.empty());
    EXPECT_LE(result.first_token.value(), result.latency);
}

TEST_F(LlamaAgent, GreedyAnswersAreAlwaysTheSame) {
    const auto first = answer(request("Name three colours.", 12));
    const auto again = answer(request("Name three colours.", 12));
    EXPECT_EQ(first.text, again.text);
    EXPECT_FALSE(first.text.empty());
}

TEST_F(LlamaAgent, ASeedDecidesWhatIsSampled) {
    auto seeded = request("Tell me a story about a fox.", 12);
    seeded.sampling.temperature = 0.7;
    std::vector<std::string> texts;
    for (const std::uint64_t seed : {1U, 2U, 3U, 1U}) {
        seeded.sampling.seed = seed;
        texts.push_back(answer(seeded).text);
    }
    EXPECT_EQ(texts[0], texts[3]);
    EXPECT_FALSE(texts[0] == texts[1] && texts[1] == texts[2]);
}

TEST_F(LlamaAgent, EvidenceIsADistribution) {
    RecordingSink sink;
    auto sampled = request("Tell me a story about a fox.", 16, &sink);
    sampled.sampling.temperature = 1.5;  // evidence is from before sampling, so this must not show in it
    sampled.sampling.seed = 5;
    answer(sampled);
    ASSERT_GT(sink.tokens.size(), 4U);
    for (const auto& token : sink.tokens) {
        ASSERT_EQ(token.candidates.size(), 20U);
        double mass = 0;
        for (const auto& candidate : token.candidates) {
            EXPECT_LE(candidate.logprob, 0);
            mass += std::exp(candidate.logprob);
            if (candidate.bytes == token.bytes) {
                EXPECT_EQ(candidate.logprob, token.logprob);
            }
        }
        EXPECT_LE(mass, 1 + 1e-9);
        double entropy = 0;
        for (const auto& candidate : token.candidates) {
            const double p = std::exp(candidate.logprob) / mass;
            entropy -= p * std::log2(p);
        }
        EXPECT_GE(entropy, 0);
        EXPECT_LE(entropy, std::log2(20) + 1e-9);
    }
}

TEST_F(LlamaAgent, GreedyTokensLeadTheirCandidates) {
    RecordingSink sink;
    answer(request(capital, 6, &sink));
    for (const auto& token : sink.tokens) {
        for (const auto& candidate : token.candidates)
            EXPECT_LE(candidate.logprob, token.logprob);
        EXPECT_EQ(token.candidates.front().bytes, token.bytes);
    }
}

TEST_F(LlamaAgent, WithoutEvidenceWantedTheTextStillComes) {
    RecordingSink sink;
    auto plain = request(capital, 6, &sink);
    plain.top_logprobs = 0;
    const auto result = answer(plain);
    EXPECT_TRUE(sink.tokens.empty());
    EXPECT_EQ(sink.text, result.text);
}

TEST_F(LlamaAgent, ARefinementDecodesOnlyWhatIsNew) {
    RecordingSink sink;
    auto conversation = request("Tell me a story about a fox.", 24, &sink);
    conversation.sampling.temperature = 1.0;
    conversation.sampling.seed = 9;
    const auto first = answer(conversation);
    conversation.messages.push_back({Role::assistant, first.text});
    conversation.messages.push_back({Role::user, "Review your answer."});
    const auto second = answer(conversation);
    // All that was there before: the last token was drawn, but never decoded.
    const auto reusable = first.usage.input_tokens + first.usage.output_tokens - 1;
    EXPECT_EQ(first.usage.cached_input_tokens, 0);
    EXPECT_GE(static_cast<double>(second.usage.cached_input_tokens), 0.95 * static_cast<double>(reusable));
    EXPECT_LT(second.usage.cached_input_tokens, second.usage.input_tokens);
}

TEST_F(LlamaAgent, AReusedBeginningChangesNothingInTheAnswer) {
    answer(request("Name three colours.", 4));
    const auto reusing = answer(request("Name three animals.", 8));
    EXPECT_GT(reusing.usage.cached_input_tokens, 0);
    agent = make(settings());
    const auto fresh = answer(request("Name three animals.", 8));
    EXPECT_EQ(fresh.usage.cached_input_tokens, 0);
    EXPECT_EQ(reusing.text, fresh.text);
}

TEST_F(LlamaAgent, MaxTokensCutsTheAnswer) {
    const auto result = answer(request("Tell me a story about a fox.", 3));
    EXPECT_EQ(result.finish_reason, FinishReason::length);
    EXPECT_EQ(result.usage.output_tokens, 3);
}

TEST_F(LlamaAgent, TheSettingsBoundAnswersThatHaveNoBound) {
    auto bounded = settings();
    bounded.max_tokens = 2;
    agent = make(bounded);
    auto unbounded = request("Tell me a story about a fox.", 0);
    unbounded.sampling.max_tokens.reset();
    EXPECT_EQ(answer(unbounded).usage.output_tokens, 2);
}

TEST_F(LlamaAgent, AStopStringEndsTheAnswer) {
    const auto whole = answer(request(capital, 24));
    ASSERT_NE(whole.text.find("Paris"), std::string::npos);
    RecordingSink sink;
    auto stopped = request(capital, 24, &sink);
    stopped.sampling.stop = {"Paris"};
    const auto result = answer(stopped);
    EXPECT_EQ(result.text, whole.text.substr(0, whole.text.find("Paris")));
    EXPECT_EQ(sink.text, result.text);
    EXPECT_EQ(result.finish_reason, FinishReason::stop);
}

TEST_F(LlamaAgent, TheSinkStopsTheAnswer) {
    RecordingSink sink(4);
    const auto result = answer(request("Tell me a story about a fox.", 500, &sink));
    EXPECT_EQ(result.finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(sink.tokens.size(), 4U);
    EXPECT_EQ(result.usage.output_tokens, 4);
    EXPECT_GT(result.usage.input_tokens, 10);
    EXPECT_EQ(sink.text, result.text);
}

TEST_F(LlamaAgent, AnswersAskedForAtOnceAreWrittenTogether) {
    const std::vector<std::string> questions{capital,        "Name three colours.", "Tell me a story about a fox.",
                                             "What is 2+2?", "Who are you?",        "Name three animals."};
    std::vector<RecordingSink> sinks(questions.size());
    std::vector<std::string> texts(questions.size());
    struct Asking {
        static Task<void> one(Agent& agent, Request request, std::string& text) {
            auto result = co_await agent.ask(std::move(request));
            text = result.value().text;
        }
    };
    run_many([&](std::size_t i) { return Asking::one(*agent, request(questions[i], 8, &sinks[i]), texts[i]); },
             questions.size(), 2);
    for (std::size_t i = 0; i < questions.size(); ++i) {
        EXPECT_FALSE(texts[i].empty()) << questions[i];
        EXPECT_EQ(texts[i], sinks[i].text) << questions[i];
    }
    EXPECT_NE(texts[0].find("Paris"), std::string::npos) << texts[0];
}

TEST_F(LlamaAgent, AnswersThatDoNotFitTogetherTakeTurns) {
    auto small = settings();
    small.context = 128;  // the cache holds twice that; three answers of 110 tokens do not fit at once
    agent = make(small);
    std::vector<Usage> usages(3);
    struct Asking {
        static Task<void> one(Agent& agent, Request request, Usage& usage) {
            auto result = co_await agent.ask(std::move(request));
            usage = result.value().usage;
        }
    };
    std::string filler;
    for (int i = 0; i < 70; ++i)
        filler += " fox";
    run_many([&](std::size_t i) { return Asking::one(*agent, request(std::to_string(i) + filler, 3), usages[i]); },
             usages.size(), 1);
    for (const auto& usage : usages)
        EXPECT_GE(usage.output_tokens, 1);
}

}  // namespace
}  // namespace enough::test
