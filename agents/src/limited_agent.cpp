#include "limited_agent.hpp"

#include "failure_kind.hpp"
#include "providers/input_counts.hpp"

#include <cstdint>
#include <utility>

namespace enough {

namespace {

constexpr std::int64_t usual_output_tokens = 512;  // where a request states no bound

std::int64_t estimated_tokens(const Request& request) {
    return static_cast<std::int64_t>(prompt_bytes(request) / 4) +
           request.sampling.max_tokens.value_or(usual_output_tokens);
}

std::int64_t total(const Usage& usage) {
    return usage.input_tokens + usage.output_tokens;
}

LimiterSettings make_settings(const RateLimits& limits) {
    return {limits.concurrency, limits.requests_per_minute, limits.tokens_per_minute, limits.share};
}

}  // namespace

LimitedAgent::LimitedAgent(std::unique_ptr<Agent> agent, RateLimits limits)
    : agent_(std::move(agent)), limiter_(make_settings(limits)) {}

Task<Result<Answer>> LimitedAgent::ask(Request request) {
    auto permit = co_await limiter_.acquire(estimated_tokens(request), request.deadline, request.run);
    if (!permit) {
        auto failure = make_failure(FailureKind::timeout,
                                    "the run's deadline passed while the call waited for the model's limits; raise "
                                    "limits.concurrency or the rates if the server allows more");
        failure.retryable = false;
        co_return failure;
    }
    auto result = co_await agent_->ask(std::move(request));
    permit->settle(result ? total(result->usage) : total(result.error().spent));
    co_return result;
}

}  // namespace enough
