// Runs for themselves: started, listed, followed, cancelled.

#include "orchestrator/stalling_upstream.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Task<void> lists_runs(ServerClient* client, Server*) {
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) {
        const Reply reply = co_await client->ask("POST", "/v1/runs?wait=10s",
                                                 R"({"workflow": "cascade", "inputs": {"question": "q"}})");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.json()["output"], "it is 42");
        ids.push_back(reply.json()["run_id"]);
    }
    const Reply first = co_await client->ask("GET", "/v1/runs?limit=2");
    const json page = first.json();
    EXPECT_EQ(page["data"].size(), 2u);
    EXPECT_EQ(page["data"][0]["run_id"], ids[2]) << "the newest first";
    const Reply second = co_await client->ask("GET", "/v1/runs?limit=2&before=" + std::string(page["next"]));
    const json rest = second.json();
    EXPECT_EQ(rest["data"].size(), 1u);
    EXPECT_EQ(rest["data"][0]["run_id"], ids[0]);
    EXPECT_TRUE(rest["next"].is_null());
    const Reply failed = co_await client->ask("GET", "/v1/runs?status=failed");
    EXPECT_TRUE(failed.json()["data"].empty());
    const Reply events = co_await client->ask("GET", "/v1/runs/" + ids[0] + "/events");
    EXPECT_EQ(events_of(events.body).front()["type"], "run_started");
    EXPECT_EQ(events_of(events.body).back()["type"], "run_finished");
}

TEST(ServerRuns, KeepsRunsAndTheirEvents) {
    with_server({scripted_cascade}, lists_runs);
}

Task<void> leaves(ServerClient* client, Stalling* upstream) {
    int left = 0;
    for (const char* stream : {"true", "false"}) {
        asio::ip::tcp::socket socket = co_await client->connect();
        const std::string body = fmt::format(
            R"({{"model": "cascade", "messages": [{{"role": "user", "content": "q"}}], "stream": {}}})", stream);
        const std::string request = fmt::format(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        co_await wait_for(&upstream->asked, left + 1);
        socket.close();
        co_await wait_for(&upstream->left, ++left);
    }
    const Reply last = co_await client->ask("GET", "/v1/runs?status=cancelled");
    EXPECT_EQ(last.json()["data"].size(), 2u);
}

TEST(ServerRuns, AClientThatLeavesClosesEverySocketUpstreamStreamingOrNot) {
    Stalling upstream;
    with_server({served_at(upstream.server.url("/v1"))},
                [&](ServerClient* client, Server*) { return leaves(client, &upstream); });
}

Task<void> is_deleted(ServerClient* client, Stalling* upstream) {
    const Reply started =
        co_await client->ask("POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"question": "q"}})");
    EXPECT_EQ(started.status, 202);
    EXPECT_EQ(started.json()["status"], "running");
    co_await wait_for(&upstream->asked, 1);
    const Reply ended = co_await client->ask("DELETE", "/v1/runs/" + std::string(started.json()["run_id"]));
    EXPECT_EQ(ended.json()["status"], "cancelled");
    co_await wait_for(&upstream->left, 1);
}

TEST(ServerRuns, ARunCanBeCancelledByItsId) {
    Stalling upstream;
    with_server({served_at(upstream.server.url("/v1"))},
                [&](ServerClient* client, Server*) { return is_deleted(client, &upstream); });
}

Task<void> is_full(ServerClient* client, Stalling* upstream) {
    const std::string body = R"({"workflow": "cascade", "inputs": {"question": "q"}})";
    const Reply first = co_await client->ask("POST", "/v1/runs", body);
    co_await wait_for(&upstream->asked, 1);
    const Reply second = co_await client->ask("POST", "/v1/runs", body);
    EXPECT_EQ(second.status, 429);
    EXPECT_TRUE(second.retry_after);
    const Reply third = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(third.status, 429);
    co_await client->ask("DELETE", "/v1/runs/" + std::string(first.json()["run_id"]));
}

TEST(ServerRuns, MoreRunsThanAllowedAreRefusedWithRetryAfter) {
    Stalling upstream;
    ServeSettings settings = on_any_port();
    settings.limits.runs = 1;
    with_server(
        {served_at(upstream.server.url("/v1"))},
        [&](ServerClient* client, Server*) { return is_full(client, &upstream); }, settings);
}

Task<void> is_replaced(ServerClient* client, Server* server) {
    std::string other = scripted_cascade;
    other.replace(other.find("it is 42"), 8, "it is 43");
    server->offer(std::vector(1, parse_workflow(other)));
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(reply.json()["choices"][0]["message"]["content"], "it is 43");
    EXPECT_THROW(server->offer(std::vector(2, parse_workflow(scripted_cascade))), std::invalid_argument);
    const Reply same = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(same.json()["choices"][0]["message"]["content"], "it is 43") << "a refused offer changes nothing";
}

TEST(ServerRuns, WorkflowsCanBeReplacedWhileItServes) {
    with_server({scripted_cascade}, is_replaced);
}
constexpr const char* approved = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "paid", repeat: true}]}}
agents: {a: {model: m}}
steps:
  - {id: ask, approve: "Pay {{ inputs.question }}?"}
  - {id: pay, needs: [ask], agent: a, prompt: pay}
output: "{{ coalesce(steps.pay.text, 'not paid') }}"
)yaml";

Task<void> is_approved(ServerClient* client, Server*) {
    for (const bool yes : {true, false}) {
        const Reply started =
            co_await client->ask("POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"question": "9"}})");
        EXPECT_EQ(started.json()["status"], "running");
        const std::string run = "/v1/runs/" + std::string(started.json()["run_id"]);
        const std::string step = run + "/approvals/ask";
        for (const auto& [body, status] : std::vector<std::pair<std::string, int>>{
                 {"{}", 400}, {R"({"approved": 1})", 400}, {R"({"approved": true, "why": "x"})", 400}}) {
            const Reply refused = co_await client->ask("POST", step, body);
            EXPECT_EQ(refused.status, status) << body;
        }
        const Reply elsewhere = co_await client->ask("POST", run + "/approvals/pay", R"({"approved": true})");
        EXPECT_EQ(elsewhere.status, 409);
        const std::string answer = fmt::format(R"({{"approved": {}, "comment": "seen"}})", yes);
        const Reply decided = co_await client->ask("POST", step, answer);
        EXPECT_EQ(decided.status, 200);
        const Reply again = co_await client->ask("POST", step, answer);
        EXPECT_EQ(again.status, 409);
        const Reply events = co_await client->ask("GET", run + "/events");
        EXPECT_THAT(events.body, HasSubstr(fmt::format(R"("approved":{})", yes)));
        EXPECT_THAT(events.body, HasSubstr(R"("by":"anonymous","comment":"seen")"));
        const Reply ended = co_await client->ask("GET", run);
        EXPECT_EQ(ended.json()["status"], yes ? "accepted" : "failed") << ended.body;
    }
}

TEST(ServerRuns, PeopleApproveOverHttp) {
    with_server({approved}, is_approved);
}

/// Two runs that would go on for ever, one of them with a client that waits for it.
Task<void> is_drained(asio::any_io_executor executor, Stalling* upstream, ServeSettings settings, std::string* told) {
    Server server(executor, settings);
    server.offer(std::vector(1, parse_workflow(served_at(upstream->server.url("/v1")))));
    TaskGroup serving(executor);
    serving.spawn(server.serve());
    ServerClient client(executor, server.address());
    co_await client.ask("POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"question": "q"}})");
    asio::ip::tcp::socket socket = co_await client.connect();
    const std::string body = streamed("");
    const std::string request = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    co_await wait_for(&upstream->asked, 2);
    serving.cancel();
    boost::system::error_code ended;
    co_await asio::async_read(socket, asio::dynamic_buffer(*told), asio::redirect_error(asio::use_awaitable, ended));
    co_await serving.join();
    co_await wait_for(&upstream->left, 2);
}

TEST(ServerRuns, AreCancelledAtTheEndOfTheDrainAndTheirClientsToldSo) {
    for (const int patience : {0, 50}) {
        Stalling upstream;
        ServeSettings settings = on_any_port();
        settings.drain = std::chrono::milliseconds(patience);
        std::string told;
        run_with([&](asio::any_io_executor executor) { return is_drained(executor, &upstream, settings, &told); });
        EXPECT_THAT(told, HasSubstr("perhaps")) << patience;
        EXPECT_THAT(told, HasSubstr("run_cancelled"));
        EXPECT_THAT(told, testing::Not(HasSubstr("[DONE]")));
    }
}

}  // namespace
}  // namespace enough::test
