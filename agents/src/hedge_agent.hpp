#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

namespace enough {

/// How long the latest requests waited for their first token.
class LatestWaits {
public:
    using Duration = Deadline::Clock::duration;

    void add(Duration wait);

    /// The shortest of the waits that at least `share` of them do not exceed; absent while there are fewer than
    /// `least`.
    std::optional<Duration> quantile(double share) const;

    static constexpr std::size_t most = 200;
    static constexpr std::size_t least = 20;

private:
    std::array<Duration, most> ring_{};
    std::size_t seen_ = 0;
};

/// Sends a second, equal request when the first has shown nothing for too long, and goes on with the one that shows
/// something (or is complete) first: the other is cancelled and awaited. If one fails while both are silent, the other
/// counts; if both do, it is the first one's failure. The caller's sink sees the one that counts, as if there were no
/// other.
///
/// The usage is that of both. Of a cancelled request it is an estimate: what the other one read, if it was sent at all.
/// The time of an answer to a second request counts from the first.
///
/// The wait begins when the inner agent says `on_sent`, so what it queues for is no reason to send more. A second
/// request needs the consent of the request's `attempts`.
class HedgeAgent final : public Agent {
public:
    /// Throws `std::invalid_argument` for a quantile that is not between 0 and 1, and for a time below zero.
    HedgeAgent(std::unique_ptr<Agent> agent, HedgePolicy policy);

    Task<Result<Answer>> ask(Request request) override;

private:
    std::optional<LatestWaits::Duration> patience() const;
    void learn(std::optional<LatestWaits::Duration> wait);

    std::unique_ptr<Agent> agent_;
    HedgePolicy policy_;
    mutable std::mutex mutex_;  // calls may come from several threads
    LatestWaits waits_;
};

}  // namespace enough
