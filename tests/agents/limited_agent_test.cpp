#include "limited_agent.hpp"

#include "support/run.hpp"

#include <enough/async/gather.hpp>

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace enough {
namespace {

using namespace std::chrono_literals;

/// Counts how many calls are inside at once; each stays for some turns of the loop.
class CountingAgent final : public Agent {
public:
    explicit CountingAgent(std::chrono::milliseconds stay = 0ms) : stay_(stay) {}

    Task<Result<Answer>> ask(Request) override {
        most = std::max(most, ++inside_);
        asio::steady_timer timer(co_await asio::this_coro::executor, stay_);
        co_await timer.async_wait(asio::use_awaitable);
        for (int i = 0; i < 5; ++i)
            co_await asio::post(asio::use_awaitable);
        --inside_;
        ++done;
        Answer answer;
        answer.usage.output_tokens = 1;
        co_return answer;
    }

    int most = 0;
    int done = 0;

private:
    int inside_ = 0;
    std::chrono::milliseconds stay_;
};

TEST(LimitedAgent, LetsNoMoreInThanAllowed) {
    auto owned = std::make_unique<CountingAgent>();
    auto* inner = owned.get();
    LimitedAgent agent(std::move(owned),
                       RateLimits{.concurrency = 2, .requests_per_minute = {}, .tokens_per_minute = {}});
    std::vector<Task<Result<Answer>>> calls;
    for (int i = 0; i < 8; ++i)
        calls.push_back(agent.ask(Request()));
    const auto answers = test::run(gather(std::move(calls)));
    EXPECT_EQ(answers.size(), 8u);
    EXPECT_EQ(inner->done, 8);
    EXPECT_EQ(inner->most, 2);
}

TEST(LimitedAgent, ACallWhoseTurnDoesNotComeFails) {
    LimitedAgent agent(std::make_unique<CountingAgent>(),
                       RateLimits{.concurrency = {}, .requests_per_minute = 1, .tokens_per_minute = {}});
    EXPECT_TRUE(test::run(agent.ask(Request())));
    Request request;
    request.deadline = Deadline::after(20ms);
    const auto result = test::run(agent.ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
    EXPECT_FALSE(result.error().retryable);
}

TEST(LimitedAgent, GivesBackWhatACallDidNotUse) {
    LimitedAgent agent(std::make_unique<CountingAgent>(),
                       RateLimits{.concurrency = {}, .requests_per_minute = {}, .tokens_per_minute = 1000});
    Request request;
    request.sampling.max_tokens = 900;
    request.deadline = Deadline::after(5s);
    // Without the correction the second call would wait for most of a minute.
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(test::run(agent.ask(request))) << i;
}

}  // namespace
}  // namespace enough
