#include "hedge_agent.hpp"

#include <enough/async/task_group.hpp>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace enough {

namespace {

using Clock = Deadline::Clock;
using Duration = LatestWaits::Duration;

/// One call: its request, maybe a second one, and which of them counts.
class Race {
public:
    Race(Agent& agent, Request request, std::optional<Duration> patience, const asio::any_io_executor& executor)
        : agent_(agent),
          request_(std::move(request)),
          patience_(patience),
          clock_(executor, asio::steady_timer::time_point::max()),
          group_(executor, TaskGroup::OnError::cancel_others) {}

    Task<Result<Answer>> run();

    /// How long the first request waited for its first token, or had done so when the second one's came.
    std::optional<Duration> wait() const { return wait_; }

private:
    static constexpr std::size_t first = 0;
    static constexpr std::size_t second = 1;

    class Side final : public AnswerSink {
    public:
        Side(Race& race, std::size_t index) : race_(race), index_(index) {}

        Flow on_token(const Token& token) override {
            if (!race_.wins(index_)) return Flow::stop;
            return listener() == nullptr ? Flow::go_on : listener()->on_token(token);
        }
        void on_text(Phase phase, std::string_view text) override {
            if (race_.wins(index_) && listener() != nullptr) listener()->on_text(phase, text);
        }
        void on_progress() override {
            if (race_.wins(index_) && listener() != nullptr) listener()->on_progress();
        }
        void on_sent() override {
            if (!sent) race_.sent(index_);
            if (listener() != nullptr) listener()->on_sent();
        }
        void on_restart() override {  // before it has won, nobody has seen anything of it
            if (race_.winner_ == index_ && listener() != nullptr) listener()->on_restart();
        }

        std::optional<TaskGroup::Id> task;
        std::optional<Clock::time_point> sent;
        std::optional<Result<Answer>> result;  ///< none of one that was cancelled

    private:
        AnswerSink* listener() const { return race_.request_.sink; }

        Race& race_;
        std::size_t index_;
    };

    void start(std::size_t index) { sides_[index].task = group_.spawn(ask(index)); }
    Task<void> ask(std::size_t index);
    Task<void> hedge();
    bool due() const { return sides_[first].sent && Clock::now() >= *sides_[first].sent + *patience_; }
    bool granted() const;
    void sent(std::size_t index);
    bool wins(std::size_t index);
    void ended(std::size_t index);
    void no_second();
    Usage used_by(const Side& other, const Usage& counted) const;
    Result<Answer> outcome();

    Agent& agent_;
    Request request_;
    std::optional<Duration> patience_;
    std::array<Side, 2> sides_{Side(*this, first), Side(*this, second)};
    std::optional<std::size_t> winner_;
    std::optional<Duration> wait_;
    bool hedging_ = true;       // a second request may still be sent
    asio::steady_timer clock_;  // of the one who would send it
    TaskGroup group_;
};

Task<Result<Answer>> Race::run() {
    start(first);
    if (patience_ && hedging_) group_.spawn(hedge());
    co_await group_.join();
    co_return outcome();
}

Task<void> Race::ask(std::size_t index) {
    Request request = request_;
    request.sink = &sides_[index];
    auto result = co_await agent_.ask(std::move(request));
    sides_[index].result = std::move(result);
    ended(index);
}

Task<void> Race::hedge() {
    while (hedging_ && !due())
        co_await clock_.async_wait(asio::as_tuple(asio::use_awaitable));  // also woken when there is news
    if (hedging_ && granted()) start(second);
}

bool Race::granted() const {
    if (request_.deadline.expired()) return false;
    if (request_.attempts == nullptr) return true;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(*patience_).count();
    return request_.attempts->another(AttemptKind::hedge, Usage(), fmt::format("no token after {} ms", waited));
}

void Race::sent(std::size_t index) {
    sides_[index].sent = Clock::now();
    if (index == first && patience_) clock_.expires_at(*sides_[first].sent + *patience_);
}

// True for the side that shows something first, and from then on.
bool Race::wins(std::size_t index) {
    if (winner_) return winner_ == index;
    winner_ = index;
    no_second();
    if (sides_[first].sent) wait_ = Clock::now() - *sides_[first].sent;
    if (const auto other = sides_[1 - index].task) group_.cancel(*other);
    return true;
}

void Race::ended(std::size_t index) {
    if (sides_[index].result->has_value()) wins(index);
    if (index == first) no_second();  // a request that failed is for the retries
}

void Race::no_second() {
    hedging_ = false;
    clock_.cancel();
}

Usage Race::used_by(const Side& other, const Usage& counted) const {
    if (other.result) return *other.result ? (*other.result)->usage : other.result->error().spent;
    Usage usage;
    if (!other.sent) return usage;
    usage.input_tokens = counted.input_tokens;
    usage.estimated = true;
    return usage;
}

Result<Answer> Race::outcome() {
    const auto index = winner_.value_or(first);
    auto result = std::move(*sides_[index].result);
    const Side& other = sides_[1 - index];
    if (!other.task) return result;
    if (!result) {
        auto failure = std::move(result).error();
        failure.spent += used_by(other, failure.spent);
        return failure;
    }
    result->usage += used_by(other, result->usage);
    if (index == second && sides_[first].sent && sides_[second].sent) {
        const auto later = *sides_[second].sent - *sides_[first].sent;
        result->latency += later;
        if (result->first_token) *result->first_token += later;
    }
    return result;
}

}  // namespace

void LatestWaits::add(Duration wait) {
    ring_[seen_++ % most] = wait;
}

std::optional<Duration> LatestWaits::quantile(double share) const {
    const auto count = std::min(seen_, most);
    if (count < least) return std::nullopt;
    std::vector<Duration> waits(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(count));
    const auto wanted = static_cast<std::size_t>(std::ceil(share * static_cast<double>(count)));
    const auto place = waits.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(wanted, 1, count) - 1);
    std::nth_element(waits.begin(), place, waits.end());
    return *place;
}

HedgeAgent::HedgeAgent(std::unique_ptr<Agent> agent, HedgePolicy policy) : agent_(std::move(agent)), policy_(policy) {
    if (policy_.after && policy_.after->count() < 0) throw std::invalid_argument("hedge: a time must not be negative");
    if (policy_.quantile && !(*policy_.quantile > 0 && *policy_.quantile < 1))
        throw std::invalid_argument("hedge: a quantile must lie between 0 and 1");
}

std::optional<Duration> HedgeAgent::patience() const {
    std::optional<Duration> out = policy_.after;
    if (!policy_.quantile) return out;
    const std::lock_guard lock(mutex_);
    const auto usual = waits_.quantile(*policy_.quantile);
    return out && usual ? std::min(*out, *usual) : (usual ? usual : out);
}

// A wait that the second request ended counts with what it had come to: above the quantile it is in any case, and left
// out it would pull the quantile down from hedge to hedge.
void HedgeAgent::learn(std::optional<Duration> wait) {
    if (!wait || !policy_.quantile) return;
    const std::lock_guard lock(mutex_);
    waits_.add(*wait);
}

Task<Result<Answer>> HedgeAgent::ask(Request request) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Race race(*agent_, std::move(request), patience(), executor);
    auto result = co_await race.run();
    learn(race.wait());
    co_return result;
}

}  // namespace enough
