#include "retry_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace enough {
namespace {

int all(RetryBudget& budget) {
    int taken = 0;
    while (taken < 1'000 && budget.take())
        ++taken;
    return taken;
}

TEST(RetryBudget, BeginsWithItsReserve) {
    RetryBudget budget(0.2);
    EXPECT_EQ(all(budget), 10);
    EXPECT_FALSE(budget.take());
}

TEST(RetryBudget, GetsAShareOfEachCall) {
    RetryBudget budget(0.2);
    all(budget);
    for (int call = 0; call < 4; ++call)
        budget.count_call();
    EXPECT_FALSE(budget.take()) << "four fifths of a retry";
    budget.count_call();
    EXPECT_TRUE(budget.take());
    EXPECT_FALSE(budget.take());
}

TEST(RetryBudget, AShareOfNothingLeavesTheReserve) {
    RetryBudget budget(0);
    for (int call = 0; call < 1'000; ++call)
        budget.count_call();
    EXPECT_EQ(all(budget), 10);
}

TEST(RetryBudget, HoursOfHealthDoNotPayForAStorm) {
    RetryBudget budget(0.2);
    for (int call = 0; call < 1'000'000; ++call)
        budget.count_call();
    EXPECT_EQ(all(budget), 100);
}

TEST(RetryBudget, WhatIsGivenBackCanBeTakenAgain) {
    RetryBudget budget(0);
    all(budget);
    budget.give_back();
    EXPECT_EQ(all(budget), 1);
}

TEST(RetryBudget, KeepsCountAmongThreads) {
    RetryBudget budget(0.5);
    std::atomic<int> taken = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int call = 0; call < 10'000; ++call) {
                budget.count_call();
                if (budget.take()) ++taken;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_LE(taken, 10 + 20'000);
    EXPECT_GE(taken, 20'000 - 100) << "and nothing is lost but what was never wanted";
}

}  // namespace
}  // namespace enough
