// The program `enough run` with two OpenAI-compatible servers: what it asks them, what it prints, how it exits.

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* workflow_text = R"yaml(
version: 1
name: two-servers
inputs: {question: {type: string}}
models:
  small: {provider: openai, base_url: "${SMALL_URL}", model: small-1, api_key: "sk-very-secret-key", retry: {attempts: 1}}
  large: {provider: openai, base_url: "${LARGE_URL}", model: large-1, retry: {attempts: 1}}
agents:
  solver: {model: small, max_tokens: 50, answer: {extract: number}}
  expert: {extends: solver, model: large}
gates:
  sure: {signal: entropy.mean, accept: [1.5, 1.5, 1.5]}
limits:
  calls: ${CALLS:-10}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: sure, refine: {max_steps: 3}}
      - {agent: expert, gate: sure}
output: "{{ coalesce(steps.solve.answer, steps.solve.text) }}"
)yaml";

/// Answers in order; the last one again and again.
FakeHandler answers(std::vector<FakeAnswer> script) {
    return [script, next = std::make_shared<std::atomic<std::size_t>>(0)](FakeExchange& exchange) {
        const std::size_t turn = std::min(next->fetch_add(1), script.size() - 1);
        stream(exchange, script[turn]);
    };
}

constexpr int sure = 2;    // 1 bit
constexpr int unsure = 4;  // 2 bits

class CliRun : public testing::Test {
protected:
    void SetUp() override { std::ofstream(workflow_) << workflow_text; }

    std::map<std::string, std::string> urls(const std::string& small, const std::string& large) const {
        return {{"SMALL_URL", small}, {"LARGE_URL", large}};
    }

    Program start(const std::map<std::string, std::string>& environment, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{"run", workflow_, "-i", "question=What is 6 * 7?"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return Program(ENOUGH_PROGRAM, arguments, environment);
    }

    TemporaryFolder folder_;
    std::string workflow_ = folder_.file("workflow.yaml");
};

TEST_F(CliRun, AcceptsASureFirstAnswer) {
    FakeServer small(answers({{"It is 42", sure}}));
    FakeServer large(answers({{"43", sure}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1"))).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "42\n");
    EXPECT_THAT(ended.err, HasSubstr("entropy.mean 1.00 <= 1.50"));
    EXPECT_EQ(small.counts().requests, 1U);
    EXPECT_EQ(large.counts().requests, 0U);
    const json body = json::parse(small.requests().at(0).body);
    EXPECT_EQ(body["model"], "small-1");
    EXPECT_EQ(body["logprobs"], true);
    EXPECT_EQ(body["top_logprobs"], 20);
    EXPECT_EQ(body["stream_options"]["include_usage"], true);
    EXPECT_EQ(small.requests().at(0).header("Authorization"), "Bearer sk-very-secret-key");
}

TEST_F(CliRun, RefinesTwiceThenAcceptsOverOneConnection) {
    FakeServer small(answers({{"40", unsure}, {"41", unsure}, {"42", sure}}));
    FakeServer large(answers({{"43", sure}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1")), {"--json"}).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "42");
    const json& calls = report["steps"]["solve"]["calls"];
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[0]["verdict"], "refine");
    EXPECT_EQ(calls[1]["verdict"], "refine");
    EXPECT_EQ(calls[2]["verdict"], "accept");
    EXPECT_EQ(report["usage"]["input_tokens"], 30);
    EXPECT_EQ(small.counts().connections, 1U);
}

TEST_F(CliRun, EscalatesToTheOtherServer) {
    FakeServer small(answers({{"41", unsure}}));
    FakeServer large(answers({{"42", sure}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1"))).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "42\n");
    EXPECT_EQ(small.counts().requests, 3U);
    EXPECT_EQ(large.counts().requests, 1U);
    EXPECT_THAT(large.requests().at(0).body, HasSubstr("A previous attempt answered"));
}

TEST_F(CliRun, SaysUnresolvedWhenNobodyIsSure) {
    FakeServer small(answers({{"41", unsure}}));
    FakeServer large(answers({{"42", unsure}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1")), {"--json"}).wait();
    EXPECT_EQ(ended.code, 3) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["status"], "unresolved");
    EXPECT_EQ(report["output"], "42");
}

TEST_F(CliRun, NeverAcceptsAServerWithoutLogprobs) {
    FakeServer small(answers({{"41", 0}}));
    FakeServer large(answers({{"42", 0}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1")), {"--json"}).wait();
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("no evidence"));
}

TEST_F(CliRun, StopsAtItsBudget) {
    FakeServer small(answers({{"41", unsure}}));
    FakeServer large(answers({{"42", sure}}));
    auto environment = urls(small.url("/v1"), large.url("/v1"));
    environment["CALLS"] = "2";
    const auto ended = start(environment, {"--json"}).wait();
    EXPECT_EQ(ended.code, 4) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["status"], "over_budget");
    EXPECT_EQ(report["output"], nullptr);
    EXPECT_THAT(report["error"].get<std::string>(), HasSubstr("limits.calls allows 2"));
    EXPECT_EQ(small.counts().requests, 2U);
    EXPECT_EQ(large.counts().requests, 0U);
}

std::string url_of_nobody() {
    FakeServer gone(answers({{"x", sure}}));
    return gone.url("/v1");
}

TEST_F(CliRun, GoesOnWithTheOtherServerWhenOneIsGone) {
    FakeServer large(answers({{"42", sure}}));
    const auto ended = start(urls(url_of_nobody(), large.url("/v1"))).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "42\n");
    EXPECT_THAT(ended.err, HasSubstr("cannot connect"));
}

TEST_F(CliRun, FailsWhenAllServersAreGone) {
    const std::string nobody = url_of_nobody();
    const auto ended = start(urls(nobody, nobody), {"--json"}).wait();
    EXPECT_EQ(ended.code, 1) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["status"], "failed");
    EXPECT_THAT(report["error"].get<std::string>(), HasSubstr("cannot connect"));
}

TEST_F(CliRun, NeverTakesACutStreamForAnAnswer) {
    FakeServer small([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(word_chunk("42", sure));
        exchange.close();
    });
    FakeServer large(answers({{"43", sure}}));
    const auto ended = start(urls(small.url("/v1"), large.url("/v1"))).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "43\n");
}

TEST_F(CliRun, ClosesItsSocketsOnInterrupt) {
    FakeServer small([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(word_chunk("42", sure));
        exchange.stall();
    });
    FakeServer large(answers({{"43", sure}}));
    Program program = start(urls(small.url("/v1"), large.url("/v1")), {"--json"});
    ASSERT_TRUE(small.wait_until([](const FakeServer::Counts& counts) { return counts.requests == 1; }));
    program.signal(SIGINT);
    const auto ended = program.wait();
    EXPECT_EQ(ended.code, 130) << ended.err;
    EXPECT_EQ(json::parse(ended.out)["status"], "cancelled");
    EXPECT_TRUE(small.wait_until_client_closed());
    EXPECT_EQ(large.counts().requests, 0U);
}

TEST_F(CliRun, WritesALogWithoutTheKey) {
    FakeServer small(answers({{"42", sure}}));
    FakeServer large(answers({{"43", sure}}));
    const std::string log = folder_.file("events.jsonl");
    const auto ended = start(urls(small.url("/v1"), large.url("/v1")), {"--json", "--events", log}).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    std::stringstream events;
    events << std::ifstream(log).rdbuf();
    EXPECT_THAT(events.str(), HasSubstr("\"type\":\"run_finished\""));
    for (const std::string& text : {events.str(), ended.out, ended.err})
        EXPECT_THAT(text, testing::Not(HasSubstr("very-secret")));
}

}  // namespace
}  // namespace enough::test
