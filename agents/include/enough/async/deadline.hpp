#pragma once

#include <chrono>

namespace enough {

/// A point in time by which something must be done, passed down instead of timeouts. Default: never.
class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    Deadline() = default;  ///< never
    explicit Deadline(Clock::time_point at) : at_(at) {}

    /// `duration` from now; durations too long to represent mean never.
    static Deadline after(Clock::duration duration);
    static Deadline never() { return Deadline{}; }

    bool is_never() const { return at_ == Clock::time_point::max(); }
    bool expired() const { return !is_never() && Clock::now() >= at_; }
    Clock::time_point at() const { return at_; }

    /// Time left, not below zero; `Clock::duration::max()` if never.
    Clock::duration remaining() const;

    friend Deadline earlier(Deadline a, Deadline b) { return a.at_ < b.at_ ? a : b; }
    bool operator==(const Deadline&) const = default;

private:
    Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace enough
