// Each protocol against a server, through the agent that a workflow gets.
#include "agents/openai_fixtures.hpp"
#include "agents/protocol_streams.hpp"
#include "agents/recording_sink.hpp"
#include "support/fake_server.hpp"
#include "support/run.hpp"

#include <enough/agents/registry.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;
using testing::Not;

template <class Settings>
Settings at(const FakeServer& server, const std::string& base = "") {
    Settings settings;
    settings.base_url = server.url(base);
    settings.api_key = Secret("sk-secret-1234");
    settings.model = "m";
    settings.retry.attempts = 1;
    return settings;
}

OpenAiSettings openai_at(const FakeServer& server, OpenAiApi api, OpenAiProfile profile = OpenAiProfile::generic) {
    auto settings = at<OpenAiSettings>(server, "/v1");
    settings.api = api;
    settings.profile = profile;
    return settings;
}

Task<void> ask_agent(asio::any_io_executor executor, ProviderSettings settings, Request request,
                     std::optional<Result<Answer>>& out) {
    const auto agent = make_agent(settings, executor);
    out = co_await agent->ask(std::move(request));
}

Result<Answer> ask(const ProviderSettings& settings, RecordingSink& sink, bool streamed = true) {
    Request request;
    request.messages = {{Role::user, "What is half of 17?"}};
    request.top_logprobs = 2;
    request.streamed = streamed;
    request.sink = &sink;
    std::optional<Result<Answer>> out;
    run_with([&](asio::any_io_executor executor) { return ask_agent(executor, settings, request, out); });
    return *out;
}

Result<Answer> ask(const ProviderSettings& settings) {
    RecordingSink sink;
    return ask(settings, sink);
}

FakeHandler streaming(std::string bytes, std::string content_type = "text/event-stream") {
    return [bytes = std::move(bytes), content_type = std::move(content_type)](FakeExchange& exchange) {
        exchange.start_stream(content_type);
        for (std::size_t at = 0; at < bytes.size(); at += 100)
            exchange.chunk(bytes.substr(at, 100));
        exchange.end_stream();
    };
}

FakeHandler answering(int status, std::string body, Headers headers = {{"Content-Type", "application/json"}}) {
    return [=](FakeExchange& exchange) { exchange.answer(status, body, headers); };
}

TEST(ProtocolAgent, Anthropic) {
    const FakeServer server(streaming(named_events(anthropic_events())));
    RecordingSink sink;
    const auto answer = ask(at<AnthropicSettings>(server, "/v1"), sink);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "It is 8 ½.");
    EXPECT_EQ(sink.text, answer->text);
    EXPECT_TRUE(answer->logprobs_refused);
    EXPECT_EQ(server.requests().at(0).target, "/v1/messages");
    EXPECT_EQ(server.requests().at(0).header("x-api-key"), "sk-secret-1234");
    EXPECT_EQ(server.requests().at(0).header("anthropic-version"), "2023-06-01");
}

TEST(ProtocolAgent, AnthropicInOnePiece) {
    const FakeServer server(answering(200, anthropic_document()));
    RecordingSink sink;
    const auto answer = ask(at<AnthropicSettings>(server, "/v1"), sink, false);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->finish_reason, FinishReason::tool_calls);
    EXPECT_EQ(nlohmann::json::parse(server.requests().at(0).body)["stream"], false);
}

TEST(ProtocolAgent, AnthropicRefusals) {
    const auto refusal = [](int status, const std::string& type, const std::string& message, Headers more = {}) {
        more.emplace_back("Content-Type", "application/json");
        const FakeServer server(answering(
            status,
            R"({"type":"error","error":{"type":")" + type + R"(","message":")" + message + R"("},"request_id":"r"})",
            more));
        return ask(at<AnthropicSettings>(server)).error();
    };
    EXPECT_EQ(refusal(401, "authentication_error", "invalid x-api-key").kind, FailureKind::unauthorized);
    const auto limited = refusal(429, "rate_limit_error", "slow down, sk-secret-1234", {{"retry-after", "7"}});
    EXPECT_EQ(limited.kind, FailureKind::rate_limited);
    EXPECT_EQ(limited.retry_after, 7s);
    EXPECT_THAT(limited.message, Not(HasSubstr("secret")));
    const auto overloaded = refusal(529, "overloaded_error", "Overloaded");
    EXPECT_EQ(overloaded.kind, FailureKind::overloaded);
    EXPECT_TRUE(overloaded.retryable);
    EXPECT_EQ(refusal(404, "not_found_error", "model: claude-nope").kind, FailureKind::no_model);
    EXPECT_EQ(refusal(400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum").kind,
              FailureKind::context_full);
    EXPECT_EQ(refusal(400, "invalid_request_error", "max_tokens: must be positive").kind, FailureKind::bad_request);
}

TEST(ProtocolAgent, AnErrorInTheStreamHidesTheKey) {
    auto events = anthropic_events();
    events.resize(9);
    events.push_back(R"({"type":"error","error":{"type":"overloaded_error","message":"no more for sk-secret-1234"}})");
    const FakeServer server(streaming(named_events(events)));
    const auto failed = ask(at<AnthropicSettings>(server)).error();
    EXPECT_EQ(failed.kind, FailureKind::overloaded);
    EXPECT_THAT(failed.message, HasSubstr(server.url("").substr(0, 16)));
    EXPECT_THAT(failed.message, Not(HasSubstr("secret")));
    EXPECT_EQ(failed.spent.input_tokens, 45);
}

TEST(ProtocolAgent, Gemini) {
    const FakeServer server(streaming(sse(gemini_events())));
    const auto answer = ask(at<GeminiSettings>(server, "/v1beta"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "It is 8 ½.");
    EXPECT_EQ(answer->usage, (Usage{12, 8, 15, 9, false}));
    EXPECT_TRUE(answer->logprobs_refused);
    EXPECT_EQ(server.requests().at(0).target, "/v1beta/models/m:streamGenerateContent?alt=sse");
    EXPECT_EQ(server.requests().at(0).header("x-goog-api-key"), "sk-secret-1234");
}

TEST(ProtocolAgent, GeminiRefusals) {
    const auto refusal = [](int status, const std::string& error) {
        const FakeServer server(answering(status, R"({"error":)" + error + "}"));
        return ask(at<GeminiSettings>(server)).error();
    };
    const auto limited =
        refusal(429, R"({"code":429,"message":"You exceeded your quota","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.Help","links":[]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"45.837906927s"}]})");
    EXPECT_EQ(limited.kind, FailureKind::rate_limited);
    EXPECT_EQ(limited.retry_after, 45'837ms) << "there is no Retry-After";
    EXPECT_EQ(refusal(400, R"({"code":400,"message":"API key not valid. Please pass a valid API key.",
        "status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]})")
                  .kind,
              FailureKind::unauthorized);
    EXPECT_EQ(
        refusal(
            400,
            R"({"code":400,"message":"The input token count (1048580) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"})")
            .kind,
        FailureKind::context_full);
    EXPECT_EQ(
        refusal(404, R"({"code":404,"message":"models/m is not found for API version v1beta","status":"NOT_FOUND"})")
            .kind,
        FailureKind::no_model);
    const auto bad = refusal(
        400,
        R"({"code":400,"message":"Invalid value","status":"INVALID_ARGUMENT","details":[{"retryDelay":"soon"},7]})");
    EXPECT_EQ(bad.kind, FailureKind::bad_request);
    EXPECT_EQ(bad.retry_after, std::nullopt);
}

TEST(ProtocolAgent, Responses) {
    const FakeServer server(streaming(named_events(responses_events())));
    RecordingSink sink;
    const auto answer = ask(openai_at(server, OpenAiApi::responses), sink);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "It is 8 ½.");
    EXPECT_EQ(sink.tokens.size(), 3u);
    EXPECT_FALSE(answer->logprobs_refused);
    EXPECT_EQ(server.requests().at(0).target, "/v1/responses");
}

TEST(ProtocolAgent, ResponsesWithoutLogprobs) {
    const FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().body.find("logprobs") != std::string::npos)
            return exchange.answer(
                400,
                R"({"error":{"message":"logprobs are not supported with reasoning models.","type":"invalid_request_error"}})");
        exchange.answer(200, responses_document());
    });
    const auto answer = ask(openai_at(server, OpenAiApi::responses));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->logprobs_refused);
    EXPECT_EQ(server.counts().requests, 2u);
}

TEST(ProtocolAgent, Ollama) {
    const FakeServer server(streaming(lines(ollama_lines()), "application/x-ndjson"));
    RecordingSink sink;
    const auto answer = ask(openai_at(server, OpenAiApi::native, OpenAiProfile::ollama), sink);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "It is 8 ½.");
    EXPECT_EQ(sink.tokens.size(), 4u);
    EXPECT_EQ(server.requests().at(0).target, "/api/chat");
}

TEST(ProtocolAgent, OllamaInOnePieceAndRefused) {
    RecordingSink sink;
    {
        const FakeServer server(answering(
            200,
            R"({"model":"q","message":{"role":"assistant","content":"8"},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":1})"));
        const auto answer = ask(openai_at(server, OpenAiApi::native, OpenAiProfile::ollama), sink, false);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "8");
    }
    const FakeServer server(answering(404, R"({"error":"model 'm' not found"})"));
    EXPECT_EQ(ask(openai_at(server, OpenAiApi::native, OpenAiProfile::ollama)).error().kind, FailureKind::no_model);
}

TEST(ProtocolAgent, LlamaCpp) {
    const FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().target == "/apply-template") return exchange.answer(200, R"({"prompt":"<p>"})");
        streaming(sse(llama_cpp_events()))(exchange);
    });
    RecordingSink sink;
    const auto answer = ask(openai_at(server, OpenAiApi::native, OpenAiProfile::llama_cpp), sink);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "It is 8 ½.");
    EXPECT_EQ(answer->reasoning, "Half.");
    EXPECT_EQ(sink.tokens.size(), 5u);
    EXPECT_EQ(server.requests().at(1).target, "/completion");
    EXPECT_EQ(nlohmann::json::parse(server.requests().at(1).body)["prompt"], "<p>");
}

TEST(ProtocolAgent, LlamaCppTemplatesThatThink) {
    const FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().target == "/apply-template")
            return exchange.answer(200, R"({"prompt":"<|assistant|><think>\n"})");
        streaming(sse({llama_cpp_piece(1, "Half."), llama_cpp_piece(2, "</think>"), llama_cpp_piece(3, "8"),
                       llama_cpp_end()}))(exchange);
    });
    const auto answer = ask(openai_at(server, OpenAiApi::native, OpenAiProfile::llama_cpp));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->reasoning, "Half.");
    EXPECT_EQ(answer->text, "8");
}

TEST(ProtocolAgent, LlamaCppRefusals) {
    const FakeServer loading(
        answering(503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"));
    EXPECT_EQ(ask(openai_at(loading, OpenAiApi::native, OpenAiProfile::llama_cpp)).error().kind,
              FailureKind::overloaded);
    const FakeServer other(answering(200, R"({"status":"ok"})"));
    const auto failed = ask(openai_at(other, OpenAiApi::native, OpenAiProfile::llama_cpp)).error();
    EXPECT_EQ(failed.kind, FailureKind::bad_response);
    EXPECT_THAT(failed.message, HasSubstr("/apply-template"));
}

TEST(ProtocolAgent, CutStreamsAreCounted) {
    auto bytes = named_events(anthropic_events());
    bytes.resize(bytes.find("event: message_delta"));
    const FakeServer server(streaming(bytes));
    const auto failed = ask(at<AnthropicSettings>(server)).error();
    EXPECT_EQ(failed.kind, FailureKind::stream_cut);
    EXPECT_EQ(failed.spent.input_tokens, 45);
    EXPECT_GT(failed.spent.output_tokens, 1);
}

TEST(ProtocolAgent, NativeIsForThoseThatHaveOne) {
    const FakeServer server(answering(200, "{}"));
    EXPECT_THROW(ask(openai_at(server, OpenAiApi::native, OpenAiProfile::vllm)), std::invalid_argument);
}

TEST(ProtocolAgent, OnlySomeGiveLogprobs) {
    EXPECT_FALSE(gives_logprobs(AnthropicSettings()));
    EXPECT_FALSE(gives_logprobs(GeminiSettings()));
    EXPECT_TRUE(gives_logprobs(OpenAiSettings()));
}

}  // namespace
}  // namespace enough
