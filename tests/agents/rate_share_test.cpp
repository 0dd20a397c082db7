#include <enough/async/rate_share.hpp>

#include <enough/agents/settings.hpp>
#include <enough/async/limiter.hpp>
#include <enough/async/task_group.hpp>

#include "limited_agent.hpp"
#include "support/run.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;

Task<void> hop() {
    for (int i = 0; i < 3; ++i)
        co_await asio::post(asio::use_awaitable);
}

LimiterSettings at_once(int concurrency, std::shared_ptr<RateShare> share) {
    LimiterSettings settings;
    settings.concurrency = concurrency;
    settings.share = std::move(share);
    return settings;
}

TEST(RateShare, DealsOutEveryPlaceOnce) {
    struct {
        int places;
        std::vector<int> dealt;
    } const rows[] = {
        {7, {7}}, {7, {4, 3}}, {8, {3, 3, 2}}, {6, {2, 2, 2}}, {3, {1, 1, 1, 0, 0}}, {1, {1, 0}},
    };
    for (const auto& row : rows)
        for (int rank = 0; rank < std::ssize(row.dealt); ++rank)
            EXPECT_EQ(places_of({static_cast<int>(row.dealt.size()), rank}, row.places), row.dealt[rank])
                << row.places << " in " << row.dealt.size() << ", number " << rank;
}

TEST(RateShare, IsTheWholeUntilItIsSetAndRefusesWhatIsNoPart) {
    RateShare share;
    EXPECT_EQ(share.part(), (RatePart{1, 0}));
    share.set(3, 2);
    for (const auto& [parts, rank] : std::vector<std::pair<int, int>>{{0, 0}, {-1, 0}, {3, 3}, {3, -1}})
        EXPECT_THROW(share.set(parts, rank), std::invalid_argument) << parts << " " << rank;
    EXPECT_EQ(share.part(), (RatePart{3, 2}));
}

/// Takes what is to be had now, and checks how much is held then.
Task<void> pass_at_once(Limiter* limiter, std::vector<Limiter::Permit>* held, std::size_t expected) {
    for (;;) {
        auto permit = co_await limiter->acquire(0, Deadline::after(0s));
        if (!permit) break;
        held->push_back(std::move(*permit));
    }
    EXPECT_EQ(held->size(), expected);
}

Task<void> has_its_places() {
    const auto share = std::make_shared<RateShare>();
    share->set(2, 1);
    Limiter limiter(at_once(5, share));  // made after the share was set
    std::vector<Limiter::Permit> held;
    co_await pass_at_once(&limiter, &held, 2);
    share->set(2, 0);
    co_await pass_at_once(&limiter, &held, 3);
    share->set(1, 0);
    co_await pass_at_once(&limiter, &held, 5);
    share->set(5, 0);  // calls on their way go on, and nobody else comes before they are fewer
    while (!held.empty()) {
        const auto refused = co_await limiter.acquire(0, Deadline::after(0s));
        EXPECT_FALSE(refused.has_value()) << held.size();
        held.pop_back();
    }
    co_await pass_at_once(&limiter, &held, 1);
}

TEST(RateShare, GivesALimiterItsPlaces) {
    test::run(has_its_places());
}

Task<void> note(Limiter* limiter, std::vector<int>* order, std::uint64_t owner) {
    const auto permit = co_await limiter->acquire(0, Deadline::never(), owner);
    order->push_back(static_cast<int>(owner));
    co_await hop();
}

Task<void> woken_in_turn(asio::any_io_executor executor, std::vector<int>* order) {
    const auto share = std::make_shared<RateShare>();
    share->set(3, 2);
    Limiter limiter(at_once(2, share));  // no place for number 2
    TaskGroup group(executor);
    for (const std::uint64_t owner : {7, 7, 8, 9})
        group.spawn(note(&limiter, order, owner));
    co_await hop();
    EXPECT_TRUE(order->empty());
    share->set(2, 1);
    co_await group.join();
}

TEST(RateShare, AChangeWakesThoseWhoWaitForAPlaceInTheirTurns) {
    std::vector<int> order;
    test::run_with([&](auto executor) { return woken_in_turn(executor, &order); });
    EXPECT_EQ(order, (std::vector<int>{7, 8, 9, 7}));
}

Task<void> without_a_place() {
    const auto share = std::make_shared<RateShare>();
    Limiter limiter(at_once(1, share));
    share->set(2, 1);
    const auto refused = co_await limiter.acquire(0, Deadline::after(2ms));
    EXPECT_FALSE(refused.has_value());
}

TEST(RateShare, WithoutAPlaceACallWaitsForItsDeadline) {
    test::run(without_a_place());
}

Task<void> divided_requests() {
    const auto share = std::make_shared<RateShare>();
    LimiterSettings settings;
    settings.requests_per_minute = 6;
    settings.share = share;
    Limiter limiter(settings);
    share->set(3, 1);
    std::vector<Limiter::Permit> held;
    co_await pass_at_once(&limiter, &held, 2);
    for (const int parts : {1, 3, 2, 1}) {  // no change brings a new burst
        share->set(parts, 0);
        co_await pass_at_once(&limiter, &held, 2);
    }
}

TEST(RateShare, DividesTheRequestsOfAMinute) {
    test::run(divided_requests());
}

Task<void> divided_tokens() {
    const auto share = std::make_shared<RateShare>();
    share->set(4, 3);
    LimiterSettings settings;
    settings.tokens_per_minute = 1'000;
    settings.share = share;
    Limiter limiter(settings);
    const auto first = co_await limiter.acquire(200, Deadline::after(0s));
    EXPECT_TRUE(first.has_value());
    const auto second = co_await limiter.acquire(100, Deadline::after(0s));
    EXPECT_FALSE(second.has_value());
    const auto third = co_await limiter.acquire(50, Deadline::after(0s));
    EXPECT_TRUE(third.has_value());
}

TEST(RateShare, DividesTheTokensOfAMinute) {
    test::run(divided_tokens());
}

Task<void> a_waiter_hears_of_a_faster_rate(asio::any_io_executor executor, std::vector<int>* order) {
    const auto share = std::make_shared<RateShare>();
    share->set(1'000'000, 0);
    LimiterSettings settings;
    settings.tokens_per_minute = 6'000'000;  // a hundred a millisecond, or six a minute
    settings.share = share;
    Limiter limiter(settings);
    const auto burst = co_await limiter.acquire(6, Deadline::never());
    TaskGroup group(executor);
    group.spawn(note(&limiter, order, 1));  // 0 tokens: passes at once, the bucket is not in debt
    co_await hop();
    auto debt = co_await limiter.acquire(0, Deadline::never());
    debt->settle(100);  // more than a quarter of an hour at six a minute
    group.spawn(note(&limiter, order, 2));
    co_await hop();
    EXPECT_EQ(*order, std::vector<int>{1});
    share->set(1, 0);
    co_await group.join();
}

TEST(RateShare, AChangeIsHeardByThoseWhoWaitForTheRate) {
    std::vector<int> order;
    test::run_with([&](auto executor) { return a_waiter_hears_of_a_faster_rate(executor, &order); });
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(RateShare, OutlivesItsLimiters) {
    const auto share = std::make_shared<RateShare>();
    for (int i = 0; i < 3; ++i) {
        const Limiter limiter(at_once(1, share));
        share->set(2, 0);
    }
    share->set(1, 0);
}

struct Crowd {
    std::atomic<int> inside = 0;
    std::atomic<int> passed = 0;
    std::atomic<bool> too_many = false;
};

Task<void> pass_or_change(Limiter* limiter, RateShare* share, Crowd* crowd, std::size_t index) {
    for (std::size_t i = 0; i < 50; ++i) {
        if (index == 0) {
            share->set(static_cast<int>(i % 4 + 1), static_cast<int>(i % 4));  // number 3 of 4 has no place
            co_await hop();
            continue;
        }
        auto permit = co_await limiter->acquire(1, Deadline::after(60s), index);
        if (!permit) continue;
        if (++crowd->inside > 3) crowd->too_many = true;
        co_await hop();
        --crowd->inside;
        ++crowd->passed;
        permit->settle(2);
    }
    if (index == 0) share->set(1, 0);
}

TEST(RateShare, ChangesWhileSeveralThreadsCall) {
    const auto share = std::make_shared<RateShare>();
    LimiterSettings settings = at_once(3, share);
    settings.requests_per_minute = 100'000'000;
    settings.tokens_per_minute = 100'000'000;
    Limiter limiter(settings);
    Crowd crowd;
    test::run_many([&](std::size_t i) { return pass_or_change(&limiter, share.get(), &crowd, i); }, 20, 4);
    EXPECT_FALSE(crowd.too_many);
    EXPECT_EQ(crowd.passed, 19 * 50);  // nobody was forgotten
}

TEST(RateShare, IsSetForEveryProviderThatHasLimits) {
    const auto share = std::make_shared<RateShare>();
    ProviderSettings all[] = {OpenAiSettings(), AnthropicSettings(), GeminiSettings(), LlamaSettings(),
                              ScriptedSettings()};
    for (ProviderSettings& settings : all)
        set_rate_share(settings, share);
    EXPECT_EQ(std::get<OpenAiSettings>(all[0]).limits.share, share);
    EXPECT_EQ(std::get<AnthropicSettings>(all[1]).limits.share, share);
    EXPECT_EQ(std::get<GeminiSettings>(all[2]).limits.share, share);
    EXPECT_EQ(std::get<ScriptedSettings>(all[4]).limits.share, share);
}

/// Answers at once.
class Answering final : public Agent {
public:
    Task<Result<Answer>> ask(Request) override { co_return Answer(); }
};

TEST(RateShare, HoldsForAnAgent) {
    RateLimits limits;
    limits.concurrency = 1;
    limits.share = std::make_shared<RateShare>();
    limits.share->set(2, 1);
    LimitedAgent agent(std::make_unique<Answering>(), limits);
    Request request;
    request.deadline = Deadline::after(5ms);
    const auto refused = test::run(agent.ask(request));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::timeout);
    limits.share->set(2, 0);
    request.deadline = Deadline::never();
    EXPECT_TRUE(test::run(agent.ask(request)));
}

}  // namespace
}  // namespace enough
