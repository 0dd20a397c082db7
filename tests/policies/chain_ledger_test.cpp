#include <enough/policies/chain_ledger.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

std::vector<Chain> chains_of(const json& items) {
    std::vector<Chain> chains;
    for (const json& item : items) {
        Chain chain;
        for (const json& entropy : item.at("entropy")) {
            const std::size_t i = chain.size();
            const auto score = entropy.is_null() ? std::nullopt : std::optional(test::number(entropy));
            chain.push_back({score, item.at("correct").at(i), item.at("input_tokens").at(i),  //
                             item.at("output_tokens").at(i)});
        }
        chains.push_back(chain);
    }
    return chains;
}

// The other two of the four counts follow from how many were right before.
void expect_flips(const json& want, const Flips& got, double accuracy_before, std::size_t n) {
    EXPECT_EQ(want.size(), 4U) << "a field that this test does not check";
    EXPECT_EQ(got.right_wrong, want.at("right_wrong"));
    EXPECT_EQ(got.wrong_right, want.at("wrong_right"));
    const auto right_before = static_cast<std::size_t>(std::lround(accuracy_before * static_cast<double>(n)));
    EXPECT_EQ(right_before - got.right_wrong, want.at("right_right"));
    EXPECT_EQ(n - right_before - got.wrong_right, want.at("wrong_wrong"));
}

TEST(ChainLedger, AgreesWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("chain_ledger")) {
        SCOPED_TRACE(golden.id);
        const json& tau = golden.input.at("tau");
        const bool first = golden.input.at("gate") == "first_step";
        const auto got =
            chain_ledger(chains_of(golden.input.at("items")), tau.is_null() ? std::nullopt : std::optional<double>(tau),
                         first ? StopRule::first_step : StopRule::every_step);
        const json& expect = golden.expect;
        EXPECT_EQ(expect.size(), 15U) << "a field that this test does not check";
        EXPECT_EQ(got.steps_used.size(), expect.at("n"));
        EXPECT_EQ(got.steps_used, expect.at("steps_used").get<std::vector<std::size_t>>());
        EXPECT_EQ(got.stopped, expect.at("stopped"));
        EXPECT_TRUE(matches(expect, "stop_rate", got.stop_rate));
        EXPECT_TRUE(matches(expect, "savings_output", got.savings_output));
        EXPECT_TRUE(matches(expect, "savings_total", got.savings_total));
        EXPECT_TRUE(matches(expect, "step1_accuracy", got.step1_accuracy));
        EXPECT_TRUE(matches(expect, "full_accuracy", got.full_accuracy));
        EXPECT_TRUE(matches(expect, "gated_accuracy", got.gated_accuracy));
        EXPECT_TRUE(matches(expect, "delta_accuracy", got.delta_accuracy));
        EXPECT_TRUE(matches(expect, "threshold_accuracy", got.threshold_accuracy));
        EXPECT_TRUE(matches(expect, "expected_random_accuracy", got.expected_random_accuracy));
        EXPECT_TRUE(matches(expect, "mcnemar_p", got.mcnemar_p));
        expect_flips(expect.at("flips"), got.flips, got.full_accuracy, got.steps_used.size());
        expect_flips(expect.at("refinement_flips"), got.refinement_flips, got.step1_accuracy, got.steps_used.size());
    }
}

Chain chain_with(std::vector<std::optional<double>> scores) {
    Chain chain;
    for (const auto score : scores)
        chain.push_back({score, true, 0, 10});
    return chain;
}

TEST(ChainLedger, WithoutChainsAllNumbersAreZero) {
    const auto got = chain_ledger({}, 0.5, StopRule::every_step);
    EXPECT_TRUE(got.steps_used.empty());
    EXPECT_EQ(got.stopped, 0U);
    EXPECT_EQ(got.stop_rate, 0);
    EXPECT_EQ(got.savings_output, 0);
    EXPECT_EQ(got.savings_total, 0);
    EXPECT_EQ(got.full_accuracy, 0);
    EXPECT_EQ(got.expected_random_accuracy, 0);
    EXPECT_FALSE(got.threshold_accuracy);
    EXPECT_EQ(got.mcnemar_p, 1);
}

TEST(ChainLedger, AChainOfOneStepHasNothingToStop) {
    for (const StopRule rule : {StopRule::first_step, StopRule::every_step}) {
        const auto got = chain_ledger(std::vector<Chain>{chain_with({0.1})}, 0.5, rule);
        EXPECT_EQ(got.steps_used, std::vector<std::size_t>{1});
        EXPECT_EQ(got.stopped, 0U);
        EXPECT_EQ(got.savings_output, 0);
        EXPECT_EQ(got.gated_accuracy, 1);
    }
}

TEST(ChainLedger, AScoreThatIsAbsentOrNotANumberIsNeverAccepted) {
    const std::vector<Chain> chains{chain_with({{}, {}, {}}),
                                    chain_with({std::numeric_limits<double>::quiet_NaN(), 9, 9}),
                                    chain_with({{}, 0.1, 0.1})};
    const double accepts_all_numbers = 100;
    EXPECT_EQ(chain_ledger(chains, accepts_all_numbers, StopRule::first_step).steps_used,
              (std::vector<std::size_t>{3, 3, 3}));
    EXPECT_EQ(chain_ledger(chains, accepts_all_numbers, StopRule::every_step).steps_used,
              (std::vector<std::size_t>{3, 2, 2}));
}

TEST(ChainLedger, EveryStepHasItsOwnThreshold) {
    const std::vector<Chain> chains{chain_with({0.5, 0.5, 0.5, 0.5})};
    const auto steps = [&](std::vector<std::optional<double>> taus, StopRule rule = StopRule::every_step) {
        return chain_ledger(chains, taus, rule).steps_used.front();
    };
    EXPECT_EQ(steps({0.5, 0.5, 0.5}), 1U);
    EXPECT_EQ(steps({0.4, 0.4, 0.6}), 3U);
    EXPECT_EQ(steps({{}, 0.5}), 2U);
    EXPECT_EQ(steps({}), 4U) << "no threshold for any step";
    EXPECT_EQ(steps({0.4}), 4U) << "no threshold beyond the list";
    EXPECT_EQ(steps({0.4, 0.4, 0.4, 0.5}), 4U) << "the last step is no stop";
    EXPECT_EQ(steps({0.5, 0.5, 0.5, 0.5, 0.5}), 1U) << "a list longer than the chain";
    EXPECT_EQ(steps({0.4, 0.5, 0.5}, StopRule::first_step), 4U);
    EXPECT_EQ(steps({0.5, 0.4, 0.4}, StopRule::first_step), 1U);
}

TEST(ChainLedger, NoTokensAreNoSavings) {
    Chain chain = chain_with({0.1, 0.1});
    for (ChainStep& step : chain)
        step.output_tokens = 0;
    const auto got = chain_ledger(std::vector<Chain>{chain}, 0.5, StopRule::first_step);
    EXPECT_EQ(got.stopped, 1U);
    EXPECT_EQ(got.savings_output, 0);
    EXPECT_EQ(got.savings_total, 0);
}

TEST(ChainLedger, ChainsOfDifferentLengthsAreRefused) {
    const auto judge = [](std::vector<Chain> chains) { return chain_ledger(chains, 0.5, StopRule::first_step); };
    EXPECT_THROW(judge({chain_with({0.1}), chain_with({0.1, 0.2})}), std::invalid_argument);
    EXPECT_THROW(judge({chain_with({0.1, 0.2}), chain_with({0.1})}), std::invalid_argument);
    EXPECT_THROW(judge({Chain()}), std::invalid_argument);
    EXPECT_THROW(judge({chain_with({0.1}), Chain()}), std::invalid_argument);
}

}  // namespace
}  // namespace enough
