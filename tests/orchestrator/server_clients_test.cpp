// Who may ask, and how much.

#include "orchestrator/server_fixture.hpp"

#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace enough::test {
namespace {

using nlohmann::json;
/// Two calls of about 80 tokens each.
constexpr const char* two_costly_calls = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "one two three", repeat: true, input_tokens: 40, tokens: 40}]}}
agents: {a: {model: m, max_tokens: 40}}
steps:
  - {id: one, agent: a, prompt: "{{ inputs.question }}"}
  - {id: two, agent: a, prompt: "{{ steps.one.text }}"}
output: "{{ steps.two.text }}"
)yaml";

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

TEST(ServerClients, KeysAreNeededForAllButTheProbes) {
    TemporaryFolder folder;
    // The second as SHA-256, as `printf %s second-key-0123456789 | sha256sum` gives it.
    std::ofstream(folder.file("keys")) << "# who may ask\nfirst-key-0123456789  # a client\n\nsha256:"
                                       << "cdc8bf8583da505da0340b103c182d172408e4a68698993e485475e2f7e74b36\n";
    ServeSettings settings = on_any_port();
    settings.api_keys = folder.file("keys");
    with_server({scripted_cascade}, needs_keys, settings);
}

TEST(ServerClients, BeyondLoopbackItNeedsKeys) {
    asio::io_context context;
    ServeSettings settings = on_any_port();
    settings.address = "0.0.0.0";
    EXPECT_THROW(Server(context.get_executor(), settings), std::invalid_argument);
    settings.address = "nowhere";
    EXPECT_THROW(Server(context.get_executor(), settings), std::invalid_argument);
}
constexpr const char* any_question = R"({"workflow": "cascade", "inputs": {"question": "q"}})";

ServeSettings with_keys(const TemporaryFolder& folder, const std::string& text) {
    std::ofstream(folder.file("keys")) << text;
    ServeSettings settings = on_any_port();
    settings.api_keys = folder.file("keys");
    return settings;
}

Task<void> asks_too_often(ServerClient* client, Server*) {
    for (const int status : {200, 200, 429}) {
        const Reply seen = co_await client->ask("GET", "/v1/runs", "", "first-key-0123456789");
        EXPECT_EQ(seen.status, 200) << "looking costs nothing";
        const Reply reply = co_await client->ask("POST", "/v1/chat/completions", ask_cascade, "first-key-0123456789");
        EXPECT_EQ(reply.status, status);
        if (status == 200) continue;
        EXPECT_EQ(reply.json()["error"]["type"], "rate_limit_error");
        EXPECT_EQ(reply.retry_after, "30") << "two a minute: the next place comes free after half of it";
    }
    const Reply other = co_await client->ask("POST", "/v1/chat/completions", ask_cascade, "second-key-0123456789");
    EXPECT_EQ(other.status, 200);
}

TEST(ServerClients, AKeyMayAskSoOften) {
    TemporaryFolder folder;
    const std::string keys = "first-key-0123456789 requests_per_minute=2\nsecond-key-0123456789\n";
    with_server({scripted_cascade}, asks_too_often, with_keys(folder, keys));
}

Task<void> uses_its_tokens(ServerClient* client, Server*) {
    const std::string key = "first-key-0123456789";
    const Reply first = co_await client->ask("POST", "/v1/runs?wait=10s", any_question, key);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.json()["status"], "over_budget") << "what was left to the key is the run's limit: " << first.body;
    const Reply second = co_await client->ask("POST", "/v1/chat/completions", ask_cascade, key);
    EXPECT_EQ(second.status, 200) << "tokens are left, if few: the run itself is over budget";
    const Reply other = co_await client->ask("POST", "/v1/runs?wait=10s", any_question, "second-key-0123456789");
    EXPECT_EQ(other.json()["status"], "accepted");
    const Reply third = co_await client->ask("POST", "/v1/runs", any_question, "second-key-0123456789");
    EXPECT_EQ(third.status, 429);
    EXPECT_EQ(third.json()["error"]["code"], "insufficient_quota");
    EXPECT_GT(std::stoi(third.retry_after.value_or("0")), 1) << "until midnight";
}

TEST(ServerClients, AKeyHasSoManyTokensADay) {
    TemporaryFolder folder;
    // A run takes two calls; the second key's first run is let in with one call's worth and more, and uses all of it.
    const std::string keys = "first-key-0123456789 tokens_per_day=5\nsecond-key-0123456789 tokens_per_day=160\n";
    with_server({two_costly_calls}, uses_its_tokens, with_keys(folder, keys));
}

/// A model of whose price nothing is known.
constexpr const char* unpriced = R"yaml(
version: 1
name: unpriced
models: {far: {provider: openai, base_url: "http://127.0.0.1:9/v1", model: m}}
agents: {a: {model: far}}
steps: [{id: s, agent: a, prompt: hello}]
)yaml";

Task<void> reloads_keys(ServerClient* client, Server* server, std::filesystem::path file) {
    std::ofstream(file) << "second-key-0123456789\n";
    server->reload_keys();
    const Reply old = co_await client->ask("GET", "/v1/models", "", "first-key-0123456789");
    EXPECT_EQ(old.status, 401);
    for (const char* bad : {"short\n", "third-key-0123456789 usd_per_day=1\n"}) {
        std::ofstream(file) << bad;
        EXPECT_THROW(server->reload_keys(), std::invalid_argument) << bad;
    }
    const Reply reply = co_await client->ask("GET", "/v1/models", "", "second-key-0123456789");
    EXPECT_EQ(reply.status, 200) << "a file that can't be used changes nothing";
}

TEST(ServerClients, KeysCanBeReplacedWhileItServes) {
    TemporaryFolder folder;
    const ServeSettings settings = with_keys(folder, "first-key-0123456789\n");
    with_server(
        {scripted_cascade, unpriced},
        [&](ServerClient* client, Server* server) { return reloads_keys(client, server, settings.api_keys); },
        settings);
}

TEST(ServerClients, MoneyCantBeLimitedWithoutPrices) {
    asio::io_context context;
    ServeSettings settings = on_any_port();
    settings.max_usd = 1;
    Server server(context.get_executor(), settings);
    server.offer(std::vector(1, parse_workflow(scripted_cascade)));
    EXPECT_THROW(server.offer(std::vector(1, parse_workflow(unpriced))), std::invalid_argument);
}

}  // namespace
}  // namespace enough::test
