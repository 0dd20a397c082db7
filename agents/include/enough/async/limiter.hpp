#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/rate_share.hpp>
#include <enough/async/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace enough {

/// Absent = no limit; a limit is above zero. The rates are token buckets whose burst is the limit itself.
struct LimiterSettings {
    std::optional<int> concurrency;
    std::optional<int> requests_per_minute;
    std::optional<std::int64_t> tokens_per_minute;
    std::shared_ptr<RateShare> share{};  ///< null: the limits are this process's alone
};

/// Lets calls to one model pass, no more at once and no faster than allowed. Those that wait take turns by owner, an
/// owner's own calls in the order they came: whoever asks for little waits no longer than one turn of each of the
/// others, however much these want.
///
/// With a share, the rates are divided by its parts and the places dealt out by `places_of`: where that is 0, calls
/// wait until the share changes. A change holds at once: buckets change as `TokenBucket::change` says, calls on their
/// way keep their places, those that wait look again in their turns. A limiter made later starts with its part's full
/// burst, since nobody says what others have used, and a part below one request a minute lets one pass at once.
///
/// May be used from several threads; each waiting coroutine runs on a strand of its own choice.
class Limiter {
    struct State;

public:
    /// One call's leave. Its place is free again when it is destroyed.
    class Permit {
    public:
        Permit(Permit&&) noexcept = default;
        Permit& operator=(Permit&& other) noexcept;
        ~Permit() { release(); }

        /// Corrects the estimate by which the call was admitted to what it really used. Once; without it the estimate
        /// stands.
        void settle(std::int64_t actual_tokens);

    private:
        friend class Limiter;
        Permit(std::shared_ptr<State> state, std::int64_t tokens) : state_(std::move(state)), tokens_(tokens) {}
        void release();

        std::shared_ptr<State> state_;
        std::int64_t tokens_ = 0;
        bool settled_ = false;
    };

    explicit Limiter(LimiterSettings settings);

    /// Waits for a place and for the rates. Empty if `deadline` passes first; cancelling the caller gives up its turn.
    /// An estimate above a whole minute's tokens waits for a full bucket. `owner` is any number.
    Task<std::optional<Permit>> acquire(std::int64_t estimated_tokens, Deadline deadline, std::uint64_t owner = 0);

private:
    std::shared_ptr<State> state_;
};

}  // namespace enough
