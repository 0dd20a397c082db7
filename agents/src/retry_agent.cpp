#include "retry_agent.hpp"

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace enough {

namespace {

using std::chrono::milliseconds;

// Rounded up: a delay of nothing would be no delay.
milliseconds own_delay(const RetryPolicy& policy, int attempts, double jitter) {
    auto delay = static_cast<double>(policy.delay.count());
    const auto most = static_cast<double>(policy.max_delay.count());
    for (int i = 1; i < attempts && delay < most; ++i)
        delay *= 2;
    return milliseconds(static_cast<milliseconds::rep>(std::ceil(std::min(delay, most) * jitter)));
}

double random_jitter() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return 1 - std::uniform_real_distribution<double>(0, 1)(engine);
}

/// Passes everything on, and notices whether the request went out.
class SentWatch final : public AnswerSink {
public:
    explicit SentWatch(AnswerSink* listener) : listener_(listener) {}

    Flow on_token(const Token& token) override {
        return listener_ == nullptr ? Flow::go_on : listener_->on_token(token);
    }
    void on_text(Phase phase, std::string_view text) override {
        if (listener_ != nullptr) listener_->on_text(phase, text);
    }
    void on_sent() override {
        sent_ = true;
        if (listener_ != nullptr) listener_->on_sent();
    }
    void on_progress() override {
        if (listener_ != nullptr) listener_->on_progress();
    }
    void on_restart() override {
        sent_ = false;
        if (listener_ != nullptr) listener_->on_restart();
    }

    bool sent() const { return sent_; }

private:
    AnswerSink* listener_;
    bool sent_ = false;
};

std::string summary(const RetryDecision& decision, const RetryPolicy& policy, int attempts) {
    const auto tries = fmt::format("{} attempt{}", attempts, attempts == 1 ? "" : "s");
    switch (decision.verdict) {
        case RetryDecision::Verdict::wait:
        case RetryDecision::Verdict::not_retryable:
            return attempts == 1 ? "" : fmt::format(" (after {})", tries);
        case RetryDecision::Verdict::no_attempts:
            return fmt::format(" (gave up after {})", tries);
        case RetryDecision::Verdict::no_time:
            return fmt::format(" (gave up after {}: the next one would have to wait {} ms, which is past the deadline)",
                               tries, decision.delay.count());
        case RetryDecision::Verdict::no_share:
            return fmt::format(
                " (gave up after {}: the model's calls have used up their retries; retry.budget allows {} per call)",
                tries, policy.budget);
        case RetryDecision::Verdict::no_budget:
            return fmt::format(" (gave up after {}: the budget allows no other)", tries);
    }
    return {};
}

}  // namespace

RetryDecision decide_retry(const RetryPolicy& policy, const Failure& failure, int attempts, double jitter,
                           Deadline::Clock::duration remaining) {
    using Verdict = RetryDecision::Verdict;
    if (!failure.retryable) return {Verdict::not_retryable, milliseconds(0)};
    if (attempts >= policy.attempts) return {Verdict::no_attempts, milliseconds(0)};
    auto delay = own_delay(policy, attempts, jitter);
    if (failure.retry_after) delay += *failure.retry_after;
    return {delay < remaining ? Verdict::wait : Verdict::no_time, delay};
}

RetryAgent::RetryAgent(std::unique_ptr<Agent> agent, RetryPolicy policy, std::function<double()> jitter)
    : agent_(std::move(agent)), policy_(policy), budget_(policy.budget), jitter_(std::move(jitter)) {}

RetryAgent::RetryAgent(std::unique_ptr<Agent> agent, RetryPolicy policy)
    : RetryAgent(std::move(agent), policy, random_jitter) {}

// The run's purse is asked last, since what it grants is reserved.
RetryDecision RetryAgent::decide(const Request& request, const Failure& failure, int attempts, bool sent) {
    using Verdict = RetryDecision::Verdict;
    auto decision = decide_retry(policy_, failure, attempts, jitter_(), request.deadline.remaining());
    if (decision.verdict != Verdict::wait) return decision;
    if (sent && !budget_.take()) {
        decision.verdict = Verdict::no_share;
    } else if (request.attempts != nullptr &&
               !request.attempts->another(AttemptKind::retry, failure.spent, failure.message)) {
        if (sent) budget_.give_back();
        decision.verdict = Verdict::no_budget;
    }
    return decision;
}

Task<Result<Answer>> RetryAgent::ask(Request request) {
    Usage spent;
    budget_.count_call();
    SentWatch watch(request.sink);
    request.sink = &watch;
    for (int attempts = 1;; ++attempts) {
        auto result = co_await agent_->ask(request);
        if (result) {
            result->usage += spent;
            co_return result;
        }
        auto failure = std::move(result).error();
        spent += failure.spent;
        const auto decision = decide(request, failure, attempts, watch.sent());
        if (decision.verdict != RetryDecision::Verdict::wait) {
            failure.spent = spent;
            failure.message += summary(decision, policy_, attempts);
            co_return failure;
        }
        asio::steady_timer timer(co_await asio::this_coro::executor, decision.delay);
        co_await timer.async_wait(asio::use_awaitable);
        watch.on_restart();
    }
}

}  // namespace enough
