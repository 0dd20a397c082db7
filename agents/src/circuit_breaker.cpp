#include "circuit_breaker.hpp"

#include <algorithm>
#include <utility>

namespace enough {

using std::chrono::milliseconds;

CircuitBreaker::CircuitBreaker(CircuitPolicy policy, std::function<Clock::time_point()> now)
    : policy_(policy), now_(std::move(now)) {}

CircuitBreaker::State CircuitBreaker::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::optional<milliseconds> CircuitBreaker::held_back() {
    const std::lock_guard lock(mutex_);
    if (state_ == State::closed) return std::nullopt;
    const auto now = now_();
    if (state_ == State::open && now < open_until_) return std::chrono::ceil<milliseconds>(open_until_ - now);
    if (probing_since_) {
        const auto so_far = std::chrono::ceil<milliseconds>(now - *probing_since_);
        const auto most = std::max(policy_.cooldown, milliseconds(1));
        return std::clamp(so_far, std::max(most / 4, milliseconds(1)), most);
    }
    state_ = State::half_open;
    probing_since_ = now;
    return std::nullopt;
}

// A call that was under way when the circuit opened is as good a witness as a probe.
void CircuitBreaker::answered() {
    const std::lock_guard lock(mutex_);
    state_ = State::closed;
    failures_ = 0;
    probing_since_.reset();
}

void CircuitBreaker::failed() {
    const std::lock_guard lock(mutex_);
    switch (state_) {
        case State::closed:
            if (++failures_ >= policy_.failures) open(now_());
            return;
        case State::open:
            return;  // it had been let out before
        case State::half_open:
            return open(now_());
    }
}

void CircuitBreaker::undecided() {
    const std::lock_guard lock(mutex_);
    probing_since_.reset();
}

void CircuitBreaker::open(Clock::time_point now) {
    state_ = State::open;
    failures_ = 0;
    open_until_ = now + policy_.cooldown;
    probing_since_.reset();
}

bool counts_against_server(const Failure& failure) {
    switch (failure.kind) {
        case FailureKind::timeout:
            return failure.retryable;
        case FailureKind::connect:
        case FailureKind::tls:
        case FailureKind::overloaded:
        case FailureKind::server_error:
        case FailureKind::bad_response:
        case FailureKind::stream_cut:
            return true;
        case FailureKind::unauthorized:
        case FailureKind::rate_limited:
        case FailureKind::bad_request:
        case FailureKind::no_model:
        case FailureKind::context_full:
        case FailureKind::script_ended:
            return false;
    }
    return false;
}

}  // namespace enough
