// What `enough doctor` makes of a model's answers. The recordings are made by hand: distributions over six words whose
// logprobs are computed here, raw or divided by the temperature as the definition of sampling has it.
#include <enough/orchestrator/doctor.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace enough {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// log softmax of made-up logits that differ from place to place, divided by `temperature`.
std::vector<Candidate> candidates(int place, double temperature = 1, int k = 6) {
    std::vector<double> logits;
    for (int i = 0; i < 6; ++i)
        logits.push_back(-0.7 * i - 0.05 * ((place * 7 + i * 3) % 5));
    double sum = 0;
    for (const double logit : logits)
        sum += std::exp(logit / temperature);
    std::vector<Candidate> out;
    for (int i = 0; i < k; ++i)
        out.push_back({"w" + std::to_string(place) + "-" + std::to_string(i),
                       logits[static_cast<std::size_t>(i)] / temperature - std::log(sum)});
    return out;
}

struct Recording {
    int tokens = 12;
    double temperature = 1;  ///< of the logprobs, 1: raw
    int k = 6;
    int reasoning = 0;  ///< of the tokens
};

Probe probe(ProbeKind kind, Recording recording = {}) {
    Probe out;
    out.kind = kind;
    for (int i = 0; i < recording.tokens; ++i) {
        Token token;
        token.candidates = candidates(i, recording.temperature, recording.k);
        token.bytes = token.candidates.front().bytes;
        token.logprob = token.candidates.front().logprob;
        token.phase = i < recording.reasoning ? Phase::reasoning : Phase::answer;
        out.tokens.push_back(std::move(token));
    }
    Answer answer;
    answer.text = "The sea is calm.";
    answer.model = "m-1";
    answer.reported_output_tokens = recording.tokens;
    if (recording.reasoning > 0) answer.reasoning = "Let me think.";
    out.outcome = std::move(answer);
    return out;
}

Probe failed(ProbeKind kind, FailureKind why, const std::string& message) {
    Probe out;
    out.kind = kind;
    Failure failure;
    failure.kind = why;
    failure.message = message;
    out.outcome = std::move(failure);
    return out;
}

/// A good server of raw logprobs, behind a gate that wants six candidates.
Examination healthy() {
    Examination out;
    out.asked_for = "m-1";
    out.top_k = 6;
    out.needs.push_back({Signal::entropy_mean, SignalSettings{.top_k = 6}, 0.9});
    for (const ProbeKind kind : {ProbeKind::warm, ProbeKind::whole, ProbeKind::cool, ProbeKind::greedy})
        out.probes.push_back(probe(kind));
    return out;
}

Answer& answer_of(Examination& examination, std::size_t at = 0) {
    return *examination.probes.at(at).outcome;
}

template <class Change>
Examination changed(const Change& change) {
    Examination out = healthy();
    for (Probe& each : out.probes)
        for (Token& token : each.tokens)
            change(token);
    return out;
}

std::string errors(const Diagnosis& diagnosis) {
    std::string text;
    for (const Finding& finding : diagnosis.findings)
        if (finding.error) text += finding.what + "; " + finding.advice + "\n";
    return text;
}

std::string warnings(const Diagnosis& diagnosis) {
    std::string text;
    for (const Finding& finding : diagnosis.findings)
        if (!finding.error) text += finding.what + "; " + finding.advice + "\n";
    return text;
}

TEST(Diagnosis, of_a_good_server_finds_nothing) {
    const Diagnosis found = diagnose(healthy());
    EXPECT_THAT(found.findings, IsEmpty()) << errors(found) << warnings(found);
    EXPECT_TRUE(found.ok());
    EXPECT_TRUE(found.usable);
    EXPECT_EQ(found.k, 6);
    EXPECT_EQ(found.k_asked, 6);
    EXPECT_EQ(found.streamed, true);
    EXPECT_EQ(found.agree, true);
    EXPECT_EQ(found.mode, LogprobMode::raw);
    EXPECT_EQ(found.reasoning, ReasoningEvidence::none);
    EXPECT_EQ(found.entries, 12);
    EXPECT_EQ(found.counted, 12);
    EXPECT_EQ(found.model, "m-1");
    EXPECT_EQ(pin_of(found), (EvidencePin{6, true, LogprobMode::raw, ReasoningEvidence::unknown, true, "m-1"}));
}

TEST(Diagnosis, tells_tempered_logprobs_from_raw_ones) {
    Examination examination = healthy();
    examination.probes[2] = probe(ProbeKind::cool, {.temperature = 0.5});
    const Diagnosis found = diagnose(examination);
    EXPECT_EQ(found.mode, LogprobMode::tempered);
    EXPECT_THAT(warnings(found), HasSubstr("depend on the temperature; give each agent on it a temperature"));
    EXPECT_TRUE(found.ok());
}

TEST(Diagnosis, does_not_guess_the_mode) {
    Examination odd = healthy();
    odd.probes[2] = probe(ProbeKind::cool, {.temperature = 0.7});
    EXPECT_EQ(diagnose(odd).mode, LogprobMode::unknown);
    Examination refused = healthy();
    refused.probes[2] = failed(ProbeKind::cool, FailureKind::bad_request, "temperature must be 1");
    EXPECT_EQ(diagnose(refused).mode, LogprobMode::unknown);
    EXPECT_THAT(warnings(diagnose(refused)), HasSubstr("a question (temperature 0.5) failed: temperature must be 1"));
    EXPECT_TRUE(diagnose(refused).ok());
}

TEST(Diagnosis, of_a_server_that_is_not_there) {
    Examination examination = healthy();
    examination.probes = {failed(ProbeKind::warm, FailureKind::connect, "can't connect to 127.0.0.1:1")};
    const Diagnosis found = diagnose(examination);
    EXPECT_FALSE(found.reachable);
    EXPECT_FALSE(found.ok());
    EXPECT_EQ(found.authorized, std::nullopt);
    EXPECT_EQ(errors(found), "can't connect to 127.0.0.1:1; check base_url, and that the server runs\n");
    EXPECT_EQ(pin_of(found), std::nullopt);
}

TEST(Diagnosis, of_a_key_that_is_refused) {
    Examination examination = healthy();
    examination.probes = {failed(ProbeKind::warm, FailureKind::unauthorized, "answered 401")};
    const Diagnosis found = diagnose(examination);
    EXPECT_TRUE(found.reachable);
    EXPECT_EQ(found.authorized, false);
    EXPECT_EQ(errors(found), "answered 401; check api_key\n");
}

TEST(Diagnosis, of_a_model_that_is_unknown) {
    Examination examination = healthy();
    examination.probes = {failed(ProbeKind::warm, FailureKind::no_model, "answered 404")};
    EXPECT_EQ(errors(diagnose(examination)), "answered 404; check the model's name\n");
    EXPECT_TRUE(diagnose(examination).reachable);
}

TEST(Diagnosis, a_model_that_no_gate_reads_must_only_answer) {
    Examination examination = healthy();
    examination.needs.clear();
    for (Probe& each : examination.probes)
        each.tokens.clear();
    const Diagnosis found = diagnose(examination);
    EXPECT_TRUE(found.ok());
    EXPECT_FALSE(found.usable);
    examination.probes = {failed(ProbeKind::warm, FailureKind::timeout, "no token in 60 s")};
    EXPECT_FALSE(diagnose(examination).ok());
}

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

TEST(Diagnosis, of_another_name) {
    Examination examination = healthy();
    answer_of(examination).model = "m-1-2026";
    EXPECT_THAT(warnings(diagnose(examination)), HasSubstr("answers as 'm-1-2026' and is asked for as 'm-1'"));
}

TEST(Diagnosis, of_temperature_zero_without_candidates) {
    Examination examination = healthy();
    for (Token& token : examination.probes[3].tokens)
        token.candidates.resize(1);
    const Diagnosis found = diagnose(examination);
    EXPECT_THAT(warnings(found), HasSubstr("at temperature 0 its tokens have no usable candidates"));
    EXPECT_TRUE(found.ok());
}

TEST(Diagnosis, of_a_model_that_is_no_longer_as_pinned) {
    Examination examination = healthy();
    examination.pinned = EvidencePin{6, true, LogprobMode::raw, ReasoningEvidence::unknown, true, "m-1"};
    EXPECT_TRUE(diagnose(examination).ok());
    examination.pinned->model = "m-0";
    EXPECT_THAT(errors(diagnose(examination)), HasSubstr("no longer what 'evidence' says: model was m-0, is m-1"));
    examination.pinned = EvidencePin{.k = 6, .mode = LogprobMode::tempered};
    EXPECT_THAT(errors(diagnose(examination)), HasSubstr("mode was tempered, is raw"));
    for (Probe& each : examination.probes)
        each = probe(each.kind, {.k = 3});
    EXPECT_THAT(errors(diagnose(examination)), HasSubstr("k was 6, is 3"));
}

TEST(Diagnosis, says_that_time_ran_out) {
    Examination examination = healthy();
    examination.probes.pop_back();
    examination.out_of_time = true;
    EXPECT_THAT(warnings(diagnose(examination)), HasSubstr("raise --timeout"));
}

TEST(Diagnosis, of_no_answer_at_all) {
    Examination examination = healthy();
    examination.probes.clear();
    EXPECT_FALSE(diagnose(examination).ok());
}

TEST(Diagnosis, is_written_as_json) {
    const auto json = to_json(diagnose(healthy()));
    EXPECT_EQ(json["ok"], true);
    EXPECT_EQ(json["k"], 6);
    EXPECT_EQ(json["streamed"], true);
    EXPECT_EQ(json["mode"], "raw");
    EXPECT_EQ(json["reasoning"], "none");
    EXPECT_EQ(json["usage"], true);
    EXPECT_EQ(json["errors"].size(), 0U);
    EXPECT_EQ(json["pin"]["k"], 6);
}

TEST(EvidenceNeeds, are_those_of_gates_and_votes) {
    const auto workflow = parse_workflow(R"(version: 1
models:
  gated: {provider: openai, model: a}
  voting: {provider: openai, model: b}
  free: {provider: openai, model: c}
agents:
  g: {model: gated}
  v: {model: voting}
  f: {model: free}
steps:
  - id: s
    prompt: x
    ladder:
      - {agent: g, gate: {signal: entropy.mean, accept: 0.5, top_k: 5, scope: answer}}
      - {agent: f, gate: {signal: verbalized, accept: 0.5}}
  - {id: t, panel: {agents: [v, v], aggregate: weighted_vote}, prompt: x}
)");
    const auto needs = evidence_needs(*workflow);
    ASSERT_EQ(needs.size(), 2U);
    EXPECT_EQ(needs.at("gated").at(0).settings.top_k, 5);
    EXPECT_EQ(needs.at("gated").at(0).settings.scope, Scope::answer);
    EXPECT_EQ(candidates_wanted(needs.at("gated")), 5);
    EXPECT_EQ(candidates_wanted(needs.at("voting")), 20);
    EXPECT_EQ(candidates_wanted({}), 20);
}

}  // namespace
}  // namespace enough
