#include <enough/policies/vote.hpp>

#include "generators.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using test::matches;

constexpr VoteWeight all_weights[] = {
    VoteWeight::one,  VoteWeight::inverse_entropy, VoteWeight::confidence, VoteWeight::softmax, VoteWeight::rank,
    VoteWeight::best, VoteWeight::calibrated};

bool equal(std::string_view a, std::string_view b) {
    return a == b;
}

Ballot vote(const std::string& answer) {
    Ballot ballot;
    ballot.answer = answer;
    return ballot;
}

Ballot confident(const std::string& answer, double confidence) {
    Ballot ballot = vote(answer);
    ballot.confidence_mean = confidence;
    return ballot;
}

Ballot of_entropy(const std::string& answer, double entropy) {
    Ballot ballot = vote(answer);
    ballot.entropy_mean = entropy;
    return ballot;
}

Ballot probable(const std::string& answer, double probability) {
    Ballot ballot = vote(answer);
    ballot.probability = probability;
    return ballot;
}

std::vector<double> totals(const Tally& tally) {
    std::vector<double> result;
    for (const auto& group : tally.groups)
        result.push_back(group.total);
    return result;
}

std::string leader(const Tally& tally) {
    return tally.leader ? tally.groups[*tally.leader].answer : "";
}

std::optional<double> number_at(const json& input, const char* key, std::size_t i) {
    if (!input.contains(key) || input.at(key).at(i).is_null()) return std::nullopt;
    return test::number(input.at(key).at(i));
}

std::vector<Ballot> ballots_of(const json& input) {
    std::vector<Ballot> ballots;
    for (std::size_t i = 0; i < input.at("answers").size(); ++i) {
        Ballot ballot;
        if (!input.at("answers").at(i).is_null()) ballot.answer = input.at("answers").at(i).get<std::string>();
        ballot.entropy_mean = number_at(input, "entropies", i);
        ballot.confidence_mean = number_at(input, "confidences", i);
        ballots.push_back(ballot);
    }
    return ballots;
}

/// The golden vectors call counted votes `majority`.
std::string kind(VoteWeight weight) {
    return weight == VoteWeight::one ? "majority" : std::string(name(weight));
}

TEST(Vote, AgreesWithTheGoldenVectors) {
    const auto cases = test::golden_cases("voting", "vote");
    EXPECT_EQ(cases.size(), 19U);
    for (const auto& golden : cases) {
        SCOPED_TRACE(golden.id);
        const std::string weight = golden.input.at("weight");
        Voting voting;
        voting.weight = weight == "majority" ? VoteWeight::one : vote_weight_named(weight).value();
        voting.temperature = golden.input.value("temperature", 1.0);
        const Tally got = tally(ballots_of(golden.input), voting, equal);

        EXPECT_EQ(golden.expect.size(), 4U) << "a field that this test does not check";
        EXPECT_TRUE(matches(golden.expect, "winner", leader(got)));
        if (got.leader) {
            EXPECT_TRUE(matches(golden.expect, "kind", kind(got.weight)));
        }
        const json& want = golden.expect.at("totals");
        ASSERT_EQ(got.groups.size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i) {
            EXPECT_TRUE(matches(want.at(i), "answer", got.groups[i].answer));
            EXPECT_TRUE(matches(want.at(i), "total", got.groups[i].total));
        }
        const auto share = got.leader ? std::optional(got.groups[*got.leader].share) : std::nullopt;
        EXPECT_TRUE(matches(golden.expect, "share", share));
    }
}

TEST(Vote, NamesLeadBack) {
    for (const VoteWeight weight : all_weights)
        EXPECT_EQ(vote_weight_named(name(weight)), weight);
    EXPECT_EQ(name(VoteWeight::inverse_entropy), "inverse_entropy");
    EXPECT_EQ(vote_weight_named("unknown"), std::nullopt);
}

TEST(Vote, WithoutVotesThereIsNoLeader) {
    for (const auto& ballots : {std::vector<Ballot>{}, std::vector<Ballot>(3)}) {
        const Tally none = tally(ballots, {}, equal);
        EXPECT_FALSE(none.leader);
        EXPECT_FALSE(none.chosen);
        EXPECT_FALSE(none.tied);
        EXPECT_EQ(none.share, 0);
        EXPECT_EQ(none.posterior, 0);
        EXPECT_TRUE(none.groups.empty());
    }
}

TEST(Vote, ATieGoesToTheAnswerThatIsListedFirst) {
    const Tally tie = tally({vote("b"), vote("a"), {}, vote("a"), vote("b"), vote("c")}, {}, equal);
    EXPECT_EQ(leader(tie), "b");
    EXPECT_TRUE(tie.tied);
    EXPECT_EQ(tie.posterior, 0.5);
    EXPECT_FALSE(tally({vote("b"), vote("a"), vote("a")}, {}, equal).tied);
    EXPECT_EQ(leader(tally({vote("c"), vote("b"), vote("b"), vote("a"), vote("a")}, {}, equal)), "b")
        << "the first of the leading answers, not of all";
}

TEST(Vote, AnswersAreComparedWithTheFirstOfEachGroup) {
    const auto close = [](std::string_view a, std::string_view b) {
        return std::abs(std::stod(std::string(a)) - std::stod(std::string(b))) < 0.15;
    };
    const Tally got = tally({vote("1.0"), vote("1.1"), vote("1.2"), vote("1.3")}, {}, close);
    ASSERT_EQ(got.groups.size(), 2U);
    EXPECT_EQ(got.groups[0].answer, "1.0");
    EXPECT_EQ(got.groups[0].ballots, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(got.groups[1].answer, "1.2");
}

TEST(Vote, TheLeadersSurestBallotIsChosen) {
    EXPECT_EQ(tally({of_entropy("a", 0.5), of_entropy("b", 0.1), vote("a"), of_entropy("a", 0.3)}, {}, equal).chosen,
              3U);
    EXPECT_EQ(tally({vote("b"), vote("a"), vote("a")}, {}, equal).chosen, 1U) << "its first, where none has a number";
    EXPECT_EQ(tally({vote("a"), of_entropy("a", 2.0)}, {}, equal).chosen, 1U);
    EXPECT_EQ(tally({of_entropy("a", 0.3), of_entropy("a", 0.3)}, {}, equal).chosen, 0U);
}

TEST(Vote, ShareAndPosteriorCountWhatIsWeighed) {
    // b leads by weight (1/0.1 against 1/0.5 + 1/0.5), a by votes.
    const Tally got =
        tally({of_entropy("a", 0.5), of_entropy("a", 0.5), of_entropy("b", 0.1)}, {VoteWeight::inverse_entropy}, equal);
    EXPECT_EQ(leader(got), "b");
    EXPECT_DOUBLE_EQ(got.groups[1].share, 10.0 / 14.0);
    EXPECT_DOUBLE_EQ(got.share, 1.0 / 3.0);
    EXPECT_DOUBLE_EQ(got.posterior, 5.0 / 16.0) << "P(Bin(4, 1/2) <= 1)";
}

TEST(VoteWeight, ConfidenceIsAddedUp) {
    const Tally got =
        tally({confident("a", 5), confident("b", 12), confident("a", 6.5)}, {VoteWeight::confidence}, equal);
    EXPECT_EQ(totals(got), (std::vector<double>{11.5, 12}));
    EXPECT_EQ(leader(got), "b");
}

// Kang et al., arXiv 2502.18581, section 4.3: v(r) = (N - r + 1)^p for ranks r = 1 … N.
TEST(VoteWeight, RanksVoteByBorda) {
    const std::vector<Ballot> ballots{confident("a", 3), confident("b", 9), {}, confident("c", 5), confident("b", 1)};
    EXPECT_EQ(totals(tally(ballots, {VoteWeight::rank}, equal)), (std::vector<double>{2, 5, 3}));
    const Voting squared{VoteWeight::rank, 1, 2};
    EXPECT_EQ(totals(tally(ballots, squared, equal)), (std::vector<double>{4, 17, 9}));
    const Voting flat{VoteWeight::rank, 1, 0};
    EXPECT_EQ(totals(tally(ballots, flat, equal)), (std::vector<double>{1, 2, 1})) << "power 0 is majority";
}

TEST(VoteWeight, EqualRanksShareTheirVotes) {
    // Ranks 0, 1 and 1, 3 of four: 4, (3 + 2) / 2 each, 1.
    const std::vector<Ballot> ballots{confident("a", 5), confident("b", 9), confident("c", 5), confident("d", 1)};
    EXPECT_EQ(totals(tally(ballots, {VoteWeight::rank}, equal)), (std::vector<double>{2.5, 4, 2.5, 1}));
}

TEST(VoteWeight, BestIsOneAnswerAlone) {
    const Tally got =
        tally({of_entropy("a", 0.5), of_entropy("a", 0.4), vote("a"), of_entropy("b", 0.1)}, {VoteWeight::best}, equal);
    EXPECT_EQ(totals(got), (std::vector<double>{0, 1}));
    EXPECT_EQ(leader(got), "b");
    EXPECT_EQ(got.chosen, 3U);
    EXPECT_EQ(leader(tally({of_entropy("b", 0.1), of_entropy("a", 0.1)}, {VoteWeight::best}, equal)), "b");
}

TEST(VoteWeight, CalibratedIsTheLogOdds) {
    const Tally got =
        tally({probable("a", 0.9), probable("b", 0.75), probable("b", 0.8)}, {VoteWeight::calibrated}, equal);
    EXPECT_NEAR(got.groups[0].total, std::log(9), 1e-12);
    EXPECT_NEAR(got.groups[1].total, std::log(12), 1e-12) << "log odds of 3 and 4";
    EXPECT_EQ(leader(got), "b");
}

TEST(VoteWeight, CalibratedIsCut) {
    const Tally got = tally({probable("a", 1), probable("b", 0), probable("c", 0.5), probable("d", 0.2)},
                            {VoteWeight::calibrated}, equal);
    EXPECT_NEAR(got.groups[0].total, std::log(99), 1e-12) << "certainty is finite";
    EXPECT_EQ(got.groups[1].total, 0) << "no vote speaks against its own answer";
    EXPECT_EQ(got.groups[2].total, 0);
    EXPECT_EQ(got.groups[3].total, 0);
}

TEST(VoteWeight, AnOwnWeightReplacesIt) {
    std::vector<Ballot> ballots{confident("a", 9), confident("b", 1), vote("b")};
    for (Ballot& ballot : ballots)
        ballot.own_weight = 3;
    ballots[0].own_weight = 5;
    for (const VoteWeight weight : all_weights) {
        const Tally got = tally(ballots, {weight}, equal);
        EXPECT_EQ(totals(got), (std::vector<double>{5, 6})) << name(weight);
        EXPECT_EQ(got.weight, weight);
    }
}

TEST(VoteWeight, VotesAreCountedWhereNoneWeighsAnything) {
    const std::vector<Ballot> halves{probable("a", 0.5), probable("b", 0.1), probable("b", 0.3)};
    const Tally got = tally(halves, {VoteWeight::calibrated}, equal);
    EXPECT_EQ(got.weight, VoteWeight::one);
    EXPECT_EQ(totals(got), (std::vector<double>{1, 2}));
    for (const VoteWeight weight : all_weights) {
        const Tally bare = tally({vote("a"), vote("b"), vote("b")}, {weight}, equal);
        EXPECT_EQ(bare.weight, VoteWeight::one) << name(weight);
        EXPECT_EQ(totals(bare), (std::vector<double>{1, 2})) << name(weight);
    }
}

TEST(VoteWeight, WhatIsNoNumberWeighsNothing) {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double bad : {std::nan(""), infinity, -infinity}) {
        for (const VoteWeight weight : {VoteWeight::inverse_entropy, VoteWeight::confidence, VoteWeight::softmax,
                                        VoteWeight::rank, VoteWeight::best, VoteWeight::calibrated}) {
            Ballot sound{"a", 0.5, 7, 0.9, {}};
            Ballot broken{"b", bad, bad, bad, {}};
            const Tally got = tally({broken, sound, broken}, {weight}, equal);
            EXPECT_EQ(leader(got), "a") << name(weight) << ' ' << bad;
            EXPECT_EQ(got.groups[0].total, 0) << name(weight) << ' ' << bad;
        }
        Ballot broken = vote("b");
        broken.own_weight = bad;
        EXPECT_EQ(leader(tally({broken, vote("a")}, {}, equal)), "a");
    }
    EXPECT_EQ(totals(tally({confident("a", -0.01), confident("b", 2)}, {VoteWeight::confidence}, equal)),
              (std::vector<double>{0, 2}))
        << "logprobs a hair above 0";
}

TEST(VoteWeight, AnswersWithoutAValueTakeNoRankAndNoWeight) {
    Ballot silent;
    silent.entropy_mean = 0.001;
    silent.confidence_mean = 50;
    silent.probability = 0.99;
    silent.own_weight = 50;
    for (const VoteWeight weight : all_weights) {
        const Ballot a{"a", 0.5, 7, 0.9, {}};
        const Ballot b{"b", 0.6, 6, 0.8, {}};
        EXPECT_EQ(totals(tally({a, silent, b}, {weight}, equal)), totals(tally({a, b}, {weight}, equal)))
            << name(weight);
    }
}

TEST(VoteWeight, SenselessSettingsAreRefused) {
    EXPECT_THROW(tally({}, {VoteWeight::softmax, 0, 1}, equal), std::invalid_argument);
    EXPECT_THROW(tally({}, {VoteWeight::softmax, std::nan(""), 1}, equal), std::invalid_argument);
    EXPECT_THROW(tally({}, {VoteWeight::rank, 1, -1}, equal), std::invalid_argument);
}

// 1 - I_1/2(a + 1, b + 1) as an integral: of x^a (1-x)^b from 1/2 to 1, over the whole. Simpson's rule with panels of
// 1/4096 is exact to 1e-9 for these counts.
double posterior_by_integration(int a, int b) {
    const auto integrand = [=](double x) { return std::pow(x, a) * std::pow(1 - x, b); };
    const auto simpson = [&](double from, double to) {
        constexpr int panels = 2048;
        const double h = (to - from) / panels;
        double sum = integrand(from) + integrand(to);
        for (int i = 1; i < panels; ++i)
            sum += integrand(from + i * h) * (i % 2 == 0 ? 2 : 4);
        return sum * h / 3;
    };
    return simpson(0.5, 1) / (simpson(0, 0.5) + simpson(0.5, 1));
}

TEST(VotePosterior, IsTheIntegralOfTheBetaDensity) {
    for (int a = 1; a <= 20; ++a) {
        for (int b = 0; b <= a; ++b) {
            std::vector<Ballot> ballots(static_cast<std::size_t>(a), vote("a"));
            ballots.insert(ballots.end(), static_cast<std::size_t>(b), vote("b"));
            ballots.insert(ballots.end(), static_cast<std::size_t>(b / 2), vote("c"));
            EXPECT_NEAR(tally(ballots, {}, equal).posterior, posterior_by_integration(a, b), 1e-8) << a << ' ' << b;
        }
    }
}

rc::Gen<Ballot> any_ballot() {
    const auto number = [](double scale) {
        return rc::gen::map(rc::gen::inRange(0, 1000),
                            [=](int i) { return i == 0 ? std::optional<double>() : i * scale; });
    };
    const auto answer = rc::gen::element<std::optional<std::string>>(std::nullopt, "a", "b", "c", "d");
    return rc::gen::construct<Ballot>(answer, number(0.005), number(0.02), number(0.001),
                                      rc::gen::just(std::optional<double>()));
}

RC_GTEST_PROP(VoteProperty, SharesSumToOneAndTheLeaderHasTheMost, ()) {
    const auto ballots = *rc::gen::container<std::vector<Ballot>>(any_ballot());
    const Voting voting{*rc::gen::elementOf(std::vector(std::begin(all_weights), std::end(all_weights))),
                        *rc::gen::element(0.5, 1.0, 3.0), *rc::gen::element(0.0, 0.5, 1.0, 2.0)};
    const Tally got = tally(ballots, voting, equal);
    RC_PRE(got.leader.has_value());
    double shares = 0;
    std::size_t votes = 0;
    for (const auto& group : got.groups) {
        RC_ASSERT(group.total >= 0);
        RC_ASSERT(group.total <= got.groups[*got.leader].total * (1 + 1e-12));
        shares += group.share;
        votes += group.ballots.size();
    }
    RC_ASSERT(std::abs(shares - 1) < 1e-12);
    RC_ASSERT(
        std::cmp_equal(votes, std::ranges::count_if(ballots, [](const Ballot& b) { return b.answer.has_value(); })));
    RC_ASSERT(got.share > 0 && got.share <= 1);
    RC_ASSERT(got.posterior > 0 && got.posterior < 1);
    RC_ASSERT(ballots[*got.chosen].answer == got.groups[*got.leader].answer);
}

RC_GTEST_PROP(VoteProperty, TheOrderMattersOnlyForTies, ()) {
    const auto ballots = *rc::gen::container<std::vector<Ballot>>(any_ballot());
    std::vector<std::size_t> order(ballots.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
    std::vector<Ballot> shuffled;
    for (const std::size_t i : order)
        shuffled.push_back(ballots[i]);

    for (const VoteWeight weight : all_weights) {
        const Tally one = tally(ballots, {weight}, equal);
        const Tally other = tally(shuffled, {weight}, equal);
        RC_ASSERT(one.weight == other.weight);
        RC_ASSERT(one.tied == other.tied);
        const bool one_is_surest = weight == VoteWeight::best && one.weight == VoteWeight::best;
        if (one.tied || one_is_surest) continue;
        RC_ASSERT(leader(one) == leader(other));
        RC_ASSERT(one.posterior == other.posterior);
        for (const auto& group : one.groups) {
            const auto same = std::ranges::find(other.groups, group.answer, &Tally::Group::answer);
            RC_ASSERT(same != other.groups.end());
            RC_ASSERT(std::abs(same->total - group.total) <= 1e-9 * group.total);
        }
    }
}

}  // namespace
}  // namespace enough
