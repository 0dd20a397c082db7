#include <enough/orchestrator/budget.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using testing::HasSubstr;

const std::vector<Message> prompt{{Role::user, "123456789"}};  // 9 bytes: 3 tokens, and 8 for the message
constexpr std::int64_t prompt_tokens = 11;

Demand demand(std::optional<std::int64_t> max_tokens, std::optional<Price> price = {}) {
    return {estimated_input_tokens(prompt), max_tokens, price};
}

/// Reserves from the whole run's purse.
Purses::Admission reserve(Purses& purses, std::optional<std::int64_t> max_tokens, std::optional<Price> price = {}) {
    return purses.reserve(Purses::whole_run, demand(max_tokens, price));
}

TEST(Budget, WithoutLimitsAdmitsEverythingUnchanged) {
    Purses purses(RunLimits{});
    const auto admission = reserve(purses, std::nullopt);
    ASSERT_TRUE(admission.reservation);
    EXPECT_EQ(admission.reservation->max_tokens, std::nullopt);
    EXPECT_EQ(admission.reservation->input_tokens, prompt_tokens);
}

TEST(Budget, CountsCallsBeforeTheyAreSent) {
    Purses purses(RunLimits{.calls = 1});
    EXPECT_TRUE(reserve(purses, 10).reservation);
    const auto second = reserve(purses, 10);
    EXPECT_FALSE(second.reservation);
    EXPECT_THAT(second.refusal, HasSubstr("limits.calls allows 1"));
}

TEST(Budget, LowersMaxTokensToWhatIsLeft) {
    Purses purses(RunLimits{.tokens = 200});
    EXPECT_EQ(reserve(purses, 1000).reservation->max_tokens, 200 - prompt_tokens);
}

TEST(Budget, HoldsReservationsOfCallsBesideEachOther) {
    Purses purses(RunLimits{.tokens = 200});
    const auto first = reserve(purses, 100);
    ASSERT_TRUE(first.reservation);
    EXPECT_EQ(reserve(purses, 100).reservation->max_tokens, 200 - 111 - prompt_tokens);
    EXPECT_FALSE(reserve(purses, 100).reservation);
    purses.release(Purses::whole_run, *first.reservation);
    purses.commit(Purses::whole_run, {.input_tokens = 5, .output_tokens = 5}, 0);
    EXPECT_TRUE(reserve(purses, 64).reservation);
}

TEST(Budget, RefusesWhenTooLittleIsLeftForAnAnswer) {
    Purses purses(RunLimits{.tokens = prompt_tokens + 63});
    EXPECT_FALSE(reserve(purses, 1000).reservation);
    EXPECT_TRUE(reserve(purses, 63).reservation) << "it asks for no more than there is";
}

TEST(Budget, PaysInMoney) {
    const Price price{.input = 1e6, .output = 1e6};  // one dollar a token
    Purses purses(RunLimits{.usd = 100});
    EXPECT_EQ(reserve(purses, 1000, price).reservation->max_tokens, 100 - prompt_tokens);
    const auto second = reserve(purses, 1000, price);
    EXPECT_FALSE(second.reservation);
    EXPECT_THAT(second.refusal, HasSubstr("limits.usd allows 100"));
}

TEST(Budget, SaysWhenAServerCountedMoreThanAllowed) {
    Purses purses(RunLimits{.tokens = 200});
    purses.commit(Purses::whole_run, {.input_tokens = 150, .output_tokens = 51}, 0);
    const auto broken = purses.broken(Purses::whole_run);
    ASSERT_TRUE(broken);
    EXPECT_THAT(broken->why, HasSubstr("limits.tokens allows 200, 201 were used"));
}

TEST(Budget, AnotherAttemptFitsWholeOrNotAtAll) {
    Purses purses(RunLimits{.tokens = 2 * (prompt_tokens + 50) + 20});
    const auto admission = reserve(purses, 50);
    EXPECT_TRUE(purses.reserve_again(Purses::whole_run, *admission.reservation));
    EXPECT_FALSE(purses.reserve_again(Purses::whole_run, *admission.reservation));
    EXPECT_EQ(purses.at(Purses::whole_run).calls(), 1) << "attempts are inside a call";
}

TEST(Purses, DrawFromAllAroundThem) {
    Purses purses(RunLimits{.tokens = 1000});
    const PurseId step = purses.open(Purses::whole_run, RunLimits{.tokens = 100});
    const auto admission = purses.reserve(step, demand(500));
    ASSERT_TRUE(admission.reservation);
    EXPECT_EQ(admission.reservation->max_tokens, 100 - prompt_tokens);
    EXPECT_EQ(purses.at(Purses::whole_run).reserved_tokens(), 100);
    EXPECT_EQ(purses.at(Purses::whole_run).calls(), 1);
    purses.release(step, *admission.reservation);
    purses.commit(step, {.input_tokens = 10, .output_tokens = 20}, 0);
    EXPECT_EQ(purses.at(step).used(), purses.at(Purses::whole_run).used());
}

TEST(Purses, SayWhoseLimitIsReached) {
    Purses purses(RunLimits{.tokens = 1000, .calls = 2});
    const PurseId step = purses.open(Purses::whole_run, RunLimits{.calls = 1});
    const PurseId other = purses.open(Purses::whole_run, RunLimits{.tokens = 900});
    EXPECT_TRUE(purses.reserve(step, demand(10)).reservation);
    EXPECT_EQ(purses.reserve(step, demand(10)).refused_by, step);
    EXPECT_TRUE(purses.reserve(other, demand(10)).reservation);
    EXPECT_EQ(purses.reserve(other, demand(10)).refused_by, Purses::whole_run);
    EXPECT_EQ(purses.at(other).calls(), 1) << "a refused call draws from nobody";
}

TEST(Purses, FindTheInnermostLimitThatIsBroken) {
    Purses purses(RunLimits{.tokens = 100});
    const PurseId step = purses.open(Purses::whole_run, RunLimits{.tokens = 50});
    EXPECT_FALSE(purses.broken(step));
    purses.commit(step, {.input_tokens = 60}, 0);
    EXPECT_EQ(purses.broken(step)->purse, step);
    EXPECT_FALSE(purses.broken(Purses::whole_run));
    purses.commit(Purses::whole_run, {.input_tokens = 60}, 0);
    EXPECT_EQ(purses.broken(Purses::whole_run)->purse, Purses::whole_run);
}

TEST(Cost, CountsCachedInputAtItsOwnPrice) {
    const Usage usage{.input_tokens = 1000, .cached_input_tokens = 400, .output_tokens = 100};
    EXPECT_DOUBLE_EQ(cost_usd(usage, Price{.input = 10, .cached_input = 1, .output = 100}), (6000 + 400 + 10000) / 1e6);
    EXPECT_DOUBLE_EQ(cost_usd(usage, Price{.input = 10, .output = 100}), (10000 + 10000) / 1e6);
    EXPECT_EQ(cost_usd(usage, std::nullopt), 0);
}

}  // namespace
}  // namespace enough
