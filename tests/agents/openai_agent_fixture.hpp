#pragma once

#include "providers/openai_agent.hpp"

#include "agents/openai_fixtures.hpp"
#include "agents/recording_sink.hpp"
#include "support/fake_server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace enough::test {

/// An agent on a loop of its own, which is kept from call to call so that connections are.
class OpenAiAgentTest : public testing::Test {
protected:
    void serve(FakeHandler handler) {
        agent_.reset();
        server_ = std::make_unique<FakeServer>(std::move(handler));
        settings_.base_url = server_->url("/v1");
        settings_.model = "m";
        settings_.api_key = Secret("sk-secret-1234");
    }

    Result<Answer> ask(Request request) {
        if (!agent_) agent_ = make_openai_agent(settings_, context_.get_executor());
        std::optional<Result<Answer>> out;
        asio::co_spawn(
            context_, agent_->ask(std::move(request)),
            asio::bind_cancellation_slot(signal_.slot(), [&](std::exception_ptr error, Result<Answer> result) {
                thrown_ = error;
                out = std::move(result);
            }));
        context_.restart();
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!out && context_.run_one_until(limit) > 0) {
        }
        if (!out) throw std::logic_error("the call did not end in time");
        return *out;
    }

    Result<Answer> ask() { return ask(question()); }

    Request question() {
        Request request;
        request.messages = {{Role::user, "What is 4 + 4?"}};
        request.top_logprobs = 20;
        request.sampling.max_tokens = 64;
        request.sink = &sink_;
        return request;
    }

    nlohmann::json body(std::size_t number) const { return nlohmann::json::parse(server_->requests().at(number).body); }

    asio::io_context context_;
    asio::cancellation_signal signal_;
    std::exception_ptr thrown_;
    RecordingSink sink_;
    OpenAiSettings settings_;
    std::unique_ptr<FakeServer> server_;
    std::unique_ptr<Agent> agent_;
};

inline void answer_well(FakeExchange& exchange) {
    exchange.start_stream();
    for (const auto& event : good_stream())
        exchange.event(event);
    exchange.end_stream();
}

inline void refuse(FakeExchange& exchange, int status, const std::string& message) {
    exchange.answer(status, nlohmann::json{{"error", {{"message", message}}}}.dump());
}

}  // namespace enough::test
