#pragma once

#include "fleet/fleet_messages.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace enough::fleet {

/// Who serves a batch, from what the workers say and when. Pure bookkeeping.
class Roster {
public:
    using Clock = std::chrono::steady_clock;

    /// A worker that says nothing for so long is gone.
    explicit Roster(Clock::duration patience) : patience_(patience) {}

    /// Something to tell people, if there is.
    std::optional<std::string> hear(const News& news, Clock::time_point now);

    /// Forgets those that have gone; their names.
    std::vector<std::string> forget_silent(Clock::time_point now);

    /// In an order that does not depend on who came first.
    std::vector<std::string> workers() const;

    bool empty() const { return heard_.empty(); }

private:
    Clock::duration patience_;
    std::map<std::string, Clock::time_point> heard_;
    std::set<std::string> refused_;  ///< told of already
};

}  // namespace enough::fleet
