#include <enough/orchestrator/budget.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using testing::HasSubstr;

const std::vector<Message> prompt{{Role::user, "123456789"}};  // 9 bytes: 3 tokens, and 8 for the message
constexpr std::int64_t prompt_tokens = 11;

TEST(Budget, WithoutLimitsAdmitsEverythingUnchanged) {
    Budget budget;
    const auto admission = budget.reserve(prompt, std::nullopt, std::nullopt);
    ASSERT_TRUE(admission.reservation);
    EXPECT_EQ(admission.reservation->max_tokens, std::nullopt);
    EXPECT_EQ(admission.reservation->input_tokens, prompt_tokens);
}

TEST(Budget, CountsCallsBeforeTheyAreSent) {
    Budget budget(RunLimits{.calls = 1});
    EXPECT_TRUE(budget.reserve(prompt, 10, std::nullopt).reservation);
    const auto second = budget.reserve(prompt, 10, std::nullopt);
    EXPECT_FALSE(second.reservation);
    EXPECT_THAT(second.refusal, HasSubstr("limits.calls allows 1"));
}

TEST(Budget, LowersMaxTokensToWhatIsLeft) {
    Budget budget(RunLimits{.tokens = 200});
    EXPECT_EQ(budget.reserve(prompt, 1000, std::nullopt).reservation->max_tokens, 200 - prompt_tokens);
}

TEST(Budget, HoldsReservationsOfCallsBesideEachOther) {
    Budget budget(RunLimits{.tokens = 200});
    const auto first = budget.reserve(prompt, 100, std::nullopt);
    ASSERT_TRUE(first.reservation);
    EXPECT_EQ(budget.reserve(prompt, 100, std::nullopt).reservation->max_tokens, 200 - 111 - prompt_tokens);
    EXPECT_FALSE(budget.reserve(prompt, 100, std::nullopt).reservation);
    budget.commit(*first.reservation, {.input_tokens = 5, .output_tokens = 5}, 0);
    EXPECT_TRUE(budget.reserve(prompt, 64, std::nullopt).reservation);
}

TEST(Budget, RefusesWhenTooLittleIsLeftForAnAnswer) {
    Budget budget(RunLimits{.tokens = prompt_tokens + 63});
    EXPECT_FALSE(budget.reserve(prompt, 1000, std::nullopt).reservation);
    EXPECT_TRUE(budget.reserve(prompt, 63, std::nullopt).reservation) << "it asks for no more than there is";
}

TEST(Budget, PaysInMoney) {
    const Price price{.input = 1e6, .output = 1e6};  // one dollar a token
    Budget budget(RunLimits{.usd = 100});
    EXPECT_EQ(budget.reserve(prompt, 1000, price).reservation->max_tokens, 100 - prompt_tokens);
    const auto second = budget.reserve(prompt, 1000, price);
    EXPECT_FALSE(second.reservation);
    EXPECT_THAT(second.refusal, HasSubstr("limits.usd allows 100"));
}

TEST(Budget, SaysWhenAServerCountedMoreThanAllowed) {
    Budget budget(RunLimits{.tokens = 200});
    const auto admission = budget.reserve(prompt, 100, std::nullopt);
    budget.commit(*admission.reservation, {.input_tokens = 150, .output_tokens = 51}, 0);
    ASSERT_TRUE(budget.broken());
    EXPECT_THAT(*budget.broken(), HasSubstr("limits.tokens allows 200, 201 were used"));
}

TEST(Cost, CountsCachedInputAtItsOwnPrice) {
    const Usage usage{.input_tokens = 1000, .cached_input_tokens = 400, .output_tokens = 100};
    EXPECT_DOUBLE_EQ(cost_usd(usage, Price{.input = 10, .cached_input = 1, .output = 100}), (6000 + 400 + 10000) / 1e6);
    EXPECT_DOUBLE_EQ(cost_usd(usage, Price{.input = 10, .output = 100}), (10000 + 10000) / 1e6);
    EXPECT_EQ(cost_usd(usage, std::nullopt), 0);
}

}  // namespace
}  // namespace enough
