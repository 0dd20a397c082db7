#pragma once

#include <enough/agents/agent.hpp>

#include "circuit_breaker.hpp"

#include <functional>
#include <memory>
#include <string>

namespace enough {

/// Leaves a server alone that keeps failing (`CircuitBreaker`): while the circuit is open a call fails at once with
/// `overloaded`, and `retry_after` is when the server will be tried again. Nothing was sent then, and nothing spent.
class CircuitAgent final : public Agent {
public:
    /// `model` names it in messages. `retryable`: whether waiting for the circuit to close is worth a retry; not where
    /// something else can be asked meanwhile.
    CircuitAgent(std::unique_ptr<Agent> agent, std::string model, CircuitPolicy policy, bool retryable,
                 std::function<CircuitBreaker::Clock::time_point()> now = CircuitBreaker::Clock::now);

    Task<Result<Answer>> ask(Request request) override;

private:
    Failure refusal(std::chrono::milliseconds wait) const;

    std::unique_ptr<Agent> agent_;
    std::string model_;
    CircuitPolicy policy_;
    bool retryable_;
    CircuitBreaker breaker_;
};

}  // namespace enough
