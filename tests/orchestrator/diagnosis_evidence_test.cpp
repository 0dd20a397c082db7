// What `enough doctor` makes of the evidence that comes with answers.
#include "examined.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(Diagnosis, of_a_server_that_refuses_logprobs) {
    Examination examination = healthy();
    for (Probe& each : examination.probes) {
        each.tokens.clear();
        each.outcome->logprobs_refused = true;
    }
    const Diagnosis found = diagnose(examination);
    EXPECT_THAT(errors(found), HasSubstr("it refuses to give logprobs; gate it by agreement"));
    EXPECT_FALSE(found.ok());
    EXPECT_EQ(found.k, 0);
}

TEST(Diagnosis, of_a_server_that_ignores_the_wish) {
    Examination examination = healthy();
    for (Probe& each : examination.probes)
        each.tokens.clear();
    EXPECT_THAT(errors(diagnose(examination)), HasSubstr("it gives no logprobs, and does not say so"));
}

TEST(Diagnosis, of_a_model_that_is_never_asked) {
    Examination examination = healthy();
    examination.gives_logprobs = false;
    examination.needs.clear();
    for (Probe& each : examination.probes)
        each.tokens.clear();
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.k_asked, 0);
    EXPECT_EQ(errors(found), "");
    EXPECT_THAT(warnings(found), HasSubstr("never asked for logprobs"));
    EXPECT_TRUE(found.ok());
}

TEST(Diagnosis, of_streams_that_lose_logprobs) {
    Examination examination = healthy();
    for (Probe& each : examination.probes)
        if (each.kind != ProbeKind::whole) each.tokens.clear();
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.streamed, false);
    EXPECT_THAT(errors(found), HasSubstr("it loses its logprobs in streams"));
}

TEST(Diagnosis, of_the_last_chunk_alone) {
    Examination examination = healthy();
    for (Probe& each : examination.probes)
        if (each.kind != ProbeKind::whole) each.tokens.erase(each.tokens.begin(), each.tokens.end() - 1);
    EXPECT_THAT(errors(diagnose(examination)),
                HasSubstr("coverage 0.08 < 0.90 (1 of 12 tokens have evidence); something "
                          "between keeps the logprobs of one chunk alone"));
}

TEST(Diagnosis, of_lists_of_one) {
    const auto found = diagnose(changed([](Token& token) { token.candidates.resize(1); }));
    EXPECT_THAT(errors(found), HasSubstr("one candidate each, which looks like certainty and says nothing"));
    EXPECT_FALSE(found.usable);
}

TEST(Diagnosis, of_placeholders) {
    for (const double placeholder : {-9999.0, -3.4e38, -std::numeric_limits<double>::infinity()}) {
        const auto found = diagnose(changed([&](Token& token) {
            for (std::size_t i = 1; i < token.candidates.size(); ++i)
                token.candidates[i].logprob = placeholder;
        }));
        EXPECT_THAT(errors(found), HasSubstr("placeholders such as -9999")) << placeholder;
    }
}

TEST(Diagnosis, of_repeated_lists) {
    const auto found = diagnose(changed([](Token& token) { token.candidates = candidates(0); }));
    EXPECT_THAT(errors(found), HasSubstr("11 of 12 tokens are not among their own candidates"));
    const auto same_word = diagnose(changed([](Token& token) {
        token.candidates = candidates(0);
        token.bytes = token.candidates.front().bytes;
    }));
    EXPECT_THAT(errors(same_word),
                HasSubstr("11 of 11 neighbouring tokens have identical candidates; use a newer server: "
                          "some repeat one list for all tokens of a chunk"));
}

TEST(Diagnosis, of_lists_of_other_tokens) {
    const auto found = diagnose(changed([](Token& token) { token.bytes += "?"; }));
    EXPECT_THAT(errors(found), HasSubstr("12 of 12 tokens are not among their own candidates; use a newer server: the "
                                         "lists belong to other tokens"));
}

TEST(Diagnosis, of_logits) {
    const auto found = diagnose(changed([](Token& token) {
        for (Candidate& candidate : token.candidates)
            candidate.logprob += 20;
    }));
    EXPECT_FALSE(found.ok());
    const auto some = diagnose(changed([place = 0](Token& token) mutable {
        if (++place % 3 == 0)
            for (Candidate& candidate : token.candidates)
                candidate.logprob += 20;
    }));
    EXPECT_THAT(errors(some), HasSubstr("no probability distribution; the server may send logits"));
}

TEST(Diagnosis, of_streams_that_say_something_else) {
    Examination examination = healthy();
    for (Token& token : examination.probes[1].tokens)
        token.candidates[1].logprob -= 0.8;
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.agree, false);
    EXPECT_THAT(errors(found), HasSubstr("streamed and in one piece its logprobs differ by 0.80"));
}

TEST(Diagnosis, of_fewer_candidates) {
    Examination examination = healthy();
    for (Probe& each : examination.probes)
        each = probe(each.kind, {.k = 4});
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.k, 4);
    EXPECT_THAT(warnings(found), HasSubstr("4 candidates of 6 asked for; write 'top_k: 4'"));
    EXPECT_TRUE(found.ok());
}

TEST(Diagnosis, of_reasoning_with_evidence) {
    Examination examination = healthy();
    for (Probe& each : examination.probes)
        each = probe(each.kind, {.reasoning = 5});
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.reasoning, ReasoningEvidence::covered);
    EXPECT_TRUE(found.ok()) << errors(found);
    EXPECT_EQ(pin_of(found)->reasoning, ReasoningEvidence::covered);
}

TEST(Diagnosis, of_reasoning_without_evidence) {
    Examination examination = healthy();
    for (Probe& each : examination.probes) {
        each.outcome->reasoning = "Let me think.";
        each.outcome->usage.reasoning_tokens = 20;
        each.outcome->reported_output_tokens = 32;
    }
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.reasoning, ReasoningEvidence::not_covered);
    EXPECT_THAT(errors(found),
                HasSubstr("coverage 0.38 < 0.90 (12 of 32 tokens have evidence); write 'scope: answer'"));
    examination.needs[0].settings.scope = Scope::answer;
    const Diagnosis answer_only = diagnose(examination);
    EXPECT_TRUE(answer_only.ok()) << errors(answer_only);
    EXPECT_EQ(pin_of(answer_only)->reasoning, ReasoningEvidence::not_covered);
}

TEST(Diagnosis, looks_at_a_longer_answer_where_reasoning_took_all_the_room) {
    Examination examination = healthy();
    for (Probe& each : examination.probes) {
        each = probe(each.kind, {.reasoning = 12});
        each.outcome->text.clear();
    }
    examination.needs[0].settings.scope = Scope::answer;
    EXPECT_FALSE(diagnose(examination).ok()) << "of the answer nothing was seen";
    examination.probes.push_back(probe(ProbeKind::longer, {.tokens = 40, .reasoning = 30}));
    EXPECT_TRUE(diagnose(examination).ok());
    EXPECT_EQ(diagnose(examination).entries, 40);
}

TEST(Diagnosis, of_streams_without_counts) {
    Examination examination = healthy();
    answer_of(examination).reported_output_tokens.reset();
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.counted, std::nullopt);
    EXPECT_THAT(warnings(found), HasSubstr("stream_options.include_usage"));
    EXPECT_FALSE(pin_of(found)->usage);
}

TEST(Diagnosis, of_wrong_counts) {
    Examination examination = healthy();
    answer_of(examination).reported_output_tokens = 5;
    EXPECT_THAT(errors(diagnose(examination)),
                HasSubstr("evidence for 12 tokens, but the server reports 5; the server's "
                          "counts can't be relied on"));
}

TEST(Diagnosis, of_temperature_zero_without_candidates) {
    Examination examination = healthy();
    for (Token& token : examination.probes[3].tokens)
        token.candidates.resize(1);
    const Diagnosis found = diagnose(examination);
    EXPECT_THAT(warnings(found), HasSubstr("at temperature 0 its tokens have no usable candidates"));
    EXPECT_TRUE(found.ok());
}

}  // namespace
}  // namespace enough
