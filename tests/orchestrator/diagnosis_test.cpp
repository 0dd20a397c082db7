// What `enough doctor` makes of a model as a whole; of its evidence: diagnosis_evidence_test.cpp.
#include "examined.hpp"

#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(Diagnosis, of_another_name) {
    Examination examination = healthy();
    answer_of(examination).model = "m-1-2026";
    EXPECT_THAT(warnings(diagnose(examination)), HasSubstr("answers as 'm-1-2026' and is asked for as 'm-1'"));
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
