#include <enough/agents/registry.hpp>

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"
#include "support/fake_server.hpp"
#include "support/run.hpp"

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
