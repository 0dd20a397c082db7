// What servers send, judged by `policies`: evidence that is corrupt, cut or missing never counts as confidence.
#include "providers/openai_stream.hpp"

#include <enough/policies/gate.hpp>

#include "agents/openai_fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

class Measuring final : public AnswerSink {
public:
    explicit Measuring(Scope scope) : evidence_(SignalSettings{.scope = scope}) {}
    Flow on_token(const Token& token) override {
        evidence_.add(token);
        return Flow::go_on;
    }
    void on_text(Phase, std::string_view) override {}
    void on_restart() override {}
    EvidenceSummary summary() const { return evidence_.summary(); }

private:
    EvidenceAccumulator evidence_;
};

struct Judged {
    EvidenceSummary evidence;
    std::string fault;
};

Judged judged(const std::vector<std::string>& events, Scope scope = Scope::all, Signal signal = Signal::entropy_mean) {
    Measuring sink(scope);
    OpenAiStream stream(&sink);
    for (const auto& event : events)
        EXPECT_TRUE(stream.event(event)) << event;
    const auto answer = stream.finish(7);
    EXPECT_TRUE(answer);
    Gate gate;
    gate.settings.scope = scope;
    gate.signal = signal;
    gate.accept = {signal == Signal::logprob_mean ? -9.0 : 9.0};
    CallFacts facts;
    facts.reported_output_tokens = answer->reported_output_tokens;
    return {sink.summary(), evidence_fault(gate, sink.summary(), facts).value_or("")};
}

std::string usage(int output) {
    return R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":)" + std::to_string(output) + "}}";
}

/// A token with these candidates, each `"text":logprob`.
std::string token(const std::string& text, const std::vector<std::pair<std::string, std::string>>& candidates) {
    std::string list;
    for (const auto& [name, logprob] : candidates)
        list += (list.empty() ? "" : ",") + (R"({"token":")" + name + R"(","bytes":null,"logprob":)" + logprob + "}");
    return R"({"token":")" + text + R"(","bytes":null,"logprob":-0.5,"top_logprobs":[)" + list + "]}";
}

std::string said(const std::string& text, const std::string& entries) {
    return chunk(R"({"content":")" + text + "\"}", R"({"content":[)" + entries + "]}");
}

std::vector<std::string> repeated(int times, const std::string& event) {
    std::vector<std::string> events(static_cast<std::size_t>(times), event);
    events.push_back(finish_chunk());
    events.push_back(usage(times));
    return events;
}

// Two candidates of equal weight: one bit.
const std::vector<std::pair<std::string, std::string>> even{{"a", "-0.6931471805599453"}, {"b", "-0.6931471805599453"}};

TEST(ServerEvidence, SoundListsAreMeasured) {
    std::vector<std::string> events;
    for (int i = 0; i < 12; ++i) {
        const auto other = std::to_string(i);
        events.push_back(said("a", token("a", {{"a", "-0.6931471805599453"}, {other, "-0.6931471805599453"}})));
    }
    events.push_back(finish_chunk());
    events.push_back(usage(12));
    const auto result = judged(events);
    EXPECT_EQ(result.fault, "");
    EXPECT_NEAR(result.evidence.entropy_mean.value_or(-1), 1.0, 1e-12);
}

// github.com/sgl-project/sglang/issues/39260: each token of a chunk repeats the first one's candidates.
TEST(ServerEvidence, RepeatedListsAreCorrupt) {
    std::vector<std::string> events;
    for (int i = 0; i < 4; ++i) {
        const auto first = std::to_string(i);
        const std::vector<std::pair<std::string, std::string>> list{{first, "-0.1"}, {"z", "-3"}};
        events.push_back(said("w x y z", token(first, list) + "," + token("x", list) + "," + token("y", list)));
    }
    events.push_back(finish_chunk());
    events.push_back(usage(12));
    const auto result = judged(events);
    EXPECT_EQ(result.evidence.repeated_pairs, 8U);
    EXPECT_THAT(result.fault, HasSubstr("corrupt evidence"));
}

TEST(ServerEvidence, IdenticalListsOfOwnTokensAreCorruptToo) {
    EXPECT_THAT(judged(repeated(12, said("a", token("a", even)))).fault,
                HasSubstr("11 of 11 neighbouring tokens have identical candidates"));
}

// Lists cut to one entry: k = 0, or top_p in TGI (github.com/huggingface/text-generation-inference/issues/2108).
TEST(ServerEvidence, OneCandidateIsMissingNotCertain) {
    const auto result = judged(repeated(10, said("a", token("a", {{"a", "0"}}))));
    EXPECT_EQ(result.evidence.entropy_mean, std::nullopt);
    EXPECT_EQ(result.fault, "no evidence: none of 10 tokens has two candidates or more");
}

TEST(ServerEvidence, SentinelsCarryNoMass) {
    for (const auto* sentinel : {"-9999.0", "-3.4028234663852886e+38", "null", "-Infinity", "\"x\"", "NaN"}) {
        const auto with = judged(
            {said("a", token("a", {{"a", "-0.6931471805599453"}, {"b", "-0.6931471805599453"}, {"c", sentinel}})),
             finish_chunk()});
        EXPECT_NEAR(with.evidence.entropy_mean.value_or(-1), 1.0, 1e-12) << sentinel;
        EXPECT_EQ(with.evidence.min_k_effective, 2) << sentinel;
        const auto alone = judged({said("a", token("a", {{"a", "0"}, {"b", sentinel}})), finish_chunk()});
        EXPECT_EQ(alone.evidence.entropy_mean, std::nullopt) << "one is left: missing, not certain: " << sentinel;
    }
}

TEST(ServerEvidence, ASentinelAboveZeroIsNoCertaintyEither) {
    const auto result = judged(repeated(10, said("a", token("a", {{"a", "-0.1"}, {"b", "3.4028234663852886e+38"}}))));
    EXPECT_EQ(result.evidence.entropy_mean, std::nullopt);
    EXPECT_THAT(result.fault, HasSubstr("corrupt evidence"));
}

// vLLM floors at -9999.0 and sends an empty list with it: vllm/entrypoints/openai/chat_completion/protocol.py
TEST(ServerEvidence, AnEntryWithoutDataIsMissing) {
    const auto result = judged(repeated(10, said("a", R"({"token":"a","logprob":-9999.0,"top_logprobs":[]})")));
    EXPECT_EQ(result.evidence.tokens, 10U);
    EXPECT_THAT(result.fault, HasSubstr("no evidence"));
    const auto own = judged(repeated(10, said("a", R"({"token":"a","logprob":-9999.0,"top_logprobs":[]})")), Scope::all,
                            Signal::logprob_mean);
    EXPECT_THAT(own.fault, HasSubstr("no evidence"));
}

TEST(ServerEvidence, AMissingLogprobIsNoCertainty) {
    const auto result =
        judged({said("a", R"({"token":"a","top_logprobs":[{"token":"a"},{"token":"b"}]})"), finish_chunk()});
    EXPECT_EQ(result.evidence.evidence_tokens, 0U);
    EXPECT_EQ(result.evidence.logprob_tokens, 0U);
}

// The sampled token outside the k best makes k + 1 entries; order and repetition are the server's whim.
TEST(ServerEvidence, UnsortedRepeatedAndOneTooMany) {
    std::vector<std::pair<std::string, std::string>> list;
    for (int i = 20; i > 0; --i)
        list.emplace_back(std::to_string(i), "-" + std::to_string(i));
    list.emplace_back("1", "-1");
    list.emplace_back("sampled", "-30");
    const auto result = judged({said("sampled", token("sampled", list)), finish_chunk()});
    EXPECT_EQ(result.evidence.min_k_effective, 20) << "the k largest of different ones";
    double mass = 0;
    double entropy = 0;
    for (int i = 1; i <= 20; ++i)
        mass += std::exp(-i);
    for (int i = 1; i <= 20; ++i)
        entropy -= std::exp(-i) / mass * std::log2(std::exp(-i) / mass);
    EXPECT_NEAR(result.evidence.entropy_mean.value_or(-1), entropy, 1e-12);
    EXPECT_NEAR(result.evidence.mean_covered_mass.value_or(-1), mass, 1e-12);
}

TEST(ServerEvidence, OneTextOfDifferentBytesIsTwoCandidates) {
    const auto entry_of = [](const char* bytes) {
        return R"({"token":"\ufffd","logprob":-0.6931471805599453,"bytes":)" + std::string(bytes) + "}";
    };
    const auto list = [&](const char* a, const char* b) {
        return said("x", R"({"token":"\ufffd","bytes":[226],"logprob":-0.7,"top_logprobs":[)" + entry_of(a) + "," +
                             entry_of(b) + "]}");
    };
    EXPECT_NEAR(judged({list("[226]", "[240]"), finish_chunk()}).evidence.entropy_mean.value_or(-1), 1.0, 1e-12);
    EXPECT_EQ(judged({list("[226]", "[226]"), finish_chunk()}).evidence.entropy_mean, std::nullopt);
}

TEST(ServerEvidence, MassAboveOneIsCorrupt) {
    const auto result = judged(repeated(10, said("a", token("a", {{"a", "0"}, {"b", "-0.5"}}))));
    EXPECT_THAT(result.fault, HasSubstr("no probability distribution"));
}

// A proxy that keeps the last chunk's entries alone: github.com/Menci/Floway/issues/481
TEST(ServerEvidence, OnlyTheLastChunksEntriesIsTooLittle) {
    std::vector<std::string> events(19, chunk(R"({"content":"a"})"));
    events.push_back(said("a", token("a", even)));
    events.push_back(finish_chunk());
    events.push_back(usage(20));
    const auto result = judged(events);
    EXPECT_EQ(result.evidence.evidence_tokens, 1U);
    EXPECT_THAT(result.fault, HasSubstr("1 of 20 tokens have evidence"));
}

// Together without candidates: no entropy, but the tokens' own logprobs.
TEST(ServerEvidence, LogprobsAloneAreTheirOwnSignal) {
    const std::vector<std::string> events{
        chunk(R"({"content":"ab"})", R"({"tokens":["a","b"],"token_logprobs":[-0.5,-0.25]})"), finish_chunk(),
        usage(2)};
    EXPECT_THAT(judged(events).fault, HasSubstr("none of 2 tokens has two candidates"));
    const auto own = judged(events, Scope::all, Signal::logprob_mean);
    EXPECT_EQ(own.fault, "");
    EXPECT_DOUBLE_EQ(own.evidence.logprob_mean.value_or(0), -0.375);
}

// lmdeploy leaves the sampled token out: github.com/InternLM/lmdeploy/issues/2802
TEST(ServerEvidence, ForeignListsAreCorrupt) {
    std::vector<std::string> events;
    for (int i = 0; i < 12; ++i)
        events.push_back(said("a", token("a", {{"x" + std::to_string(i), "-0.5"}, {"y", "-1"}})));
    events.push_back(finish_chunk());
    EXPECT_THAT(judged(events).fault, HasSubstr("not among their own candidates"));
}

struct ScopeCase {
    const char* name;
    std::vector<std::string> events;
    std::size_t reasoning;
    std::size_t answer;
};

std::string pair_of(const std::string& text) {
    return token(text, {{text, "-0.5"}, {"z", "-1"}});
}

class ServerScope : public testing::TestWithParam<ScopeCase> {};

TEST_P(ServerScope, CountsThePartThatIsAskedFor) {
    const auto& test = GetParam();
    EXPECT_EQ(judged(test.events, Scope::reasoning).evidence.evidence_tokens, test.reasoning);
    EXPECT_EQ(judged(test.events, Scope::answer).evidence.evidence_tokens, test.answer);
    EXPECT_EQ(judged(test.events, Scope::all).evidence.evidence_tokens, test.reasoning + test.answer);
}

const ScopeCase scope_cases[] = {
    {"deltas",
     {chunk(R"({"reasoning":"a"})", R"({"content":[)" + pair_of("a") + "]}"), said("b", pair_of("b")), finish_chunk()},
     1,
     1},
    {"tags",
     {said("<think>a", pair_of("<think>") + "," + pair_of("a")),
      said("</think>b", pair_of("</think>") + "," + pair_of("b")), finish_chunk()},
     3,
     1},
    {"two_lists",
     {chunk(R"({"reasoning_content":"a"})", R"({"content":null,"reasoning_content":[)" + pair_of("a") + "]}"),
      said("b", pair_of("b")), finish_chunk()},
     1,
     1},
    {"one_chunk_of_both",
     {chunk(R"({"reasoning_content":"a","content":"b"})",
            R"({"content":[)" + pair_of("a") + "," + pair_of("</think>") + "," + pair_of("b") + "]}"),
      finish_chunk()},
     2,
     1},
    {"null_on_reasoning",
     {chunk(R"({"reasoning_content":"a"})", "null"), said("b", pair_of("b")), finish_chunk()},
     0,
     1},
    {"legacy_lists",
     {chunk(R"({"content":"<think>a</think>b"})",
            R"({"tokens":["<think>","a","</think>","b"],"token_logprobs":[-1,-1,-1,-1],"top_logprobs":[
                {"<think>":-0.5,"z":-1},{"a":-0.5,"z":-1},{"</think>":-0.5,"z":-1},{"b":-0.5,"z":-1}]})"),
      finish_chunk()},
     3,
     1},
    {"numbers_for_tokens",
     {said("<think>a", pair_of("token_id:1")), said("</think>", pair_of("token_id:2")),
      said("b", pair_of("token_id:3")), finish_chunk()},
     2,
     1},
};

INSTANTIATE_TEST_SUITE_P(Shapes, ServerScope, testing::ValuesIn(scope_cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace enough
