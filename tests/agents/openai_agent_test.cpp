#include "providers/openai_agent.hpp"

#include "agents/openai_agent_fixture.hpp"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>

#include <functional>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;

TEST_F(OpenAiAgentTest, AsksAndAnswers) {
    settings_.headers["X-Team"] = "blue";
    serve(answer_well);
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "4 + 4 = 8");
    EXPECT_EQ(answer->model, "m-1");
    EXPECT_EQ(answer->usage, (Usage{31, 16, 3, 1, false}));
    EXPECT_FALSE(answer->logprobs_refused);
    ASSERT_TRUE(answer->first_token);
    EXPECT_GE(answer->latency, *answer->first_token);
    EXPECT_EQ(sink_.tokens.size(), 5u);
    const auto request = server_->requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/chat/completions");
    EXPECT_EQ(request.header("authorization"), "Bearer sk-secret-1234");
    EXPECT_EQ(request.header("content-type"), "application/json");
    EXPECT_EQ(request.header("x-team"), "blue");
    EXPECT_EQ(body(0)["top_logprobs"], 20);
}

TEST_F(OpenAiAgentTest, KeepsConnections) {
    serve(answer_well);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(ask());
    EXPECT_EQ(server_->counts().connections, 1u);
    EXPECT_EQ(server_->counts().requests, 3u);
}

TEST_F(OpenAiAgentTest, AnySplitOfTheBytesGivesTheSameAnswer) {
    const auto bytes = sse(good_stream());
    for (const std::size_t size : {1u, 2u, 3u, 7u, 64u, 1000u}) {
        serve([bytes, size](FakeExchange& exchange) {
            exchange.start_stream();
            for (std::size_t at = 0; at < bytes.size(); at += size)
                exchange.chunk(bytes.substr(at, size));
            exchange.end_stream();
        });
        sink_ = RecordingSink();
        const auto answer = ask();
        ASSERT_TRUE(answer) << size << answer.error().message;
        EXPECT_EQ(answer->text, "4 + 4 = 8") << size;
        EXPECT_EQ(sink_.tokens.size(), 5u) << size;
    }
}

TEST_F(OpenAiAgentTest, ACutAtAnyEventIsNoAnswerUntilTheReasonCame) {
    const auto events = good_stream();
    for (std::size_t length = 0; length < events.size(); ++length) {
        for (const bool orderly : {true, false}) {
            serve([events, length, orderly](FakeExchange& exchange) {
                exchange.start_stream();
                for (std::size_t i = 0; i < length; ++i)
                    exchange.event(events[i]);
                if (orderly) return exchange.end_stream();
                exchange.close();
            });
            const auto answer = ask();
            const bool complete = length >= 6;
            ASSERT_EQ(answer.has_value(), complete) << length;
            if (!complete) {
                EXPECT_EQ(answer.error().kind, FailureKind::stream_cut) << answer.error().message;
                EXPECT_TRUE(answer.error().retryable);
                EXPECT_EQ(answer.error().spent.estimated, true);
            }
        }
    }
}

TEST_F(OpenAiAgentTest, StopFromTheSinkClosesTheConnection) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        for (std::size_t i = 0; i < 4; ++i)
            exchange.event(good_stream()[i]);
        exchange.stall();
    });
    RecordingSink stopping(2);
    auto request = question();
    request.sink = &stopping;
    const auto answer = ask(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(answer->usage.output_tokens, 2);
    EXPECT_TRUE(answer->usage.estimated);
    EXPECT_EQ(answer->usage.input_tokens, 4) << "a quarter of the prompt's 14 bytes, rounded up";
    EXPECT_TRUE(server_->wait_until_client_closed());
}

TEST_F(OpenAiAgentTest, RemembersThePromptsCountForCallsThatAreCutShort) {
    serve(answer_well);
    ASSERT_TRUE(ask());
    RecordingSink stopping(1);
    auto request = question();
    request.sink = &stopping;
    const auto answer = ask(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->usage.input_tokens, 31);
}

TEST_F(OpenAiAgentTest, CancellationClosesTheConnection) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(good_stream()[1]);
        exchange.stall();
    });
    sink_.heard = [this] { asio::post(context_, [this] { signal_.emit(asio::cancellation_type::terminal); }); };
    ask();
    ASSERT_TRUE(thrown_);
    try {
        std::rethrow_exception(thrown_);
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), asio::error::operation_aborted);
    }
    EXPECT_TRUE(server_->wait_until_client_closed());
}

TEST_F(OpenAiAgentTest, EachTimeoutIsNamed) {
    struct Case {
        const char* name;
        std::size_t events;  // sent before silence
        std::function<void(OpenAiSettings&, Request&)> limit;
        bool retryable;
    };
    for (const auto& test : {
             Case{"first_token", 1, [](auto& settings, auto&) { settings.timeouts.first_token = 50ms; }, true},
             Case{"idle", 3, [](auto& settings, auto&) { settings.timeouts.idle = 50ms; }, true},
             Case{"total", 3, [](auto& settings, auto&) { settings.timeouts.total = 150ms; }, true},
             Case{"deadline", 3, [](auto&, auto& request) { request.deadline = Deadline::after(150ms); }, false},
         }) {
        serve([events = test.events](FakeExchange& exchange) {
            exchange.start_stream();
            for (std::size_t i = 0; i < events; ++i)
                exchange.event(good_stream()[i]);
            exchange.stall();
        });
        settings_.timeouts = Timeouts();
        auto request = question();
        test.limit(settings_, request);
        const auto result = ask(request);
        ASSERT_FALSE(result) << test.name;
        EXPECT_EQ(result.error().kind, FailureKind::timeout) << test.name;
        EXPECT_THAT(result.error().message, HasSubstr(test.name));
        EXPECT_EQ(result.error().retryable, test.retryable) << test.name;
        EXPECT_TRUE(server_->wait_until_client_closed()) << test.name;
    }
}

TEST_F(OpenAiAgentTest, AServerThatSaysNothingTimesOut) {
    serve([](FakeExchange& exchange) { exchange.stall(); });
    settings_.timeouts.first_token = 50ms;
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
    EXPECT_THAT(result.error().message, HasSubstr("first_token"));
}

TEST_F(OpenAiAgentTest, CommentsDontCountAsTokens) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        while (!exchange.client_gone()) {
            exchange.chunk(": still working\n\n");
            exchange.event(chunk("{}"));
            exchange.pause(5ms);
        }
    });
    settings_.timeouts.first_token = 100ms;
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("first_token"));
}

TEST_F(OpenAiAgentTest, ACompleteAnswerDoesNotWaitLongForItsUsage) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        for (std::size_t i = 0; i < 6; ++i)
            exchange.event(good_stream()[i]);
        exchange.stall();
    });
    settings_.timeouts.idle = 50ms;
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "4 + 4 = 8");
    EXPECT_TRUE(answer->usage.estimated);
}

TEST_F(OpenAiAgentTest, ReadsADocumentInsteadOfAStream) {
    for (const char* type : {"application/json", "text/event-stream"}) {
        serve([&](FakeExchange& exchange) {
            exchange.answer(200,
                            R"({"model":"m","choices":[{"message":{"content":"8"},"finish_reason":"stop","logprobs":)"
                            R"({"content":[)" +
                                entry("8") + R"(]}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})",
                            {{"Content-Type", type}});
        });
        sink_ = RecordingSink();
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "8");
        EXPECT_EQ(answer->usage, (Usage{9, 0, 1, 0, false}));
        EXPECT_EQ(sink_.tokens.size(), 1u);
    }
}

TEST_F(OpenAiAgentTest, NeverAsksForLogprobsWhereThereAreNone) {
    serve(answer_well);
    settings_.logprobs = false;
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(body(0).contains("logprobs"));
    EXPECT_FALSE(body(0).contains("top_logprobs"));
    EXPECT_TRUE(answer->logprobs_refused);
    EXPECT_EQ(server_->counts().requests, 1U);
}

TEST_F(OpenAiAgentTest, SaysWhenARequestIsSent) {
    serve(answer_well);
    ASSERT_TRUE(ask());
    EXPECT_EQ(sink_.sent, 1);
}

TEST_F(OpenAiAgentTest, AnswersWithToolCalls) {
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"read","arguments":"{}"}}]})"));
        exchange.event(finish_chunk("tool_calls"));
        exchange.event("[DONE]");
        exchange.end_stream();
    });
    auto request = question();
    request.tools = {{"read", "", "{}"}};
    const auto answer = ask(request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->tool_calls, (std::vector<ToolCall>{{"c", "read", "{}"}}));
    EXPECT_TRUE(answer->first_token) << "a tool call is a beginning too";
    EXPECT_EQ(body(0)["tools"].size(), 1U);
}

}  // namespace
}  // namespace enough
