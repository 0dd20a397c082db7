#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>
#include <enough/async/limiter.hpp>

#include <memory>

namespace enough {

/// Makes calls wait their turn, so that a model's limits hold. A call whose turn does not come before its deadline
/// fails with `timeout`. A call is admitted by an estimate of its tokens, which is corrected by what it really used.
class LimitedAgent final : public Agent {
public:
    LimitedAgent(std::unique_ptr<Agent> agent, RateLimits limits);

    Task<Result<Answer>> ask(Request request) override;

private:
    std::unique_ptr<Agent> agent_;
    Limiter limiter_;
};

}  // namespace enough
