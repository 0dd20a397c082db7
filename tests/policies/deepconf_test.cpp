#include <enough/policies/deepconf.hpp>
#include <enough/policies/early_stop.hpp>
#include <enough/policies/vote.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

/// A token of confidence `nats`, at least ln 2: two candidates that both have that logprob.
Token token_of(double nats) {
    return {"a", -nats, Phase::answer, {{"a", -nats}, {"b", -nats}}};
}

EvidenceAccumulator windows_of(std::size_t window) {
    SignalSettings settings;
    settings.window = window;
    return EvidenceAccumulator(settings);
}

/// The last token at which a trace is cut; absent if it ends by itself.
std::optional<std::size_t> cut_at(const GroupConfidenceStop& stop, EvidenceAccumulator& evidence,
                                  const std::vector<double>& confidences) {
    for (std::size_t i = 0; i < confidences.size(); ++i) {
        evidence.add(token_of(confidences[i]));
        if (settled(EarlyStop(stop), evidence)) return i + 1;
    }
    return std::nullopt;
}

// numpy.percentile(values, 100 - 90): linear between order statistics.
TEST(DeepConfBar, IsTheQuantileOfTheWarmUpTraces) {
    std::vector<double> sixteen(16);
    std::iota(sixteen.begin(), sixteen.end(), 1.0);
    std::ranges::reverse(sixteen);
    EXPECT_DOUBLE_EQ(deepconf_bar({}, sixteen).value(), 2.5) << "at 1.5 of 15 intervals";
    EXPECT_DOUBLE_EQ(deepconf_bar({16, 0.1, 2048}, sixteen).value(), 14.5) << "DeepConf-low keeps a tenth";
    EXPECT_EQ(deepconf_bar({16, 1, 2048}, sixteen), 1.0);
    EXPECT_EQ(deepconf_bar({16, 0, 2048}, sixteen), 16.0);
    EXPECT_EQ(deepconf_bar({11, 0.9, 2048}, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}), 2.0) << "exactly the second";
    EXPECT_EQ(deepconf_bar({}, {7.5}), 7.5);
}

TEST(DeepConfBar, NeedsNumbers) {
    EXPECT_EQ(deepconf_bar({}, {}), std::nullopt);
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(deepconf_bar({}, {std::nan(""), infinity, -infinity}), std::nullopt);
    EXPECT_EQ(deepconf_bar({}, {std::nan(""), 3, infinity}), 3.0);
    for (const double keep : {-0.1, 1.1, std::nan("")})
        EXPECT_THROW(deepconf_bar({16, keep, 2048}, {1, 2}), std::invalid_argument);
}

RC_GTEST_PROP(DeepConfBarProperty, KeepsTheShareAskedFor, ()) {
    const auto drawn = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000)));
    const double keep = *rc::gen::inRange(0, 101) / 100.0;
    std::vector<double> values(drawn.begin(), drawn.end());
    const double bar = deepconf_bar({16, keep, 2048}, values).value();
    const auto [least, most] = std::ranges::minmax(values);
    RC_ASSERT(bar >= least && bar <= most);
    // Below h = (n - 1)(1 - keep) lie at most ceil(h) values, above it at most n - 1 - floor(h).
    const double h = static_cast<double>(values.size() - 1) * (1 - keep);
    const auto below = std::ranges::count_if(values, [=](double value) { return value < bar; });
    const auto above = std::ranges::count_if(values, [=](double value) { return value > bar; });
    RC_ASSERT(static_cast<double>(below) <= std::ceil(h - 1e-9));
    RC_ASSERT(static_cast<double>(above) <= static_cast<double>(values.size() - 1) - std::floor(h + 1e-9));
}

TEST(DeepConfVotes, AreThoseOfTracesThatReachTheBar) {
    EXPECT_TRUE(deepconf_votes(2.5, 2.5));
    EXPECT_FALSE(deepconf_votes(2.4, 2.5));
    EXPECT_TRUE(deepconf_votes(2.4, std::nullopt)) << "before there is a bar";
    EXPECT_FALSE(deepconf_votes(std::nullopt, 2.5));
    EXPECT_FALSE(deepconf_votes(std::nullopt, std::nullopt));
    EXPECT_FALSE(deepconf_votes(std::nan(""), std::nullopt));
}

TEST(GroupConfidenceStop, CutsWhenAFullWindowIsBelowTheBar) {
    const GroupConfidenceStop stop{2.0};
    EvidenceAccumulator evidence = windows_of(3);
    EXPECT_EQ(cut_at(stop, evidence, {5, 2, 1, 3, 1.5}), 5U) << "means of 2.67, 2 and 1.83";
}

TEST(GroupConfidenceStop, CutsNothingBeforeAWindowIsFull) {
    EvidenceAccumulator evidence = windows_of(3);
    EXPECT_FALSE(cut_at({2.0}, evidence, {1, 1}));
    EXPECT_EQ(evidence.latest_group(), std::nullopt);
    evidence.add({"a", -1, Phase::answer, {}});
    EXPECT_FALSE(GroupConfidenceStop{2.0}.settled(evidence)) << "a token without evidence fills no window";
    evidence.add(token_of(1));
    EXPECT_TRUE(GroupConfidenceStop{2.0}.settled(evidence));
}

TEST(GroupConfidenceStop, TheBarItselfIsEnough) {
    EvidenceAccumulator evidence = windows_of(2);
    EXPECT_FALSE(cut_at({2.0}, evidence, {1, 3, 1, 3}));
}

// Against the definition: the first token at which the mean of the last `window` confidences is below the bar; and who
// was not cut is above it everywhere, so its vote counts.
RC_GTEST_PROP(GroupConfidenceStopProperty, CutsWhereTheReferenceDoes, ()) {
    const auto drawn = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 33));
    const auto window = *rc::gen::inRange<std::size_t>(1, 6);
    const double bar = *rc::gen::inRange(8, 70) / 16.0;
    std::vector<double> confidences;
    for (const int each : drawn)
        confidences.push_back(0.75 + each / 8.0);  // ln 2 and more: two candidates hold no more than all
    std::optional<std::size_t> expected;
    for (std::size_t end = window; end <= confidences.size() && !expected; ++end) {
        const auto last = confidences.begin() + static_cast<std::ptrdiff_t>(end);
        const double sum = std::accumulate(last - static_cast<std::ptrdiff_t>(window), last, 0.0);
        if (sum < bar * static_cast<double>(window)) expected = end;  // exact: all are sixteenths
    }
    EvidenceAccumulator evidence = windows_of(window);
    RC_ASSERT(cut_at({bar}, evidence, confidences) == expected);
    if (confidences.size() < window) return;
    RC_ASSERT(deepconf_votes(evidence.summary().confidence_lowest_group, bar) == !expected);
}

TEST(DeepConfPanel, VotesWeighTheLowestGroup) {
    const auto trace = [](const std::string& answer, double lowest_group) {
        Ballot ballot;
        ballot.answer = answer;
        ballot.own_weight = lowest_group;
        return ballot;
    };
    const std::vector<Ballot> ballots{trace("7", 4.5), trace("8", 9), trace("7", 5), {}};
    const Tally votes = tally(ballots, {}, [](std::string_view a, std::string_view b) { return a == b; });
    EXPECT_EQ(votes.groups[*votes.leader].answer, "7");
    EXPECT_EQ(votes.groups[0].total, 9.5);
    EXPECT_EQ(votes.groups[1].total, 9);
}

}  // namespace
}  // namespace enough
