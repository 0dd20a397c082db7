#include <enough/policies/panel.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

bool equal(std::string_view a, std::string_view b) {
    return a == b;
}

/// One ballot a letter; `-` has no value.
std::vector<Ballot> ballots_of(std::string_view answers) {
    std::vector<Ballot> ballots;
    for (const char answer : answers) {
        ballots.emplace_back();
        if (answer != '-') ballots.back().answer = std::string(1, answer);
    }
    return ballots;
}

PanelStop only(std::optional<double> agreement, std::optional<double> share = {}, std::optional<int> window = {}) {
    return {agreement, share, window, 2, false};
}

struct StopCase {
    const char* name;
    PanelStop stop;
    const char* answers;
    std::size_t outstanding;
    const char* reason;  ///< empty: not settled
};

class PanelStopReason : public testing::TestWithParam<StopCase> {};

TEST_P(PanelStopReason, IsSaidWithItsNumbers) {
    const StopCase& given = GetParam();
    const auto got = settled(given.stop, Aggregate::majority, ballots_of(given.answers), given.outstanding, equal);
    EXPECT_EQ(got.value_or(""), given.reason);
}

const StopCase stop_cases[] = {
    {"three_of_five", {}, "aaa", 2, "majority decided: 3 of 5 for the leader, 0 for the next, 2 to come"},
    {"three_one_one", {}, "abaa", 1, "majority decided: 3 of 5 for the leader, 1 for the next, 1 to come"},
    {"three_two_none_to_come", {}, "ababa", 0, ""},
    {"two_of_three", {}, "aa", 1, "majority decided: 2 of 3 for the leader, 0 for the next, 1 to come"},
    {"two_of_four", {}, "aa", 2, ""},
    {"a_draw_is_possible", {}, "aaab", 2, ""},
    {"a_draw_with_a_new_answer_is_possible", {}, "a", 1, ""},
    {"a_tie_is_not_decided", {}, "abab", 1, ""},
    {"answers_without_value_are_drawn",
     {},
     "aa--",
     1,
     "majority decided: 2 of 5 for the leader, 0 for the next, 1 to come"},
    {"no_votes", {}, "---", 2, ""},
    {"nothing_came", {}, "", 5, ""},
    {"not_asked_for", only(std::nullopt), "aaaa", 1, ""},
    {"four_equal_ones_agree", only(0.95), "aaaa", 6, "agreement 0.97 >= 0.95 after 4 answers"},
    {"three_equal_ones_do_not", only(0.95), "aaa", 7, ""},
    {"disagreement_takes_more", only(0.95), "abaaaa", 4, ""},
    {"answers_without_value_count_as_drawn", only(0.95), "a-aa-a", 4, "agreement 0.97 >= 0.95 after 6 answers"},
    {"a_share", only({}, 0.75), "aaba", 4, "agreement.share 0.75 >= 0.75 after 4 answers"},
    {"a_share_of_the_votes", only({}, 1.0), "-aa", 4, "agreement.share 1.00 >= 1.00 after 3 answers"},
    {"one_vote_is_no_agreement", only({}, 0.5), "-a-", 4, ""},
    {"half_is_not_leading", only({}, 0.5), "ab", 4, ""},
    {"three_in_a_row", only({}, {}, 3), "aaa", 4, "3 answers in a row are equal"},
    {"windows_are_disjoint", only({}, {}, 3), "baaa", 4, ""},
    {"the_second_window", only({}, {}, 3), "abaaaa", 4, "3 answers in a row are equal"},
    {"a_window_with_a_gap", only({}, {}, 3), "aa-", 4, ""},
    {"an_equal_window_of_an_answer_that_does_not_lead", only({}, {}, 3), "aababaccc", 4, ""},
    {"the_majority_is_named_first",
     {0.95, 0.75, 2, 2, true},
     "aaaa",
     1,
     "majority decided: 4 of 5 for the leader, 0 for the next, 1 to come"},
    {"before_the_least_number_of_answers", {0.5, 0.5, 2, 5, false}, "aaaa", 4, ""},
    {"which_a_decided_majority_need_not_wait_for",
     {0.5, 0.5, 2, 5, true},
     "aaaa",
     3,
     "majority decided: 4 of 7 for the leader, 0 for the next, 3 to come"},
    {"one_answer_may_do", {0.7, {}, {}, 1, false}, "a", 4, "agreement 0.75 >= 0.70 after 1 answer"},
};

INSTANTIATE_TEST_SUITE_P(Cases, PanelStopReason, testing::ValuesIn(stop_cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(PanelStop, OnlyACountedMajorityIsDecided) {
    for (const Aggregate aggregate : {Aggregate::weighted_vote, Aggregate::borda, Aggregate::best, Aggregate::judge,
                                      Aggregate::fuse, Aggregate::debate}) {
        EXPECT_FALSE(settled({}, aggregate, ballots_of("aaaaa"), 1, equal)) << name(aggregate);
        EXPECT_TRUE(settled(only(0.95), aggregate, ballots_of("aaaaa"), 1, equal)) << name(aggregate);
    }
    auto weighed = ballots_of("aaaaa");
    weighed.back().own_weight = 0.1;
    EXPECT_FALSE(settled({}, Aggregate::majority, weighed, 1, equal)) << "the last may weigh more than these five";
}

TEST(PanelStop, AggregatesHaveNames) {
    for (const char* each : {"majority", "weighted_vote", "borda", "best", "judge", "fuse", "debate"}) {
        const auto aggregate = aggregate_named(each);
        ASSERT_TRUE(aggregate) << each;
        EXPECT_EQ(name(*aggregate), each);
    }
    EXPECT_EQ(aggregate_named("vote"), std::nullopt);
}

// Answers are drawn one after the other until `settled`, or until there are no more.
struct Drawn {
    std::vector<Ballot> ballots;
    std::vector<double> posteriors;
    bool stopped = false;
};

Drawn draw(const json& input, const PanelStop& stop) {
    Drawn drawn;
    const std::size_t most = std::min(input.at("answers").size(), input.at("max_samples").get<std::size_t>());
    while (drawn.ballots.size() < most && !drawn.stopped) {
        const json& answer = input.at("answers").at(drawn.ballots.size());
        drawn.ballots.emplace_back();
        if (!answer.is_null()) drawn.ballots.back().answer = answer.get<std::string>();
        drawn.posteriors.push_back(tally(drawn.ballots, {}, equal).posterior);
        // There is always one more that could be drawn: the vectors stop at the last answer, too.
        drawn.stopped = settled(stop, Aggregate::weighted_vote, drawn.ballots, 1, equal).has_value();
    }
    return drawn;
}

std::string leader_of(const std::vector<Ballot>& ballots) {
    const Tally votes = tally(ballots, {}, equal);
    return votes.leader ? votes.groups[*votes.leader].answer : "";
}

TEST(PanelStop, AgreesWithTheGoldenVectorsOfAdaptiveConsistency) {
    const auto cases = test::golden_cases("voting", "adaptive_consistency");
    EXPECT_EQ(cases.size(), 8U);
    for (const auto& golden : cases) {
        SCOPED_TRACE(golden.id);
        PanelStop stop = only(golden.input.at("threshold").get<double>());
        stop.min_answers = 1;
        const Drawn drawn = draw(golden.input, stop);
        EXPECT_EQ(golden.expect.size(), 4U) << "a field that this test does not check";
        EXPECT_EQ(golden.expect.at("used"), drawn.ballots.size());
        EXPECT_EQ(golden.expect.at("stopped"), drawn.stopped);
        EXPECT_TRUE(matches(golden.expect, "answer", leader_of(drawn.ballots)));
        const auto want = test::numbers(golden.expect.at("posteriors"));
        ASSERT_EQ(drawn.posteriors.size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i)
            EXPECT_NEAR(drawn.posteriors[i], want[i], 1e-9 + 1e-9 * want[i]) << i;
    }
}

TEST(PanelStop, AgreesWithTheGoldenVectorsOfWindows) {
    const auto cases = test::golden_cases("voting", "window_stop");
    EXPECT_EQ(cases.size(), 10U);
    for (const auto& golden : cases) {
        SCOPED_TRACE(golden.id);
        PanelStop stop = only({}, {}, golden.input.at("window").get<int>());
        const Drawn drawn = draw(golden.input, stop);
        EXPECT_EQ(golden.expect.size(), 3U) << "a field that this test does not check";
        EXPECT_EQ(golden.expect.at("used"), drawn.ballots.size());
        EXPECT_EQ(golden.expect.at("stopped"), drawn.stopped);
        EXPECT_TRUE(matches(golden.expect, "answer", leader_of(drawn.ballots)));
    }
}

// Every way in which the rest could come: each any of the answers, a new one, or none; from agents before all that
// came, or after.
class Completions {
public:
    Completions(std::string so_far, std::size_t outstanding) : ballots_(std::move(so_far)), left_(outstanding) {}

    /// Do all of them have this leader?
    bool all_led_by(const std::string& leading) {
        if (left_ == 0) return leader_of(ballots_of(ballots_)) == leading;
        --left_;
        for (const char answer : std::string_view("abcz-")) {
            for (const std::size_t place : {std::size_t{0}, ballots_.size()}) {
                ballots_.insert(place, 1, answer);
                const bool same = all_led_by(leading);
                ballots_.erase(place, 1);
                if (!same) {
                    ++left_;
                    return false;
                }
            }
        }
        ++left_;
        return true;
    }

private:
    std::string ballots_;
    std::size_t left_;
};

// Sound and sharp, by brute force: decided if and only if no completion and no order has another leader.
RC_GTEST_PROP(PanelStopProperty, DecidedMeansThatNoCompletionHasAnotherLeader, ()) {
    const auto answers = *rc::gen::container<std::string>(rc::gen::element('a', 'a', 'a', 'b', 'c', '-'));
    RC_PRE(answers.size() <= 8);
    const auto outstanding = *rc::gen::inRange<std::size_t>(1, 4);
    const std::string leading = leader_of(ballots_of(answers));
    const bool decided = settled({}, Aggregate::majority, ballots_of(answers), outstanding, equal).has_value();
    // The agents' order may be any.
    std::string reversed(answers.rbegin(), answers.rend());
    const bool certain = !leading.empty() && Completions(answers, outstanding).all_led_by(leading) &&
                         Completions(reversed, outstanding).all_led_by(leading);
    RC_ASSERT(decided == certain);
}

// Whatever the reason, there is a leader and no tie; and the order of what came decides nothing but windows.
RC_GTEST_PROP(PanelStopProperty, ATieSettlesNothingAndTheOrderOfArrivalLittle, ()) {
    const auto answers = *rc::gen::container<std::string>(rc::gen::element('a', 'a', 'a', 'b', 'c', '-'));
    const auto outstanding = *rc::gen::inRange<std::size_t>(1, 6);
    const PanelStop stop{*rc::gen::element(0.5, 0.9, 0.95), *rc::gen::element(0.5, 0.75, 1.0), std::nullopt,
                         *rc::gen::inRange(1, 5), *rc::gen::arbitrary<bool>()};
    const auto reason = settled(stop, Aggregate::majority, ballots_of(answers), outstanding, equal);
    if (reason) RC_ASSERT(!tally(ballots_of(answers), {}, equal).tied);
    std::string sorted = answers;
    std::ranges::sort(sorted, std::greater());
    RC_ASSERT(settled(stop, Aggregate::majority, ballots_of(sorted), outstanding, equal) == reason);
}

}  // namespace
}  // namespace enough
