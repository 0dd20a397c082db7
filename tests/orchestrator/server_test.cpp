// The HTTP API over real loopback sockets.

#include "orchestrator/server_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The JSON of each event of a stream; `[DONE]` as a string.
std::vector<json> events_of(const std::string& stream) {
    std::vector<json> events;
    constexpr std::string_view data = "data: ";
    for (std::size_t at = stream.find(data); at != std::string::npos; at = stream.find(data, at + 1)) {
        const std::string line = stream.substr(at + data.size(), stream.find('\n', at) - at - data.size());
        events.push_back(line == "[DONE]" ? json("[DONE]") : json::parse(line));
    }
    return events;
}

std::string joined(const std::vector<json>& events, const char* field) {
    std::string text;
    for (const json& event : events)
        if (event.is_object() && event.contains("choices") && !event["choices"].empty())
            text += event["choices"][0]["delta"].value(field, std::string());
    return text;
}

std::string streamed(const std::string& options) {
    return fmt::format(R"({{"model": "cascade", "messages": [{{"role": "user", "content": "q"}}], "stream": true{}}})",
                       options);
}

Task<void> completes(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(reply.status, 200);
    const json body = reply.json();
    EXPECT_EQ(body["object"], "chat.completion");
    EXPECT_EQ(body["model"], "cascade");
    EXPECT_EQ(body["choices"][0]["message"]["content"], "it is 42");
    EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(body["enough"]["status"], "accepted");
    EXPECT_EQ(body["enough"]["run_id"], reply.run_id);
    // Both calls: 5 words asked and 3 answered each time, as the script counts words.
    EXPECT_EQ(body["usage"]["completion_tokens"], 6);
    EXPECT_EQ(body["usage"]["prompt_tokens"], body["enough"]["usage"]["input_tokens"]);
}

TEST(Server, AWorkflowIsAModel) {
    with_server({scripted_cascade}, completes);
}

Task<void> streams_live(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions",
                                             streamed(R"(, "stream_options": {"include_usage": true})"));
    EXPECT_EQ(reply.status, 200);
    const auto events = events_of(reply.body);
    EXPECT_EQ(joined(events, "reasoning_content"), "a first draft\n\n");
    EXPECT_EQ(joined(events, "content"), "it is 42");
    EXPECT_EQ(events.back(), "[DONE]");
    const json& usage = events.at(events.size() - 2);
    EXPECT_TRUE(usage["choices"].empty());
    EXPECT_EQ(usage["usage"]["completion_tokens"], 6);
    EXPECT_EQ(events.at(events.size() - 3)["enough"]["status"], "accepted");
    EXPECT_EQ(events.at(events.size() - 3)["choices"][0]["finish_reason"], "stop");
    std::size_t pieces = 0;
    for (const json& event : events)
        pieces += event.is_object() && event.contains("enough") && event["enough"].contains("call");
    EXPECT_GE(pieces, 6u) << "word by word, not one buffered chunk";
}

TEST(Server, DraftsAreReasoningAndTheUngatedAnswerIsContentAsItIsWritten) {
    with_server({scripted_cascade}, streams_live);
}

Task<void> usage_only_if_asked(ServerClient* client, Server*) {
    for (const char* options : {"", R"(, "stream_options": {"include_usage": false})"}) {
        const Reply reply = co_await client->ask("POST", "/v1/chat/completions", streamed(options));
        for (const json& event : events_of(reply.body))
            EXPECT_FALSE(event.is_object() && event.contains("usage")) << options;
    }
}

TEST(Server, UsageIsStreamedOnlyWhereItIsAskedFor) {
    with_server({scripted_cascade}, usage_only_if_asked);
}

constexpr const char* failing = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{text: "a first draft", entropy: [1.9], repeat: true}]}
  large: {provider: scripted, answers: [{text: "", error: server_error, repeat: true}]}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert}]
)yaml";

Task<void> fails_in_the_open(ServerClient* client, Server*) {
    const Reply stream = co_await client->ask("POST", "/v1/chat/completions", streamed(""));
    const auto events = events_of(stream.body);
    EXPECT_EQ(stream.status, 200) << "something had been sent";
    EXPECT_EQ(joined(events, "reasoning_content"), "a first draft\n\n");
    EXPECT_TRUE(events.back().contains("error")) << "and no [DONE]: " << stream.body;
    const Reply whole = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(whole.status, 502);
    EXPECT_EQ(whole.json()["error"]["code"], "run_failed");
    EXPECT_EQ(whole.json()["error"]["type"], "server_error");
}

TEST(Server, AFailureAfterTheFirstByteIsAnErrorEventAndBeforeItAStatus) {
    with_server({failing}, fails_in_the_open);
}

struct Refused {
    const char* method;
    const char* path;
    std::string body;
    int status;
    const char* message;
};

Task<void> refuses(ServerClient* client, std::vector<Refused> cases) {
    for (const Refused& each : cases) {
        const Reply reply = co_await client->ask(each.method, each.path, each.body);
        EXPECT_EQ(reply.status, each.status) << each.method << ' ' << each.path << ' ' << each.body;
        EXPECT_THAT(reply.error(), HasSubstr(each.message)) << each.body;
    }
}

TEST(Server, RefusesInOpenAIsForm) {
    const auto chat = [](const std::string& more) { return R"({"model": "cascade", )" + more + "}"; };
    const std::string messages = R"("messages": [{"role": "user", "content": "q"}])";
    const char* path = "/v1/chat/completions";
    const std::vector<Refused> cases = {
        {"POST", path, "no json", 400, "must be a JSON object"},
        {"POST", path, R"({"model": "nobody", "messages": [{"role": "user", "content": "q"}]})", 404, "no workflow"},
        {"POST", path, R"({"messages": []})", 400, "'model'"},
        {"POST", path, chat(R"("messages": [])"), 400, "at least one message"},
        {"POST", path, chat(R"("messages": [{"role": "system", "content": "s"}])"), 400, "the user's"},
        {"POST", path, chat(R"("messages": [{"role": "robot", "content": "s"}])"), 400, "a role is one of"},
        {"POST", path, chat(R"("messages": [{"role": "user", "content": [{"type": "image_url"}]}])"), 400, "text"},
        {"POST", path, chat(messages + R"(, "n": 2)"), 400, "'n' must be 1"},
        {"POST", path, chat(messages + R"(, "tools": [{"type": "function"}])"), 400, "tools"},
        {"POST", path, chat(messages + R"(, "stream": "yes")"), 400, "'stream'"},
        {"GET", path, "", 405, "POST"},
        {"GET", "/v1/nothing", "", 404, "nothing at this path"},
        {"POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"questoin": "q"}})", 400, "question"},
        {"POST", "/v1/runs", R"({"workflow": "nobody"})", 404, "'workflow'"},
        {"POST", "/v1/runs?wait=long", R"({"workflow": "cascade", "inputs": {"question": "q"}})", 400, "duration"},
        {"GET", "/v1/runs/none", "", 404, "no such run"},
        {"DELETE", "/v1/runs/none", "", 404, "no such run"},
        {"GET", "/v1/runs?limit=0", "", 400, "'limit'"},
        {"GET", "/v1/runs?status=odd", "", 400, "status"},
    };
    with_server({scripted_cascade}, [&](ServerClient* client, Server*) { return refuses(client, cases); });
}

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

TEST(Server, KeepsRunsAndTheirEvents) {
    with_server({scripted_cascade}, lists_runs);
}

std::string served_at(const std::string& url) {
    return fmt::format(R"yaml(
version: 1
name: cascade
inputs: {{question: {{type: string}}}}
models:
  far: {{provider: openai, base_url: "{}", model: m, retry: {{attempts: 1}}}}
agents: {{solver: {{model: far}}}}
steps: [{{id: solve, agent: solver, prompt: "{{{{ inputs.question }}}}"}}]
)yaml",
                       url);
}

/// An upstream that says one word and then waits; counts clients that have left.
struct Stalling {
    std::atomic<int> asked{0};
    std::atomic<int> left{0};
    FakeServer server{[this](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(word_chunk("perhaps", 0));
        ++asked;
        if (!exchange.stall()) ++left;
    }};
};

Task<void> wait_for(std::atomic<int>* count, int wanted) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (int i = 0; i < 5'000 && *count < wanted; ++i) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(*count, wanted);
}

Task<void> leaves(ServerClient* client, Stalling* upstream) {
    int left = 0;
    for (const char* stream : {"true", "false"}) {
        asio::ip::tcp::socket socket = co_await client->connect();
        const std::string body = fmt::format(
            R"({{"model": "cascade", "messages": [{{"role": "user", "content": "q"}}], "stream": {}}})", stream);
        const std::string request = fmt::format(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        co_await wait_for(&upstream->asked, left + 1);
        socket.close();
        co_await wait_for(&upstream->left, ++left);
    }
    const Reply last = co_await client->ask("GET", "/v1/runs?status=cancelled");
    EXPECT_EQ(last.json()["data"].size(), 2u);
}

TEST(Server, AClientThatLeavesClosesEverySocketUpstreamStreamingOrNot) {
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

TEST(Server, ARunCanBeCancelledByItsId) {
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

TEST(Server, MoreRunsThanAllowedAreRefusedWithRetryAfter) {
    Stalling upstream;
    ServeSettings settings = on_any_port();
    settings.limits.runs = 1;
    with_server(
        {served_at(upstream.server.url("/v1"))},
        [&](ServerClient* client, Server*) { return is_full(client, &upstream); }, settings);
}

Task<void> needs_keys(ServerClient* client, Server*) {
    const std::vector<std::pair<std::string, int>> keys = {
        {"", 401}, {"wrong-key-wrong-key", 401}, {"first-key-0123456789", 200}, {"second-key-0123456789", 200}};
    for (const auto& [key, status] : keys) {
        const Reply reply = co_await client->ask("GET", "/v1/models", "", key);
        EXPECT_EQ(reply.status, status) << key;
    }
    for (const char* probe : {"/healthz", "/readyz"}) {
        const Reply reply = co_await client->ask("GET", probe);
        EXPECT_EQ(reply.status, 200) << probe;
    }
}

TEST(Server, KeysAreNeededForAllButTheProbes) {
    TemporaryFolder folder;
    // The second as SHA-256, as `printf %s second-key-0123456789 | sha256sum` gives it.
    std::ofstream(folder.file("keys")) << "# who may ask\nfirst-key-0123456789  # a client\n\nsha256:"
                                       << "cdc8bf8583da505da0340b103c182d172408e4a68698993e485475e2f7e74b36\n";
    ServeSettings settings = on_any_port();
    settings.api_keys = folder.file("keys");
    with_server({scripted_cascade}, needs_keys, settings);
}

TEST(Server, BeyondLoopbackItNeedsKeys) {
    asio::io_context context;
    ServeSettings settings = on_any_port();
    settings.address = "0.0.0.0";
    EXPECT_THROW(Server(context.get_executor(), settings), std::invalid_argument);
    settings.address = "nowhere";
    EXPECT_THROW(Server(context.get_executor(), settings), std::invalid_argument);
}

struct RawCase {
    std::string bytes;
    std::string status;
};

Task<void> sends_raw(ServerClient* client, std::vector<RawCase> cases) {
    for (const RawCase& each : cases) {
        const std::string answer = co_await client->raw(each.bytes);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + each.status)) << each.bytes.substr(0, 200);
        EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "one answer, whatever follows: " << each.bytes;
    }
    const Reply after = co_await client->ask("GET", "/healthz");
    EXPECT_EQ(after.status, 200) << "the server goes on";
}

TEST(Server, SmugglersGarbageAndGiantsAreRefused) {
    const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n";
    const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::vector<RawCase> cases = {
        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: -1\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: 1 2\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: gzip\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked, gzip\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + hidden, "400"},
        {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        {"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        {"\x16\x03\x01 this is TLS\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n", "431"},
        {post + "Content-Length: 99999999\r\n\r\n", "413"},
    };
    with_server({scripted_cascade}, [&](ServerClient* client, Server*) { return sends_raw(client, cases); });
}

Task<void> dawdles(ServerClient* client, Server*) {
    const std::string header = co_await client->raw("GET /healthz HTTP/1.1\r\nHo");
    EXPECT_THAT(header, StartsWith("HTTP/1.1 408"));
    const std::string post = "POST /v1/runs HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{";
    const std::string body = co_await client->raw(post);
    EXPECT_THAT(body, StartsWith("HTTP/1.1 408"));
    const std::string nothing = co_await client->raw("");
    EXPECT_EQ(nothing, "") << "an idle connection is just closed";
}

TEST(Server, WhoSendsTooSlowlyIsSentAway) {
    ServeSettings settings = on_any_port();
    settings.limits.header_time = settings.limits.body_time = settings.limits.idle_time = std::chrono::milliseconds(50);
    with_server({scripted_cascade}, dawdles, settings);
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

TEST(Server, WorkflowsCanBeReplacedWhileItServes) {
    with_server({scripted_cascade}, is_replaced);
}

}  // namespace
}  // namespace enough::test
