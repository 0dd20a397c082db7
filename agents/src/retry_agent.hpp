#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include "retry_budget.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace enough {

/// What to do after a failed attempt.
struct RetryDecision {
    enum class Verdict {
        wait,           ///< try again after `delay`
        not_retryable,  ///< trying again would not help
        no_attempts,    ///< all attempts are used up
        no_time,        ///< the next attempt may not begin before the deadline
        no_share,       ///< all calls of the model together have retried enough
        no_budget,      ///< `Attempts` grants no other
    };
    Verdict verdict = Verdict::wait;
    std::chrono::milliseconds delay{0};

    bool operator==(const RetryDecision&) const = default;
};

/// Decides after `attempts` attempts, with `remaining` time left. The policy's own delay is `jitter`, in (0, 1], of
/// what doubles from attempt to attempt up to `max_delay`: "full jitter", which spreads many callers best
/// (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter). Where the server says how long to wait, that is
/// never undercut: the own delay comes on top.
RetryDecision decide_retry(const RetryPolicy& policy, const Failure& failure, int attempts, double jitter,
                           Deadline::Clock::duration remaining);

/// Asks again when a call failed in a way that may pass, and the request's `attempts` grant it. What failed attempts
/// used up is part of the usage of the answer, or of what the final failure has spent. All calls together retry no more
/// than the policy's budget allows (`RetryBudget`); a call whose retry is refused fails at once and says so. An attempt
/// that sent nothing, because a circuit is open, was no load to the server, and trying again takes nothing of that
/// budget.
class RetryAgent final : public Agent {
public:
    /// `jitter` gives numbers in (0, 1].
    RetryAgent(std::unique_ptr<Agent> agent, RetryPolicy policy, std::function<double()> jitter);
    RetryAgent(std::unique_ptr<Agent> agent, RetryPolicy policy);

    Task<Result<Answer>> ask(Request request) override;

private:
    RetryDecision decide(const Request& request, const Failure& failure, int attempts, bool sent);

    std::unique_ptr<Agent> agent_;
    RetryPolicy policy_;
    RetryBudget budget_;
    std::function<double()> jitter_;
};

}  // namespace enough
