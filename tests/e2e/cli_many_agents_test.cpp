// The program with panels, lists and budgets over real sockets: what is dropped is closed, and nothing is left behind.

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class CliManyAgents : public testing::Test {
protected:
    Program start(const std::string& workflow, const std::string& url, std::vector<std::string> more = {}) const {
        const std::string file = folder_.file("workflow.yaml");
        std::ofstream(file) << workflow;
        std::vector<std::string> arguments{"run", file, "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return Program(ENOUGH_PROGRAM, arguments, {{"URL", url}, {"PID_FILE", pid_file()}});
    }

    /// Where the server of tools leaves its process's number.
    std::string pid_file() const { return folder_.file("pid"); }

    TemporaryFolder folder_;
};

constexpr const char* panel_of_five = R"yaml(
version: 1
name: five
models:
  served: {provider: openai, base_url: "${URL}", model: m, retry: {attempts: 1}}
agents:
  solver: {model: served, max_tokens: 50, answer: {extract: number}}
steps:
  - id: vote
    prompt: What is 6 * 7?
    panel: {agents: [solver], samples: 5, aggregate: majority}
)yaml";

TEST_F(CliManyAgents, APanelDecidedAfterThreeCancelsTwoLiveSockets) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number < 2) {
            exchange.start_stream();
            exchange.event(word_chunk("perhaps", 2));
            exchange.stall();  // until the client closes
            return;
        }
        stream(exchange, {"42", 2});
    });
    Program program = start(panel_of_five, server.url("/v1"));
    ASSERT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.closed_by_client >= 2; }));
    const auto ended = program.wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "42");
    EXPECT_EQ(server.counts().requests, 5U);
    EXPECT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.open == 0; }));
    EXPECT_EQ(report["usage"]["wasted"]["calls"], 2);
    EXPECT_GT(report["usage"]["wasted"]["output_tokens"], 0) << "what the losers wrote is counted";
    EXPECT_GE(report["usage"]["output_tokens"], report["usage"]["wasted"]["output_tokens"]);
    EXPECT_THAT(report["steps"]["vote"]["panel"]["reason"].get<std::string>(), HasSubstr("decided"));
}

TEST_F(CliManyAgents, AnInterruptClosesEveryMember) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(word_chunk("perhaps", 2));
        exchange.stall();
    });
    Program program = start(panel_of_five, server.url("/v1"));
    ASSERT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.requests == 5; }));
    program.signal(SIGINT);
    const auto ended = program.wait();
    EXPECT_EQ(ended.code, 130) << ended.err;
    EXPECT_TRUE(server.wait_until_client_closed(5));
}

constexpr const char* thousand_items = R"yaml(
version: 1
name: thousand
inputs: {items: {type: list}}
models:
  served: {provider: openai, base_url: "${URL}", model: m, retry: {attempts: 1}}
agents:
  solver: {model: served, max_tokens: 50, answer: {extract: number}}
steps:
  - id: each
    for_each: inputs.items
    max_parallel: 8
    agent: solver
    prompt: "Item {{ item }}"
output: "{{ length(steps.each.items) }}"
)yaml";

/// Answers, and notes how many requests were being answered at once.
class Counting {
public:
    FakeHandler handler() {
        return [this](FakeExchange& exchange) {
            const int now = ++open_;
            int most = most_.load();
            while (now > most && !most_.compare_exchange_weak(most, now)) {
            }
            stream(exchange, {"It is 42", 2});
            --open_;
        };
    }
    int most() const { return most_; }

private:
    std::atomic<int> open_ = 0;
    std::atomic<int> most_ = 0;
};

std::string list_of(int items) {
    json list = json::array();
    for (int i = 0; i < items; ++i)
        list.push_back(i);
    return "items=" + list.dump();
}

TEST_F(CliManyAgents, AThousandItemsGoThroughAFewConnections) {
    Counting counting;
    FakeServer server(counting.handler());
    const auto ended = start(thousand_items, server.url("/v1"), {"-q", "-i", list_of(1000)}).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "1000");
    EXPECT_EQ(report["steps"]["each"]["items"].size(), 1000U);
    EXPECT_EQ(server.counts().requests, 1000U);
    EXPECT_LE(counting.most(), 8);
    EXPECT_LE(server.counts().connections, 8U);
}

constexpr const char* one_fails = R"yaml(
version: 1
name: one-fails
models:
  served: {provider: openai, base_url: "${URL}", model: m, retry: {attempts: 1}}
agents:
  solver: {model: served, max_tokens: 50}
steps:
  - {id: slow, needs: [], agent: solver, prompt: slow}
  - {id: also_slow, needs: [], agent: solver, prompt: slow}
  - {id: broken, needs: [], agent: solver, prompt: broken}
)yaml";

TEST_F(CliManyAgents, AFailureLeavesNoOrphanCall) {
    const FakeServer* all = nullptr;
    FakeServer server([&all](FakeExchange& exchange) {
        if (exchange.request().body.find("broken") != std::string::npos) {
            // Not before the others have begun: the point is that they are under way.
            all->wait_until([](const FakeServer::Counts& counts) { return counts.requests == 3; });
            exchange.answer(400, R"({"error":{"message":"no"}})");
            return;
        }
        exchange.start_stream();
        exchange.event(word_chunk("perhaps", 2));
        exchange.stall();
    });
    all = &server;
    const auto ended = start(one_fails, server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.open == 0; }));
    EXPECT_EQ(server.counts().requests, 3U);
    EXPECT_EQ(server.counts().closed_by_client, server.counts().connections);
}

constexpr const char* hedged = R"yaml(
version: 1
name: hedged
models:
  served: {provider: openai, base_url: "${URL}", model: m, retry: {attempts: 1}, hedge: {after: 50ms}}
agents:
  solver: {model: served, max_tokens: 50}
LIMITS
steps:
  - {id: ask, agent: solver, prompt: "What is 6 * 7?"}
)yaml";

std::string hedged_with(const std::string& limits) {
    std::string text = hedged;
    text.replace(text.find("LIMITS"), 6, limits);
    return text;
}

FakeHandler first_one_stalls() {
    return [](FakeExchange& exchange) {
        if (exchange.request().number == 0) {
            exchange.stall();
            return;
        }
        stream(exchange, {"42", 2});
    };
}

TEST_F(CliManyAgents, ASlowCallIsHedgedAndTheLoserClosed) {
    FakeServer server(first_one_stalls());
    const auto ended = start(hedged_with(""), server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "42");
    EXPECT_EQ(server.counts().requests, 2U);
    EXPECT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.open == 0; }));
    EXPECT_EQ(report["steps"]["ask"]["calls"][0]["attempts"], 2);
    EXPECT_EQ(report["usage"]["calls"], 1);
    EXPECT_GT(report["usage"]["input_tokens"], 10) << "the loser's prompt is counted, too";
}

TEST_F(CliManyAgents, AHedgeThatDoesNotFitTheBudgetIsNotSent) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.pause(std::chrono::milliseconds(300));
        stream(exchange, {"42", 2});
    });
    // One attempt reserves some twenty tokens for the prompt and fifty for the answer.
    const auto ended = start(hedged_with("limits: {tokens: 100}"), server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(server.counts().requests, 1U);
}

TEST_F(CliManyAgents, RetriesDrawFromThePurse) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        for (int i = 0; i < 40; ++i)
            exchange.event(word_chunk("word ", 2));
        exchange.close();  // cut after forty tokens
    });
    std::string text = hedged_with("limits: {tokens: 130}");
    const std::string before = "retry: {attempts: 1}, hedge: {after: 50ms}";
    text.replace(text.find(before), before.size(), "retry: {attempts: 9, delay: 1ms}");
    const auto ended = start(text, server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 1) << ended.err;
    const json report = json::parse(ended.out);
    const auto tokens = report["usage"]["input_tokens"].get<int>() + report["usage"]["output_tokens"].get<int>();
    EXPECT_LE(tokens, 130);
    EXPECT_LT(server.counts().requests, 9U);
    EXPECT_THAT(report["error"].get<std::string>(), HasSubstr("budget"));
}

const std::string with_tools = std::string(R"yaml(
version: 1
name: tools
models:
  served: {provider: openai, base_url: "${URL}", model: m, retry: {attempts: 1}}
tools:
  calculator: {command: [python3, )yaml") +
                               ENOUGH_TESTS_DIR + R"yaml(/e2e/SCRIPT], environment: {PID_FILE: "${PID_FILE}"}}
agents:
  solver: {model: served, max_tokens: 50, tools: [calculator], answer: {extract: number}}
steps:
  - {id: ask, agent: solver, prompt: "What is 40 + 2?"}
)yaml";

std::string with_script(const std::string& script) {
    std::string text = with_tools;
    return text.replace(text.find("SCRIPT"), 6, script);
}

/// First wants the sum calculated, then repeats what it is told.
void calculate(FakeExchange& exchange) {
    const json body = json::parse(exchange.request().body);
    const json& last = body["messages"].back();
    if (last["role"] == "tool") return stream(exchange, {"It is " + last["content"].get<std::string>(), 2});
    const json call{{"index", 0},
                    {"id", "c1"},
                    {"type", "function"},
                    {"function", {{"name", "add"}, {"arguments", R"({"a": 40, "b": 2})"}}}};
    exchange.start_stream();
    exchange.event(json{{"choices", {{{"index", 0}, {"delta", {{"tool_calls", {call}}}}}}}}.dump());
    exchange.event(
        json{{"choices", {{{"index", 0}, {"delta", json::object()}, {"finish_reason", "tool_calls"}}}}}.dump());
    exchange.event(R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":7}})");
    exchange.event("[DONE]");
    exchange.end_stream();
}

TEST_F(CliManyAgents, AnAgentCallsAToolAndTheServerOfToolsIsEnded) {
    FakeServer server(calculate);
    const auto ended = start(with_script("calculator_mcp.py"), server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "42");
    ASSERT_EQ(server.counts().requests, 2U);
    const json first = json::parse(server.requests().at(0).body);
    EXPECT_EQ(first["tools"][0]["function"]["name"], "add");
    const json second = json::parse(server.requests().at(1).body);
    EXPECT_EQ(second["messages"].back()["tool_call_id"], "c1");
    EXPECT_EQ(report["usage"]["calls"], 2);
    pid_t tools = 0;
    std::ifstream(pid_file()) >> tools;
    ASSERT_GT(tools, 0) << "the server of tools has run";
    EXPECT_EQ(kill(tools, 0), -1) << "it must not outlive the run";
}

TEST_F(CliManyAgents, ARunWhoseServerOfToolsCannotStartAsksNobody) {
    FakeServer server(calculate);
    const auto ended = start(with_script("nowhere.py"), server.url("/v1")).wait();
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_EQ(server.counts().requests, 0U);
    EXPECT_THAT(json::parse(ended.out)["error"].get<std::string>(), HasSubstr("tools 'calculator'"));
}

}  // namespace
}  // namespace enough::test
