#include "circuit_agent.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

/// A call that was let out, and whose end the breaker must hear of however it ends.
class Passage {
public:
    explicit Passage(CircuitBreaker& breaker) : breaker_(breaker) {}
    ~Passage() {
        if (!told_) breaker_.undecided();
    }
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;

    void ended(const Result<Answer>& result) {
        told_ = true;
        if (result)
            breaker_.answered();
        else if (counts_against_server(result.error()))
            breaker_.failed();
        else if (result.error().kind == FailureKind::timeout || breaker_.state() == CircuitBreaker::State::closed)
            breaker_.undecided();  // it must not make failures before and after it look like fewer
        else
            breaker_.answered();
    }

private:
    CircuitBreaker& breaker_;
    bool told_ = false;
};

}  // namespace

CircuitAgent::CircuitAgent(std::unique_ptr<Agent> agent, std::string model, CircuitPolicy policy, bool retryable,
                           std::function<CircuitBreaker::Clock::time_point()> now)
    : agent_(std::move(agent)),
      model_(std::move(model)),
      policy_(policy),
      retryable_(retryable),
      breaker_(policy, std::move(now)) {}

Failure CircuitAgent::refusal(std::chrono::milliseconds wait) const {
    auto failure = make_failure(
        FailureKind::overloaded,
        fmt::format("{} failed {} times in a row and is left alone for now; it will be tried again in {} ms", model_,
                    policy_.failures, wait.count()));
    failure.retryable = retryable_;
    failure.retry_after = wait;
    return failure;
}

Task<Result<Answer>> CircuitAgent::ask(Request request) {
    if (const auto wait = breaker_.held_back()) co_return refusal(*wait);
    Passage passage(breaker_);
    auto result = co_await agent_->ask(std::move(request));
    passage.ended(result);
    co_return result;
}

}  // namespace enough
