#include "providers/llama_logits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace enough::llama {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(LlamaLogits, LargestComeInOrderAndTiesBySmallerId) {
    const std::vector<float> logits{1, 5, 3, 5, -2, 4};
    const std::vector<Scored> expected{{1, 5}, {3, 5}, {5, 4}};
    EXPECT_EQ(largest(logits, 3), expected);
}

TEST(LlamaLogits, LargestOfMoreThanThereAreIsAll) {
    const std::vector<float> logits{1, 2};
    EXPECT_EQ(largest(logits, 5).size(), 2U);
    EXPECT_TRUE(largest(logits, 0).empty());
    EXPECT_TRUE(largest({}, 3).empty());
}

TEST(LlamaLogits, WhatIsNoNumberIsLeftOut) {
    const std::vector<float> logits{std::nanf(""), 2, -infinity, std::nanf("")};
    const std::vector<Scored> expected{{1, 2}, {2, -infinity}};
    EXPECT_EQ(largest(logits, 4), expected);
}

TEST(LlamaLogits, LargestAgreesWithSortingEverything) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 5);
    for (const std::size_t size : {1U, 63U, 64U, 65U, 1000U, 49152U}) {
        std::vector<float> logits(size);
        for (auto& logit : logits)
            logit = std::round(normal(random) * 4) / 4;  // with many ties
        std::vector<Scored> sorted;
        for (std::size_t i = 0; i < size; ++i)
            sorted.push_back({static_cast<std::int32_t>(i), logits[i]});
        std::stable_sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.logit > b.logit; });
        sorted.resize(std::min<std::size_t>(size, 40));
        EXPECT_EQ(largest(logits, 40), sorted) << size;
    }
}

TEST(LlamaLogits, LogSumExpAgreesWithItsDefinition) {
    std::mt19937 random(11);
    std::normal_distribution<float> normal(3, 6);
    std::vector<float> logits(49152);
    long double sum = 0;
    for (auto& logit : logits) {
        logit = normal(random);
        sum += std::exp(static_cast<long double>(logit));
    }
    EXPECT_NEAR(log_sum_exp(logits), static_cast<double>(std::log(sum)), 1e-6);
}

TEST(LlamaLogits, LogSumExpOfEqualLogitsIsTheirNumber) {
    const std::vector<float> logits(1000, 500.0F);  // exp alone would overflow
    EXPECT_NEAR(log_sum_exp(logits), 500 + std::log(1000.0), 1e-6);
}

TEST(LlamaLogits, LogSumExpLeavesOutWhatIsNoNumber) {
    const std::vector<float> logits{0, std::nanf(""), -infinity, 0};
    EXPECT_NEAR(log_sum_exp(logits), std::log(2.0), 1e-6);
}

}  // namespace
}  // namespace enough::llama
