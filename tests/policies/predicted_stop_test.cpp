#include <enough/policies/predicted_stop.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <tuple>

namespace enough {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Few different values, so that many are equal; lengths from nothing to five checkpoints.
rc::Gen<std::vector<Trajectory>> any_trajectories() {
    return rc::gen::container<std::vector<Trajectory>>(rc::gen::exec([] {
        const auto value = rc::gen::map(rc::gen::inRange(-4, 12), [](int quarters) { return quarters / 4.0; });
        Trajectory trajectory;
        trajectory.tokens = *rc::gen::inRange(1, 600);
        for (std::size_t j = 0; j < 5 && checkpoint_tokens(j) <= static_cast<std::size_t>(trajectory.tokens); ++j)
            trajectory.running.push_back(*value);
        trajectory.final_value = *value;
        return trajectory;
    }));
}

rc::Gen<double> any_threshold() {
    return rc::gen::map(rc::gen::inRange(-5, 13), [](int quarters) { return quarters / 4.0; });
}

rc::Gen<double> any_delta() {
    return rc::gen::map(rc::gen::inRange(0, 21), [](int percent) { return percent / 20.0; });
}

// The definition in the header, tried out value by value.
std::vector<std::optional<double>> boundary_by_trial(const std::vector<Trajectory>& all, double threshold,
                                                     double delta) {
    std::size_t checkpoints = 0;
    for (const Trajectory& one : all)
        checkpoints = std::max(checkpoints, one.running.size());
    std::size_t allowed = 0;
    while (allowed < all.size() && static_cast<double>(allowed + 1) / static_cast<double>(all.size()) <= delta)
        ++allowed;
    std::vector<std::size_t> allowance(checkpoints);
    for (std::size_t dealt = 0; checkpoints > 0 && dealt < allowed; ++dealt)
        ++allowance[dealt % checkpoints];
    std::vector<bool> stopped(all.size());
    std::vector<std::optional<double>> above;
    for (std::size_t j = 0; j < checkpoints; ++j) {
        std::set<double> seen;
        for (const Trajectory& one : all) {
            if (j < one.running.size()) seen.insert(one.running[j]);
        }
        for (const double candidate : seen) {
            std::vector<std::size_t> stops;
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < all.size(); ++i) {
                if (stopped[i] || j >= all[i].running.size() || all[i].running[j] <= candidate) continue;
                stops.push_back(i);
                wrong += all[i].final_value <= threshold ? 1 : 0;
            }
            if (wrong > allowance[j]) continue;
            for (const std::size_t i : stops)
                stopped[i] = true;
            above.push_back(stops.empty() ? std::nullopt : std::optional(candidate));
            break;
        }
    }
    return above;
}

RC_GTEST_PROP(PredictedStopProperty, TheBoundaryIsTheOneFoundByTrial, ()) {
    const auto trajectories = *any_trajectories();
    const double threshold = *any_threshold();
    const double delta = *any_delta();
    const auto got = fit_boundary(trajectories, threshold, delta);
    RC_ASSERT(got.above == boundary_by_trial(trajectories, threshold, delta));
    RC_ASSERT(got.threshold == threshold);
    RC_ASSERT(got.delta == delta);
}

RC_GTEST_PROP(PredictedStopProperty, TheShareOfWrongVerdictsNeverExceedsDelta, ()) {
    const auto trajectories = *rc::gen::nonEmpty(any_trajectories());
    const double delta = *any_delta();
    const auto got = apply_boundary(fit_boundary(trajectories, *any_threshold(), delta), trajectories);
    RC_ASSERT(static_cast<double>(got.wrong) / static_cast<double>(trajectories.size()) <= delta);
    RC_ASSERT(got.wrong <= got.stopped);
    RC_ASSERT(got.tokens_saved >= 0);
    RC_ASSERT(got.tokens_saved <= got.tokens);
}

RC_GTEST_PROP(PredictedStopProperty, WithDeltaZeroNoAcceptedAnswerIsStopped, ()) {
    const auto trajectories = *any_trajectories();
    const double threshold = *any_threshold();
    const auto boundary = fit_boundary(trajectories, threshold, 0);
    for (const Trajectory& trajectory : trajectories)
        RC_ASSERT(trajectory.final_value > threshold || !stops_at(boundary, trajectory.running));
}

RC_GTEST_PROP(PredictedStopProperty, ALowerDeltaStopsNothingEarlierAndSavesNoMore, ()) {
    const auto trajectories = *any_trajectories();
    const double threshold = *any_threshold();
    const double one = *any_delta();
    const double other = *any_delta();
    const auto low = fit_boundary(trajectories, threshold, std::min(one, other));
    const auto high = fit_boundary(trajectories, threshold, std::max(one, other));
    for (const Trajectory& trajectory : trajectories) {
        const auto at_low = stops_at(low, trajectory.running);
        const auto at_high = stops_at(high, trajectory.running);
        RC_ASSERT(!at_low || (at_high && *at_high <= *at_low));
    }
    RC_ASSERT(apply_boundary(low, trajectories).tokens_saved <= apply_boundary(high, trajectories).tokens_saved);
}

RC_GTEST_PROP(PredictedStopProperty, TheOrderOfTheTrajectoriesDoesNotMatter, ()) {
    auto trajectories = *any_trajectories();
    const double threshold = *any_threshold();
    const double delta = *any_delta();
    const auto before = fit_boundary(trajectories, threshold, delta);
    std::ranges::reverse(trajectories);
    RC_ASSERT(fit_boundary(trajectories, threshold, delta) == before);
}

TEST(PredictedStop, CheckpointsDouble) {
    EXPECT_EQ(checkpoint_tokens(0), 16U);
    EXPECT_EQ(checkpoint_tokens(1), 32U);
    EXPECT_EQ(checkpoint_tokens(7), 2048U);
    EXPECT_EQ(checkpoint_tokens(59), std::size_t{1} << 63);
    EXPECT_EQ(checkpoint_tokens(60), std::numeric_limits<std::size_t>::max());
    EXPECT_EQ(checkpoint_tokens(1000), std::numeric_limits<std::size_t>::max());
}

TEST(PredictedStop, AnAnswerStopsAtTheFirstCheckpointAboveItsBoundary) {
    const StopBoundary boundary{0.1, 0.5, {0.8, {}, 0.6}};
    EXPECT_EQ(stops_at(boundary, std::vector{0.9, 0.9, 0.9}), 0U);
    EXPECT_EQ(stops_at(boundary, std::vector{0.8, 9.0, 0.7}), 2U) << "at the boundary it runs on";
    EXPECT_EQ(stops_at(boundary, std::vector{0.1, 9.0, 0.6, 9.0}), std::nullopt) << "no boundary beyond the fitted";
    EXPECT_EQ(stops_at(boundary, std::vector{0.1}), std::nullopt) << "checkpoints that are not reached";
    EXPECT_EQ(stops_at(boundary, {}), std::nullopt);
    EXPECT_EQ(stops_at(boundary, std::vector{std::numeric_limits<double>::quiet_NaN()}), std::nullopt);
    EXPECT_EQ(stops_at({}, std::vector{9.0}), std::nullopt);
}

// Accepted at or below 0.5: the first three. Tokens after 16 and 32 of them are what a stop saves.
const std::vector<Trajectory> four{
    {{0.2, 0.3}, 0.4, 40},
    {{0.6, 0.4}, 0.5, 50},
    {{0.9}, 0.1, 20},
    {{0.7, 0.8}, 0.9, 100},
};

TEST(PredictedStop, TokensAfterTheCheckpointAreSaved) {
    const auto got = apply_boundary({0, 0.5, {0.65, 0.35}}, four);
    EXPECT_EQ(got.stopped, 3U);  // the last two at 16 tokens, the second at 32
    EXPECT_EQ(got.wrong, 2U);
    EXPECT_EQ(got.tokens_saved, (100 - 16) + (20 - 16) + (50 - 32));
    EXPECT_EQ(got.tokens, 210);
    const auto nothing_left = apply_boundary({0, 0.5, {0.0}}, std::vector<Trajectory>{{{1.0}, 1.0, 16}, {{1.0}, 1, 9}});
    EXPECT_EQ(nothing_left.stopped, 2U);
    EXPECT_EQ(nothing_left.tokens_saved, 0);
}

TEST(PredictedStop, TheAllowanceIsDealtOutEarlyCheckpointsFirst) {
    using Above = std::vector<std::optional<double>>;
    // Nothing is allowed: 0.9 shields the first checkpoint; at the second only the last answer lies above 0.4.
    EXPECT_EQ(fit_boundary(four, 0.5, 0).above, (Above{{}, 0.4}));
    EXPECT_EQ(fit_boundary(four, 0.5, 0.24).above, (Above{{}, 0.4})) << "less than one of four";
    // One of four, at the first checkpoint: 0.9 is stopped wrongly, 0.7 rightly, and the second has nothing to stop.
    EXPECT_EQ(fit_boundary(four, 0.5, 0.25).above, (Above{0.6, {}}));
    // One for each checkpoint: the second answer goes at the second.
    EXPECT_EQ(fit_boundary(four, 0.5, 0.5).above, (Above{0.6, 0.3}));
    // Two at the first, which stops all but the surest; the second has nothing left to stop.
    EXPECT_EQ(fit_boundary(four, 0.5, 0.75).above, (Above{0.2, {}}));
    // Nothing is accepted: all but the lowest value seen may stop.
    EXPECT_EQ(fit_boundary(four, 0.0, 0).above, (Above{0.2, {}}));
}

TEST(PredictedStop, AnExactShareIsAllowed) {
    // In doubles 0.29 * 100 is less than 29, and the number below 5/6 times 6 is 5.
    for (const auto& [n, delta, wrong] : {std::tuple(100, 0.29, 29U), std::tuple(6, 5.0 / 6, 5U)}) {
        std::vector<Trajectory> trajectories;
        for (int i = 0; i < n; ++i)
            trajectories.push_back({{static_cast<double>(i)}, 0.1, 100});
        EXPECT_EQ(apply_boundary(fit_boundary(trajectories, 0.5, delta), trajectories).wrong, wrong);
        const double less = std::nextafter(delta, 0);
        EXPECT_EQ(apply_boundary(fit_boundary(trajectories, 0.5, less), trajectories).wrong, wrong - 1);
    }
}

TEST(PredictedStop, NoTrajectoriesGiveNoBoundary) {
    EXPECT_TRUE(fit_boundary({}, 0.5, 0.1).above.empty());
    const std::vector<Trajectory> too_short{{{}, 0.9, 10}, {{}, 0.2, 3}};
    const auto boundary = fit_boundary(too_short, 0.5, 1);
    EXPECT_TRUE(boundary.above.empty());
    EXPECT_EQ(apply_boundary(boundary, too_short).tokens, 13);
    EXPECT_EQ(apply_boundary(boundary, too_short).stopped, 0U);
    EXPECT_EQ(apply_boundary(boundary, {}).tokens, 0);
}

TEST(PredictedStop, WhatIsNoNumberIsRefused) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double delta : {-0.01, 1.01, nan})
        EXPECT_THROW(fit_boundary(four, 0.5, delta), std::invalid_argument);
    EXPECT_THROW(fit_boundary(four, nan, 0.1), std::invalid_argument);
    for (const double running : {nan, infinity, -infinity}) {
        const std::vector<Trajectory> corrupt{{{running}, 0.1, 20}};
        EXPECT_THROW(fit_boundary(corrupt, 0.5, 0.1), std::invalid_argument);
    }
    const std::vector<Trajectory> unknown_end{{{0.3}, nan, 20}, {{0.1}, 0.1, 20}};
    EXPECT_EQ(apply_boundary(fit_boundary(unknown_end, 0.5, 0), unknown_end).stopped, 1U) << "NaN is not accepted";
}

}  // namespace
}  // namespace enough
