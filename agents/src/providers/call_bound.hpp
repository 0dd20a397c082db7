#pragma once

#include <enough/async/deadline.hpp>

#include <chrono>
#include <string_view>

namespace enough {

/// A deadline that knows which setting it comes from.
struct CallBound {
    Deadline deadline;
    std::string_view name;  ///< `connect`, `first_token`, `idle`, `total`, or `deadline`: the run's own
    std::chrono::milliseconds length{};
};

inline CallBound after(Deadline::Clock::time_point start, std::chrono::milliseconds length, std::string_view name) {
    return {earlier(Deadline::never(), Deadline(start + length)), name, length};
}

inline CallBound earlier(const CallBound& a, const CallBound& b) {
    return b.deadline.at() < a.deadline.at() ? b : a;
}

}  // namespace enough
