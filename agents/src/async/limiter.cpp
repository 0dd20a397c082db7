#include <enough/async/limiter.hpp>

#include <enough/async/token_bucket.hpp>

#include "async/cancellation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace enough {
namespace {

using Clock = Deadline::Clock;

/// One who waits. Its timer is touched on its own executor only.
struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
};

void wake(const std::shared_ptr<Waiter>& waiter) {
    asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
}

template <class Limit>
std::optional<TokenBucket> make_bucket(const std::optional<Limit>& per_minute) {
    if (!per_minute) return std::nullopt;
    return TokenBucket(static_cast<double>(*per_minute), Clock::now());
}

}  // namespace

struct Limiter::State final : RateShare::Listener {
    explicit State(const LimiterSettings& settings)
        : whole(settings),
          concurrency(settings.concurrency),
          requests(make_bucket(settings.requests_per_minute)),
          tokens(make_bucket(settings.tokens_per_minute)) {}

    void share_changed() override {
        const std::lock_guard lock(mutex);
        const RatePart part = whole.share->part();
        const auto now = Clock::now();
        if (whole.concurrency) concurrency = places_of(part, *whole.concurrency);
        if (requests) requests->change(static_cast<double>(*whole.requests_per_minute) / part.parts, now);
        if (tokens) tokens->change(static_cast<double>(*whole.tokens_per_minute) / part.parts, now);
        wake_next();
    }

    /// Those of one owner that wait, in order of arrival.
    struct Line {
        std::uint64_t owner = 0;
        std::list<std::shared_ptr<Waiter>> waiters;
    };
    struct Place {
        std::list<Line>::iterator line;
        std::list<std::shared_ptr<Waiter>>::iterator waiter;
    };

    bool is_next(const Place& place) const {
        return place.line == lines.begin() && place.waiter == place.line->waiters.begin();
    }

    /// If it is this one's turn, takes what it needs and returns nothing; else returns when to look again at the
    /// latest.
    std::optional<Clock::time_point> try_take(const Place& place, double amount) {
        const std::lock_guard lock(mutex);
        if (!is_next(place) || (concurrency && running >= *concurrency)) return Clock::time_point::max();
        const auto now = Clock::now();
        auto ready = now;
        if (requests) ready = std::max(ready, requests->ready_at(1, now));
        if (tokens) ready = std::max(ready, tokens->ready_at(amount, now));
        if (ready > now) return ready;
        if (requests) requests->take(1, now);
        if (tokens) tokens->take(amount, now);
        ++running;
        return std::nullopt;
    }

    Place enqueue(std::shared_ptr<Waiter> waiter, std::uint64_t owner) {
        const std::lock_guard lock(mutex);
        const auto [known, is_new] = line_of.try_emplace(owner);
        if (is_new) known->second = lines.insert(lines.end(), Line{owner, {}});
        auto& waiters = known->second->waiters;
        return {known->second, waiters.insert(waiters.end(), std::move(waiter))};
    }

    /// `had_turn`: it was its owner's turn, and the next is another's.
    void leave(const Place& place, bool had_turn) {
        const std::lock_guard lock(mutex);
        const bool was_next = is_next(place);
        place.line->waiters.erase(place.waiter);
        if (place.line->waiters.empty()) {
            line_of.erase(place.line->owner);
            lines.erase(place.line);
        } else if (had_turn) {
            lines.splice(lines.end(), lines, place.line);
        }
        if (was_next) wake_next();
    }

    void release() {
        const std::lock_guard lock(mutex);
        --running;
        wake_next();
    }

    void settle(std::int64_t estimated, std::int64_t actual) {
        const std::lock_guard lock(mutex);
        if (!tokens) return;
        tokens->take(static_cast<double>(actual - estimated), Clock::now());
        wake_next();
    }

    void wake_next() {
        if (!lines.empty()) wake(lines.front().waiters.front());
    }

    std::mutex mutex;
    const LimiterSettings whole;  // of all parts
    std::optional<int> concurrency;
    int running = 0;
    std::optional<TokenBucket> requests;
    std::optional<TokenBucket> tokens;
    std::list<Line> lines;  // none empty; in the order of their turns
    std::unordered_map<std::uint64_t, std::list<Line>::iterator> line_of;
};

namespace {

/// A place in the queue, given up however the wait ends.
template <class State>
class QueuePlace {
public:
    QueuePlace(State& state, std::shared_ptr<Waiter> waiter, std::uint64_t owner)
        : state_(state), place_(state.enqueue(std::move(waiter), owner)) {}
    ~QueuePlace() { state_.leave(place_, had_turn_); }
    QueuePlace(const QueuePlace&) = delete;
    QueuePlace& operator=(const QueuePlace&) = delete;

    std::optional<Clock::time_point> try_take(std::int64_t tokens) {
        const auto look_again = state_.try_take(place_, static_cast<double>(tokens));
        had_turn_ = !look_again;
        return look_again;
    }

private:
    State& state_;
    typename State::Place place_;
    bool had_turn_ = false;
};

}  // namespace

Limiter::Limiter(LimiterSettings settings) : state_(std::make_shared<State>(settings)) {
    if (!settings.share) return;
    settings.share->listen(state_);
    state_->share_changed();  // to what it is by now
}

Task<std::optional<Limiter::Permit>> Limiter::acquire(std::int64_t estimated_tokens, Deadline deadline,
                                                      std::uint64_t owner) {
    const auto state = state_;
    const auto executor = co_await asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(executor);
    QueuePlace place(*state, waiter, owner);
    while (const auto look_again = place.try_take(estimated_tokens)) {
        if (deadline.expired()) co_return std::nullopt;
        waiter->timer.expires_at(std::min(*look_again, deadline.at()));
        co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto caller = co_await asio::this_coro::cancellation_state;
        if (caller.cancelled() != asio::cancellation_type::none) throw_cancelled();
    }
    co_return Permit(state, estimated_tokens);
}

Limiter::Permit& Limiter::Permit::operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    release();
    state_ = std::move(other.state_);
    tokens_ = other.tokens_;
    settled_ = other.settled_;
    return *this;
}

void Limiter::Permit::settle(std::int64_t actual_tokens) {
    if (!state_ || std::exchange(settled_, true)) return;
    state_->settle(tokens_, actual_tokens);
}

void Limiter::Permit::release() {
    if (auto state = std::exchange(state_, nullptr)) state->release();
}

}  // namespace enough
