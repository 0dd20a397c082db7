#pragma once

#include <chrono>

namespace enough {

/// How much may be used up per minute, as bookkeeping without a clock of its own. It starts full, holds at most one
/// minute's worth, and may fall below zero: whoever used more than expected makes the next ones wait.
class TokenBucket {
public:
    using Clock = std::chrono::steady_clock;

    /// `per_minute` must be above zero.
    TokenBucket(double per_minute, Clock::time_point now);

    /// When `amount` can be taken, `now` at the earliest. More than the bucket holds needs a full bucket.
    Clock::time_point ready_at(double amount, Clock::time_point now) const;

    /// Takes `amount`, whether or not it is there. A negative amount puts back.
    void take(double amount, Clock::time_point now);

    /// Another limit from now on, above zero. A bucket that shrinks keeps its share of what it held, one that grows
    /// holds what it held, and debt stays as it is: no sequence of changes adds to what may be used at once.
    void change(double per_minute, Clock::time_point now);

    double level(Clock::time_point now) const;

private:
    double capacity_;
    double level_;
    Clock::time_point at_;
};

}  // namespace enough
