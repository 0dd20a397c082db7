#include <enough/async/token_bucket.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace enough {
namespace {

constexpr double seconds_per_minute = 60.0;

}  // namespace

TokenBucket::TokenBucket(double per_minute, Clock::time_point now)
    : capacity_(per_minute), level_(per_minute), at_(now) {
    assert(per_minute > 0);
}

double TokenBucket::level(Clock::time_point now) const {
    const std::chrono::duration<double> elapsed = std::max(now - at_, Clock::duration::zero());
    return std::min(capacity_, level_ + elapsed.count() * capacity_ / seconds_per_minute);
}

TokenBucket::Clock::time_point TokenBucket::ready_at(double amount, Clock::time_point now) const {
    const double missing = std::min(amount, capacity_) - level(now);
    if (missing <= 0) return now;
    const double seconds = missing * seconds_per_minute / capacity_;
    // Rounded up, so that the amount is there when the time has come.
    return now + std::chrono::nanoseconds(static_cast<std::int64_t>(std::ceil(seconds * 1e9)) + 1);
}

void TokenBucket::take(double amount, Clock::time_point now) {
    level_ = std::min(capacity_, level(now) - amount);
    at_ = std::max(at_, now);
}

void TokenBucket::change(double per_minute, Clock::time_point now) {
    assert(per_minute > 0);
    const double held = level(now);
    const bool shrinks = per_minute < capacity_;
    level_ = held > 0 && shrinks ? held * (per_minute / capacity_) : held;
    capacity_ = per_minute;
    at_ = std::max(at_, now);
}

}  // namespace enough
