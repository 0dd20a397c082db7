#include "agents/openai_agent_fixture.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

TEST_F(OpenAiAgentTest, RefusalsBecomeFailures) {
    serve([](FakeExchange& exchange) {
        exchange.answer(429, R"({"error":{"message":"slow down, sk-secret-1234"}})",
                        {{"Content-Type", "application/json"}, {"Retry-After", "7"}});
    });
    auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::rate_limited);
    EXPECT_EQ(result.error().retry_after, 7s);
    EXPECT_THAT(result.error().message, HasSubstr("429: slow down, ***"));
    EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));

    serve([](FakeExchange& exchange) { refuse(exchange, 401, "who are you?"); });
    result = ask();
    EXPECT_EQ(result.error().kind, FailureKind::unauthorized);
    EXPECT_FALSE(result.error().retryable);
}

TEST_F(OpenAiAgentTest, ErrorsInTheStreamHideTheKey) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(good_stream()[1]);
        exchange.event(R"({"error":{"message":"no more for sk-secret-1234","code":429}})");
        exchange.end_stream();
    });
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::rate_limited);
    EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));
    EXPECT_EQ(result.error().spent.output_tokens, 1);
}

TEST_F(OpenAiAgentTest, PagesAndBrokenJsonAreBadResponses) {
    serve([](FakeExchange& exchange) {
        exchange.answer(200, "<!doctype html><h1>Welcome</h1>", {{"Content-Type", "text/html; charset=utf-8"}});
    });
    auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::bad_response);
    EXPECT_THAT(result.error().message, HasSubstr("/v1"));

    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event("{broken");
        exchange.end_stream();
    });
    result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::bad_response);
    EXPECT_THAT(result.error().message, HasSubstr(server_->url("").substr(0, 16)));
}

TEST_F(OpenAiAgentTest, RetriesOnceWithoutLogprobsAndRemembers) {
    serve([](FakeExchange& exchange) {
        const auto body = Json::parse(exchange.request().body);
        if (body.contains("logprobs")) return refuse(exchange, 403, "You are not allowed to request logprobs");
        answer_well(exchange);
    });
    for (int i = 0; i < 2; ++i) {
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_TRUE(answer->logprobs_refused);
    }
    EXPECT_EQ(server_->counts().requests, 3u);
    auto without = question();
    without.top_logprobs = 0;
    EXPECT_FALSE(ask(without)->logprobs_refused) << "none were asked for";
}

TEST_F(OpenAiAgentTest, LearnsADialectAllAtOnce) {
    serve([](FakeExchange& exchange) {
        const auto body = Json::parse(exchange.request().body);
        if (body.contains("max_tokens")) return refuse(exchange, 400, "use 'max_completion_tokens' instead");
        if (body["top_logprobs"] > 5) return refuse(exchange, 400, "top_logprobs must be less than or equal to 5");
        answer_well(exchange);
    });
    ASSERT_TRUE(ask());
    EXPECT_EQ(server_->counts().requests, 3u);
    EXPECT_EQ(body(2)["top_logprobs"], 5);
    EXPECT_EQ(body(2)["max_completion_tokens"], 64);
    ASSERT_TRUE(ask());
    EXPECT_EQ(server_->counts().requests, 4u);
}

TEST_F(OpenAiAgentTest, AServerThatRefusesForEverIsNotAskedForEver) {
    serve([](FakeExchange& exchange) { refuse(exchange, 400, "logprobs max_completion_tokens"); });
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::bad_request);
    EXPECT_EQ(server_->counts().requests, 3u) << "as asked, without logprobs, with the other field";
}

TEST_F(OpenAiAgentTest, NobodyListening) {
    {
        FakeServer gone([](FakeExchange&) {});
        settings_.base_url = gone.url("/v1");
    }
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::connect);
    EXPECT_TRUE(result.error().retryable);
}

TEST_F(OpenAiAgentTest, RefusesSettingsThatCanNeverWork) {
    const auto refuses = [&](const std::function<void(OpenAiSettings&)>& spoil) {
        OpenAiSettings settings;
        spoil(settings);
        EXPECT_THROW(make_openai_agent(settings, context_.get_executor()), std::invalid_argument);
    };
    refuses([](auto& settings) { settings.base_url = "nowhere"; });
    refuses([](auto& settings) { settings.extra_body = "[]"; });
    refuses([](auto& settings) { settings.headers["X"] = "a\r\nEvil: b"; });
    refuses([](auto& settings) { settings.api_key = Secret("sk\n"); });
}

}  // namespace
}  // namespace enough
