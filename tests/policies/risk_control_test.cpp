#include <enough/policies/risk_control.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

using Items = std::vector<ScoredLoss>;

Items items_of(const json& input) {
    Items items;
    for (const json& score : input.at("scores"))
        items.push_back({test::number(score), input.at("loss").at(items.size())});
    return items;
}

RiskTarget target_of(const json& input) {
    return {input.at("epsilon"), input.at("delta")};
}

void expect_threshold(const json& expect, const RiskThreshold& got) {
    EXPECT_TRUE(matches(expect, "tau", got.tau));
    EXPECT_TRUE(matches(expect, "reason", got.reason));
    EXPECT_EQ(got.accepted, expect.at("accepted"));
    EXPECT_EQ(got.lost, expect.at("lost"));
}

TEST(RiskControl, ConformalThresholdsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("risk_control", "crc")) {
        SCOPED_TRACE(golden.id);
        expect_threshold(golden.expect, crc_threshold(items_of(golden.input), golden.input.at("epsilon")));
    }
}

TEST(RiskControl, HoeffdingThresholdsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("risk_control", "ucb_hoeffding")) {
        SCOPED_TRACE(golden.id);
        expect_threshold(golden.expect, hoeffding_threshold(items_of(golden.input), target_of(golden.input)));
    }
}

TEST(RiskControl, ExactBoundThresholdsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("risk_control", "ucb_exact")) {
        SCOPED_TRACE(golden.id);
        expect_threshold(golden.expect, bound_threshold(items_of(golden.input), target_of(golden.input)));
    }
}

TEST(RiskControl, LearnThenTestThresholdsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("risk_control", "ltt")) {
        SCOPED_TRACE(golden.id);
        const json& input = golden.input;
        const auto got = ltt_threshold(items_of(input), target_of(input), input.at("min_accepted"), input.at("starts"));
        expect_threshold(golden.expect, got);
        EXPECT_EQ(got.tests, golden.expect.at("tests"));
    }
}

/// P(Bin(n, p) <= x), multiplied out.
double at_most(std::size_t x, std::size_t n, double p) {
    double sum = 0;
    for (std::size_t k = 0; k <= std::min(x, n); ++k) {
        double term = std::pow(1 - p, static_cast<double>(n - k));
        for (std::size_t i = 1; i <= k; ++i)
            term *= static_cast<double>(n - k + i) / static_cast<double>(i) * p;
        sum += term;
    }
    return sum;
}

struct Problem {
    Items items;
    int percent = 0;  // of epsilon
    RiskTarget target;
};

rc::Gen<Problem> any_problem() {
    return rc::gen::exec([] {
        Problem problem;
        const auto count = *rc::gen::inRange<std::size_t>(0, 90);
        const auto values = *rc::gen::element(4, 30, 1000);
        const auto loss_percent = *rc::gen::element(0, 5, 20, 50);
        for (std::size_t i = 0; i < count; ++i) {
            const double score = *rc::gen::inRange(0, values) / 10.0;
            problem.items.push_back({score, *rc::gen::inRange(0, 100) < loss_percent});
        }
        problem.percent = *rc::gen::inRange(1, 60);
        problem.target = {problem.percent / 100.0, *rc::gen::element(0.05, 0.1, 0.3)};
        return problem;
    });
}

std::size_t accepted_at(const Items& items, double tau) {
    return static_cast<std::size_t>(
        std::ranges::count_if(items, [=](const ScoredLoss& item) { return item.score <= tau; }));
}

std::size_t lost_at(const Items& items, double tau) {
    return static_cast<std::size_t>(
        std::ranges::count_if(items, [=](const ScoredLoss& item) { return item.loss && item.score <= tau; }));
}

std::vector<double> distinct_scores(const Items& items) {
    std::set<double> scores;
    for (const ScoredLoss& item : items)
        scores.insert(item.score);
    return {scores.begin(), scores.end()};
}

using Certifies = std::function<bool(std::size_t lost)>;

/// Tries every score.
void assert_largest(const Items& items, const RiskThreshold& got, const Certifies& certifies) {
    std::optional<double> want;
    for (const double tau : distinct_scores(items)) {
        if (certifies(lost_at(items, tau))) want = tau;
    }
    RC_ASSERT(got.tau == want);
    RC_ASSERT(got.accepted == (want ? accepted_at(items, *want) : 0));
    RC_ASSERT(got.lost == (want ? lost_at(items, *want) : 0));
    RC_ASSERT(got.reason == (want ? "" : certifies(0) ? "no_candidate" : "sample_too_small"));
    RC_ASSERT(got.tests == 0U);
}

RC_GTEST_PROP(RiskControlProperty, TheConformalThresholdIsTheLargestOfAll, ()) {
    const Problem problem = *any_problem();
    const std::size_t n = problem.items.size();
    assert_largest(problem.items, crc_threshold(problem.items, problem.target.epsilon), [&](std::size_t lost) {
        return 100 * (lost + 1) <= static_cast<std::size_t>(problem.percent) * (n + 1);
    });
}

RC_GTEST_PROP(RiskControlProperty, TheHoeffdingThresholdIsTheLargestOfAll, ()) {
    const Problem problem = *any_problem();
    const auto n = static_cast<double>(problem.items.size());
    const auto [epsilon, delta] = problem.target;
    assert_largest(problem.items, hoeffding_threshold(problem.items, problem.target), [&](std::size_t lost) {
        // Hoeffding's inequality itself: a loss of epsilon or more shows so few with probability at most delta.
        const double gap = epsilon - static_cast<double>(lost) / n;
        return n > 0 && gap >= 0 && std::exp(-2 * n * gap * gap) <= delta;
    });
}

RC_GTEST_PROP(RiskControlProperty, TheExactBoundThresholdIsTheLargestOfAll, ()) {
    const Problem problem = *any_problem();
    const auto [epsilon, delta] = problem.target;
    assert_largest(problem.items, bound_threshold(problem.items, problem.target),
                   [&](std::size_t lost) { return at_most(lost, problem.items.size(), epsilon) <= delta; });
}

/// Learn-then-test in the words of its definition: one candidate after the other, each counted anew.
RiskThreshold walk_all(const Problem& problem, std::size_t min_accepted, std::size_t starts) {
    const double level = problem.target.delta / static_cast<double>(starts);
    const auto p_value = [&](double tau) {
        return at_most(lost_at(problem.items, tau), accepted_at(problem.items, tau), problem.target.epsilon);
    };
    std::vector<double> admissible;
    for (const double tau : distinct_scores(problem.items)) {
        const std::size_t accepted = accepted_at(problem.items, tau);
        if (accepted >= min_accepted && at_most(0, accepted, problem.target.epsilon) <= level)
            admissible.push_back(tau);
    }
    RiskThreshold result;
    for (std::size_t s = 0; s < starts; ++s) {
        for (std::size_t j = s * admissible.size() / starts; j < admissible.size(); ++j) {
            ++result.tests;
            if (p_value(admissible[j]) > level) break;
            result.tau = std::max(result.tau.value_or(admissible[j]), admissible[j]);
        }
    }
    if (!result.tau) result.reason = admissible.empty() ? "sample_too_small" : "no_candidate";
    if (result.tau) result.accepted = accepted_at(problem.items, *result.tau);
    if (result.tau) result.lost = lost_at(problem.items, *result.tau);
    return result;
}

RC_GTEST_PROP(RiskControlProperty, LearnThenTestWalksAsDefined, ()) {
    const Problem problem = *any_problem();
    const auto min_accepted = *rc::gen::element<std::size_t>(0, 5, 20, 200);
    const auto starts = *rc::gen::element<std::size_t>(1, 2, 4, 7);
    const auto got = ltt_threshold(problem.items, problem.target, min_accepted, starts);
    const auto want = walk_all(problem, min_accepted, starts);
    RC_ASSERT(got.tau == want.tau);
    RC_ASSERT(got.reason == want.reason);
    RC_ASSERT(got.accepted == want.accepted);
    RC_ASSERT(got.lost == want.lost);
    RC_ASSERT(got.tests == want.tests);
}

TEST(RiskControl, LearnThenTestWalksOnceUnlessTold) {
    Items items;
    for (int i = 0; i < 60; ++i)
        items.push_back({i / 10.0, i == 0});  // the first walk stumbles over the surest item
    EXPECT_EQ(ltt_threshold(items, {0.1, 0.1}, 0).tau, std::nullopt);
    EXPECT_EQ(ltt_threshold(items, {0.1, 0.1}, 0, 4).tau, 5.9);
}

TEST(RiskControl, TheSmallestCertifiableSampleIsFoundByCounting) {
    for (const double epsilon : {0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.97}) {
        for (const double delta : {0.001, 0.05, 0.1, 0.3, 0.985}) {
            std::size_t n = 0;
            long double all_clean = 1;
            while (all_clean > delta) {
                all_clean *= 1 - static_cast<long double>(epsilon);
                ++n;
            }
            EXPECT_EQ(smallest_certifiable({epsilon, delta}), n) << epsilon << ", " << delta;
        }
    }
}

TEST(RiskControl, EqualityCertifies) {
    for (std::size_t n = 1; n <= 60; ++n)
        EXPECT_EQ(smallest_certifiable({0.5, std::pow(0.5, static_cast<double>(n))}), n);
}

TEST(RiskControl, NoSampleCertifiesAlmostNoLoss) {
    EXPECT_EQ(smallest_certifiable({1e-300, 0.1}), std::numeric_limits<std::size_t>::max());
    EXPECT_EQ(ltt_threshold(Items{{0.1, false}}, {1e-300, 0.1}, 0).reason, "sample_too_small");
}

TEST(RiskControl, WithoutItemsNothingIsAccepted) {
    for (const auto& got : {crc_threshold({}, 0.5), hoeffding_threshold({}, {0.5, 0.5}),
                            bound_threshold({}, {0.5, 0.5}), ltt_threshold({}, {0.5, 0.5}, 0)}) {
        EXPECT_FALSE(got.tau);
        EXPECT_EQ(got.reason, "sample_too_small");
    }
}

TEST(RiskControl, WhatIsNoScoreOrNoTargetIsRefused) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Items good{{0.1, false}};
    for (const double bad : {nan, std::numeric_limits<double>::infinity()}) {
        const Items items{{0.1, false}, {bad, false}};
        EXPECT_THROW(crc_threshold(items, 0.1), std::invalid_argument);
        EXPECT_THROW(hoeffding_threshold(items, {}), std::invalid_argument);
        EXPECT_THROW(bound_threshold(items, {}), std::invalid_argument);
        EXPECT_THROW(ltt_threshold(items, {}, 0), std::invalid_argument);
    }
    for (const double bad : {0.0, 1.0, -0.1, 2.0, nan}) {
        EXPECT_THROW(crc_threshold(good, bad), std::invalid_argument) << bad;
        for (const RiskTarget target : {RiskTarget{bad, 0.1}, RiskTarget{0.1, bad}}) {
            EXPECT_THROW(hoeffding_threshold(good, target), std::invalid_argument) << bad;
            EXPECT_THROW(bound_threshold(good, target), std::invalid_argument) << bad;
            EXPECT_THROW(ltt_threshold(good, target, 0), std::invalid_argument) << bad;
            EXPECT_THROW(smallest_certifiable(target), std::invalid_argument) << bad;
        }
    }
    EXPECT_THROW(ltt_threshold(good, {}, 0, 0), std::invalid_argument);
}

}  // namespace
}  // namespace enough
