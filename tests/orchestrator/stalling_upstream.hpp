#pragma once

#include "orchestrator/server_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <string>

namespace enough::test {

/// A workflow of one agent on a server at `url`.
inline std::string served_at(const std::string& url) {
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

inline Task<void> wait_for(std::atomic<int>* count, int wanted) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (int i = 0; i < 5'000 && *count < wanted; ++i) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(*count, wanted);
}
}  // namespace enough::test
