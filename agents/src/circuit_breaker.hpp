#pragma once

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

namespace enough {

/// Whether a server is worth a call. Closed: yes. After `failures` failed calls in a row it opens: no call goes out
/// until `cooldown` is over. Then it is half-open: one call, the probe, finds out, and the others are held back as
/// before. All members may be called from several threads.
class CircuitBreaker {
public:
    using Clock = std::chrono::steady_clock;

    explicit CircuitBreaker(CircuitPolicy policy, std::function<Clock::time_point()> now = Clock::now);

    enum class State { closed, open, half_open };
    State state() const;

    /// Lets a call out, or says how long nothing will go out; above zero. While a probe is under way that is a guess:
    /// as long as the probe has taken so far, at least a quarter of the cooldown, at most all of it.
    std::optional<std::chrono::milliseconds> held_back();

    /// What came of a call that was let out; exactly once for each.
    void answered();   ///< the server works: closes
    void failed();     ///< it does not: counts, and opens again after a probe
    void undecided();  ///< the call says nothing of it (it was cancelled): the next call is the probe

private:
    void open(Clock::time_point now);

    CircuitPolicy policy_;
    std::function<Clock::time_point()> now_;
    mutable std::mutex mutex_;
    State state_ = State::closed;
    int failures_ = 0;              // in a row
    Clock::time_point open_until_;  // of `open`
    std::optional<Clock::time_point> probing_since_;
};

/// What a failed call says of the server's health: a refusal in its own words (400, 401, 403, 429, a full context) says
/// that it works, or at least nothing against it; nor does the end of the caller's own time (a `timeout` that is not
/// retryable).
bool counts_against_server(const Failure& failure);

}  // namespace enough
