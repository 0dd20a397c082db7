#include <enough/async/deadline.hpp>

#include <algorithm>

namespace enough {

Deadline Deadline::after(Clock::duration duration) {
    const auto now = Clock::now();
    if (duration >= Clock::time_point::max() - now) return never();
    return Deadline{now + duration};
}

Deadline::Clock::duration Deadline::remaining() const {
    if (is_never()) return Clock::duration::max();
    return std::max(at_ - Clock::now(), Clock::duration::zero());
}

}  // namespace enough
