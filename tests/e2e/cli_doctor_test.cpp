// The program `enough doctor` against servers that deal with logprobs in every way that has been seen.

#include "support/fake_profile.hpp"
#include "verb_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Logprobs = FakeProfile::Logprobs;

constexpr const char* workflow_text = R"yaml(version: 1
models:
  small:
    provider: openai   # of our own
    base_url: ${URL}
    model: fake-model
    retry: {attempts: 3, delay: 1ms}
  free: {provider: scripted, answers: [{text: "42", repeat: true}]}
agents:
  solver: {model: small, max_tokens: 50}
  other: {model: free}
steps:
  - id: solve
    prompt: "6 * 7?"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, accept: 2.2, top_k: 6}}
      - {agent: other}
)yaml";

class CliDoctor : public VerbTest {
protected:
    void SetUp() override { write("w.yaml", workflow_text); }

    /// What the doctor says of `small`, and how it exits.
    json diagnosis(const FakeProfile& profile, int exit) const {
        FakeServer server(serve(profile));
        return diagnosis(server.url("/v1"), exit);
    }

    json diagnosis(const std::string& url, int exit) const {
        const auto ended = enough({"doctor", "w.yaml", "--json", "--model", "small"}, {{"URL", url}});
        EXPECT_EQ(ended.code, exit) << ended.out << ended.err;
        const json found = json::parse(ended.out)["models"]["small"];
        EXPECT_EQ(found["ok"], exit == 0);
        return found;
    }

    static std::string errors(const json& found) { return found["errors"].dump(); }
    static std::string warnings(const json& found) { return found["warnings"].dump(); }
};

TEST_F(CliDoctor, FindsNothingWrongWithAGoodServer) {
    const json found = diagnosis(FakeProfile(), 0);
    EXPECT_THAT(found["errors"], IsEmpty());
    EXPECT_THAT(found["warnings"], IsEmpty()) << found["warnings"];
    EXPECT_EQ(found["k"], 6);
    EXPECT_EQ(found["streamed"], true);
    EXPECT_EQ(found["agree"], true);
    EXPECT_EQ(found["mode"], "raw");
    EXPECT_EQ(found["reasoning"], "none");
    EXPECT_EQ(found["usage"], true);
    EXPECT_EQ(found["entries"], 12);
    EXPECT_EQ(found["counted"], 12);
    EXPECT_EQ(found["model"], "fake-model");
    EXPECT_GT(found["latency_ms"], 0);
}

TEST_F(CliDoctor, ShowsATableToPeople) {
    FakeServer server(serve({}));
    const auto ended = enough({"doctor", "w.yaml"}, {{"URL", server.url("/v1")}});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out,
                HasSubstr("small  ok               6 of 6     yes, agree   raw       none         12 of 12"));
    EXPECT_THAT(ended.out,
                HasSubstr("free, which no gate reads\n  warning: it gives no logprobs, and does not say so\n"));
    EXPECT_EQ(server.counts().requests, 4U);
    EXPECT_EQ(json::parse(server.requests().at(1).body).value("stream", false), false);
}

TEST_F(CliDoctor, TellsTemperedLogprobs) {
    FakeProfile profile;
    profile.tempered = true;
    EXPECT_EQ(diagnosis(profile, 0)["mode"], "tempered");
}

TEST_F(CliDoctor, SeesRefusals) {
    for (const int status : {400, 403, 422}) {
        FakeProfile profile;
        profile.logprobs = Logprobs::refused;
        profile.refusal_status = status;
        EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("it refuses to give logprobs")) << status;
    }
}

TEST_F(CliDoctor, SeesSilence) {
    FakeProfile profile;
    profile.logprobs = Logprobs::silently_none;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("gives no logprobs, and does not say so"));
}

TEST_F(CliDoctor, SeesStreamsThatLoseLogprobs) {
    FakeProfile profile;
    profile.logprobs = Logprobs::not_streamed;
    const json found = diagnosis(profile, 1);
    EXPECT_EQ(found["streamed"], false);
    EXPECT_THAT(errors(found), HasSubstr("loses its logprobs in streams"));
}

TEST_F(CliDoctor, SeesTheLastChunkAlone) {
    FakeProfile profile;
    profile.logprobs = Logprobs::last_chunk;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("something between keeps the logprobs of one chunk alone"));
}

TEST_F(CliDoctor, SeesCorruptLists) {
    FakeProfile profile;
    profile.logprobs = Logprobs::repeated;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("are not among their own candidates"));
    profile.logprobs = Logprobs::single;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("one candidate each"));
    profile.logprobs = Logprobs::placeholders;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("placeholders"));
}

TEST_F(CliDoctor, SeesReasoningWithAndWithoutEvidence) {
    FakeProfile profile;
    profile.reasoning_tokens = 20;
    EXPECT_EQ(diagnosis(profile, 0)["reasoning"], "covered");
    profile.reasoning_covered = false;
    const json found = diagnosis(profile, 1);
    EXPECT_EQ(found["reasoning"], "not_covered");
    EXPECT_THAT(errors(found), HasSubstr("write 'scope: answer'"));
}

TEST_F(CliDoctor, SeesCountsThatAreWrongOrMissing) {
    FakeProfile profile;
    profile.counted = 3;
    EXPECT_THAT(errors(diagnosis(profile, 1)), HasSubstr("the server reports 3"));
    profile.counted.reset();
    profile.usage = false;
    const json found = diagnosis(profile, 0);
    EXPECT_EQ(found["usage"], false);
    EXPECT_THAT(warnings(found), HasSubstr("no token counts"));
}

TEST_F(CliDoctor, SeesFewerCandidatesAndAnotherName) {
    FakeProfile profile;
    profile.most_candidates = 4;
    profile.model = "fake-model-2";
    const json found = diagnosis(profile, 0);
    EXPECT_EQ(found["k"], 4);
    EXPECT_THAT(warnings(found), HasSubstr("write 'top_k: 4'"));
    EXPECT_THAT(warnings(found), HasSubstr("answers as 'fake-model-2'"));
}

TEST_F(CliDoctor, SeesWhoIsNotThereOrDoesNotLetIn) {
    std::string gone;
    {
        FakeServer server(serve({}));
        gone = server.url("/v1");
    }
    const json unplugged = diagnosis(gone, 1);
    EXPECT_EQ(unplugged["reachable"], false);
    EXPECT_THAT(errors(unplugged), HasSubstr("check base_url, and that the server runs"));

    FakeServer locked([](FakeExchange& exchange) { exchange.answer(401, R"({"error":{"message":"no"}})"); });
    const json found = diagnosis(locked.url("/v1"), 1);
    EXPECT_EQ(found["reachable"], true);
    EXPECT_EQ(found["authorized"], false);
    EXPECT_EQ(locked.counts().requests, 1U) << "nothing is tried again";

    FakeServer other([](FakeExchange& exchange) {
        exchange.answer(404, R"({"error":{"message":"no such model","code":"model_not_found"}})");
    });
    EXPECT_THAT(errors(diagnosis(other.url("/v1"), 1)), HasSubstr("check the model's name"));

    FakeServer garbage([](FakeExchange& exchange) { exchange.answer(200, "<html>hello"); });
    EXPECT_EQ(diagnosis(garbage.url("/v1"), 1)["reachable"], true);
}

TEST_F(CliDoctor, EndsInTime) {
    FakeServer server([](FakeExchange& exchange) { exchange.stall(); });
    const auto ended = enough({"doctor", "w.yaml", "--json", "--timeout", "0.3"}, {{"URL", server.url("/v1")}});
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_EQ(json::parse(ended.out)["models"]["small"]["reachable"], false);
}

TEST_F(CliDoctor, SaysNothingBesidesItsTableWhenQuiet) {
    FakeServer server(serve(FakeProfile()));
    const std::map<std::string, std::string> environment{{"URL", server.url("/v1")}};
    EXPECT_THAT(enough({"doctor", "w.yaml"}, environment).err, HasSubstr("uncalibrated"));
    EXPECT_EQ(enough({"doctor", "w.yaml", "-q"}, environment).err, "");
}

TEST_F(CliDoctor, ClosesItsSocketsWhenInterrupted) {
    FakeServer server([](FakeExchange& exchange) { exchange.stall(); });
    auto program = start({"doctor", "w.yaml"}, {{"URL", server.url("/v1")}});
    ASSERT_TRUE(server.wait_until([](const auto& counts) { return counts.requests > 0; }));
    program.signal(SIGINT);
    EXPECT_EQ(program.wait().code, 130);
    EXPECT_TRUE(server.wait_until_client_closed());
}

TEST_F(CliDoctor, PinsWhatItFoundAndTheRunFailsClosed) {
    FakeServer good(serve({}));
    const std::map<std::string, std::string> environment{{"URL", good.url("/v1")}};
    const auto ended = enough({"doctor", "w.yaml", "--write", "-m", "small"}, environment);
    EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
    const std::string pin = "    evidence: {k: 6, mode: raw, usage: true, model: \"fake-model\"}\n";
    std::string expected = workflow_text;
    expected.insert(expected.find("    provider"), pin);
    EXPECT_EQ(text_of("w.yaml"), expected);
    EXPECT_EQ(enough({"run", "w.yaml", "-q"}, environment).out.substr(0, 3), "w0-") << "accepted by the first rung";

    FakeProfile changed;
    changed.model = "another-model";
    FakeServer other(serve(changed));
    const auto run = enough({"run", "w.yaml", "--json"}, {{"URL", other.url("/v1")}});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("pinned on model 'fake-model', answered by 'another-model'"));
    EXPECT_EQ(json::parse(run.out)["output"], "42") << "the next rung answers";
    EXPECT_THAT(errors(diagnosis(other.url("/v1"), 1)), HasSubstr("no longer what 'evidence' says: model was"));

    changed.model = "fake-model";
    changed.most_candidates = 4;
    FakeServer fewer(serve(changed));
    EXPECT_THAT(enough({"run", "w.yaml", "--json"}, {{"URL", fewer.url("/v1")}}).err,
                HasSubstr("pinned at 6 candidates a token, but 12 of 12 tokens have fewer than 6"));
}

TEST_F(CliDoctor, AGateThatWantsMoreThanThePinIsAnErrorBeforeAnythingIsAsked) {
    FakeProfile profile;
    profile.most_candidates = 4;
    FakeServer server(serve(profile));
    const std::map<std::string, std::string> environment{{"URL", server.url("/v1")}};
    const auto ended = enough({"doctor", "w.yaml", "--write", "-m", "small"}, environment);
    EXPECT_THAT(ended.err, HasSubstr("write 'top_k: 4'"));
    const auto requests = server.counts().requests;
    const auto run = enough({"run", "w.yaml"}, environment);
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("model 'small' is pinned at 4 candidates a token, and the gate wants 6"));
    EXPECT_EQ(server.counts().requests, requests);
    EXPECT_EQ(enough({"doctor", "w.yaml", "-m", "small", "-q"}, environment).code, 0) << "the doctor still may look";
}

TEST_F(CliDoctor, PrintsWhatItCanNotWrite) {
    FakeServer server(serve({}));
    write("shared.yaml",
          "version: 1\nmodels:\n  a: &a {provider: openai, base_url: \"${URL}\", model: fake-model}\n  b: *a\n"
          "agents:\n  s: {model: a}\nsteps: [{id: s, agent: s, prompt: x}]\n");
    const std::string before = text_of("shared.yaml");
    const auto ended = enough({"doctor", "shared.yaml", "--write"}, {{"URL", server.url("/v1")}});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("put this into it by hand:\n    evidence: {k: 6"));
    EXPECT_EQ(text_of("shared.yaml"), before);
}

TEST_F(CliDoctor, IsReplayedFromACassette) {
    json live;
    {
        FakeServer server(serve({}));
        const auto ended = enough({"doctor", "w.yaml", "--json", "--record", "c.jsonl"}, {{"URL", server.url("/v1")}});
        live = json::parse(ended.out);
    }
    const auto ended = enough({"doctor", "w.yaml", "--json", "--replay", "c.jsonl"}, {{"URL", "http://127.0.0.1:1"}});
    EXPECT_EQ(json::parse(ended.out), live) << ended.err;
}

TEST_F(CliDoctor, SaysWhatIsWrongWithItsUse) {
    const auto unknown = enough({"doctor", "w.yaml", "--model", "smal"}, {{"URL", "http://127.0.0.1:1"}});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("there is no model 'smal'; there are free, small"));
    write("bad.yaml", "version: 1\nsteps: 3\n");
    EXPECT_EQ(enough({"doctor", "bad.yaml"}).code, 2);
    EXPECT_EQ(enough({"doctor", "nothing.yaml"}).code, 2);
    EXPECT_EQ(enough({"doctor", "w.yaml", "--timeout", "0"}).code, 2);
}

}  // namespace
}  // namespace enough::test
