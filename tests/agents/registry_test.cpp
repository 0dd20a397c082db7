#include <enough/agents/registry.hpp>

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"
#include "support/fake_server.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using test::FakeServer;

Task<void> ask(std::shared_ptr<Agent> agent, Request request, std::optional<Result<Answer>>* out) {
    out->emplace(co_await agent->ask(std::move(request)));
}

Result<Answer> ask_agent(const ProviderSettings& settings, Request request = {}) {
    std::optional<Result<Answer>> out;
    test::run_with([&](asio::any_io_executor executor) {
        return ask(std::shared_ptr<Agent>(make_agent(settings, executor)), request, &out);
    });
    return *out;
}

Task<void> expect_second_to_time_out(std::shared_ptr<Agent> agent) {
    const auto first = co_await agent->ask(Request());
    EXPECT_TRUE(first);
    Request request;
    request.deadline = Deadline::after(20ms);
    const auto second = co_await agent->ask(std::move(request));
    EXPECT_TRUE(!second && second.error().kind == FailureKind::timeout);
}

TEST(MakeAgent, ScriptedAgentsFollowTheirRetryPolicy) {
    ScriptedSettings settings;
    settings.answers.resize(2);
    settings.answers[0].error = "overloaded";
    settings.answers[1].text = "ok";
    EXPECT_EQ(ask_agent(settings).error().kind, FailureKind::overloaded) << "one attempt unless said otherwise";
    settings.retry = {.attempts = 2, .delay = 1ms, .max_delay = 1ms};
    EXPECT_EQ(ask_agent(settings)->text, "ok");
}

TEST(MakeAgent, OpenAiAgentsRetryWithANewPermit) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number == 0) return exchange.answer(503, R"({"error":{"message":"busy"}})");
        exchange.start_stream();
        for (const auto& event : test::good_stream())
            exchange.event(event);
        exchange.end_stream();
    });
    OpenAiSettings settings;
    settings.base_url = server.url("/v1");
    settings.model = "m";
    settings.retry = {.attempts = 2, .delay = 1ms, .max_delay = 1ms};
    settings.limits.concurrency = 1;
    const auto answer = ask_agent(settings);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "4 + 4 = 8");
    EXPECT_EQ(server.counts().requests, 2u);
}

void answer(FakeExchange& exchange) {
    exchange.start_stream();
    for (const auto& event : test::good_stream())
        exchange.event(event);
    exchange.end_stream();
}

TEST(MakeAgent, ConnectsAsTheSettingsSay) {
    const test::TemporaryFolder folder;
    test::FakeServerSettings listening;
    listening.unix_socket = folder.file("model.sock");
    FakeServer server(answer, listening);
    OpenAiSettings settings;
    settings.base_url = "http://models.test/v1";
    settings.model = "m";
    settings.connection.unix_socket = listening.unix_socket;
    const auto result = ask_agent(settings);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(server.requests().at(0).header("Host"), "models.test");
}

Task<void> three_calls(std::shared_ptr<Agent> agent, std::vector<Result<Answer>>* out) {
    for (int i = 0; i < 3; ++i)
        out->push_back(co_await agent->ask(Request()));
}

TEST(MakeAgent, AServerThatKeepsFailingIsLeftAlone) {
    for (const auto open : {OpenCircuit::wait, OpenCircuit::fail}) {
        FakeServer server([](FakeExchange& exchange) { exchange.answer(503, R"({"error":{"message":"busy"}})"); });
        OpenAiSettings settings;
        settings.base_url = server.url("/v1");
        settings.model = "m";
        settings.retry.attempts = 1;
        settings.circuit = CircuitPolicy{.failures = 2, .cooldown = std::chrono::hours(1)};
        std::vector<Result<Answer>> results;
        test::run_with([&](asio::any_io_executor executor) {
            return three_calls(std::shared_ptr<Agent>(make_agent(settings, executor, open)), &results);
        });
        EXPECT_EQ(server.counts().requests, 2U);
        ASSERT_FALSE(results.at(2));
        EXPECT_EQ(results[2].error().kind, FailureKind::overloaded);
        EXPECT_THAT(results[2].error().message, testing::HasSubstr("model m failed 2 times in a row"));
        EXPECT_EQ(results[2].error().retryable, open == OpenCircuit::wait);
    }
}

TEST(MakeAgent, AHedgeCancelsTheSlowSocket) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number == 0) return void(exchange.stall());
        answer(exchange);
    });
    OpenAiSettings settings;
    settings.base_url = server.url("/v1");
    settings.model = "m";
    settings.hedge.emplace().after = 20ms;
    settings.limits.concurrency = 2;
    test::RecordingSink sink;
    Request request;
    request.sink = &sink;
    const auto result = ask_agent(settings, request);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "4 + 4 = 8");
    EXPECT_EQ(sink.text, "4 + 4 = 8");
    EXPECT_EQ(result->usage.input_tokens, 62) << "both have read the prompt";
    EXPECT_TRUE(server.wait_until([](const auto& counts) { return counts.open == 0; }));
    EXPECT_EQ(server.counts().requests, 2U);
}

TEST(MakeAgent, AHedgeTakesAPermitOfItsOwn) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.pause(100ms);
        answer(exchange);
    });
    OpenAiSettings settings;
    settings.base_url = server.url("/v1");
    settings.model = "m";
    settings.hedge.emplace().after = 10ms;
    settings.limits.concurrency = 1;
    const auto result = ask_agent(settings);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(server.counts().requests, 1U) << "the second never got its turn";
    EXPECT_EQ(result->usage.input_tokens, 31) << "so it cost nothing";
}

TEST(MakeAgent, AFailureIsWaitedOutRatherThanHedged) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number > 0) return answer(exchange);
        exchange.answer(503, "{}", {{"retry-after-ms", "200"}});
    });
    OpenAiSettings settings;
    settings.base_url = server.url("/v1");
    settings.model = "m";
    settings.hedge.emplace().after = 10s;
    settings.retry = {.attempts = 2, .delay = 1ms, .max_delay = 1ms};
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(ask_agent(settings));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
    EXPECT_EQ(server.counts().requests, 2U);
}

TEST(MakeAgent, ScriptedAgentsFollowTheirHedgeAndTheirLimits) {
    ScriptedSettings settings;
    settings.answers.resize(2);
    settings.answers[0].text = "slow";
    settings.answers[0].delay = 1h;
    settings.answers[1].text = "quick";
    settings.hedge.emplace().after = 5ms;
    EXPECT_EQ(ask_agent(settings)->text, "quick");
    settings.hedge.reset();
    settings.answers[0].delay = 0ms;
    settings.limits.requests_per_minute = 1;
    test::run_with([&](asio::any_io_executor executor) {
        return expect_second_to_time_out(std::shared_ptr<Agent>(make_agent(settings, executor)));
    });
}

TEST(MakeAgent, KnowsWhoGivesLogprobs) {
    OpenAiSettings openai;
    ScriptedSettings scripted;
    EXPECT_TRUE(gives_logprobs(openai));
    EXPECT_TRUE(gives_logprobs(scripted));
    EXPECT_TRUE(gives_logprobs(LlamaSettings()));
    openai.logprobs = scripted.logprobs = false;
    EXPECT_FALSE(gives_logprobs(openai));
    EXPECT_FALSE(gives_logprobs(scripted));
}

TEST(MakeAgent, RefusesABaseUrlThatIsNone) {
    OpenAiSettings settings;
    settings.base_url = "localhost";
    EXPECT_THROW(ask_agent(settings), std::invalid_argument);
}

#if !ENOUGH_LLAMA
TEST(MakeAgent, SaysThatThisBuildHasNoLlama) {
    const auto result = ask_agent(LlamaSettings());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::no_model);
    EXPECT_THAT(result.error().message, testing::HasSubstr("ENOUGH_LLAMA=ON"));
}
#endif

TEST(FailureKinds, ThrowWithTheirMessage) {
    ScriptedSettings empty;
    const auto result = ask_agent(empty);
    EXPECT_THROW(
        try { result.value(); } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr("script_ended: "));
            throw;
        },
        std::runtime_error);
}

}  // namespace
}  // namespace enough
