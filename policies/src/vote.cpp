#include <enough/policies/vote.hpp>

#include <enough/policies/proportions.hpp>

#include "names.hpp"
#include "vote_weights.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

constexpr std::array<std::pair<VoteWeight, std::string_view>, 7> weight_names{{
    {VoteWeight::one, "one"},
    {VoteWeight::inverse_entropy, "inverse_entropy"},
    {VoteWeight::confidence, "confidence"},
    {VoteWeight::softmax, "softmax"},
    {VoteWeight::rank, "rank"},
    {VoteWeight::best, "best"},
    {VoteWeight::calibrated, "calibrated"},
}};

// Totals closer than this are equal: sums in another order differ by less.
constexpr double rounding = 1e-12;

std::vector<Tally::Group> grouped(const std::vector<Ballot>& ballots, const SameAnswer& same) {
    std::vector<Tally::Group> groups;
    for (std::size_t i = 0; i < ballots.size(); ++i) {
        if (!ballots[i].answer) continue;
        const std::string& answer = *ballots[i].answer;
        auto group = std::ranges::find_if(groups, [&](const auto& each) { return same(each.answer, answer); });
        if (group == groups.end()) group = groups.insert(groups.end(), {answer, {}, 0, 0});
        group->ballots.push_back(i);
    }
    return groups;
}

void weigh(std::vector<Tally::Group>& groups, const std::vector<double>& weights) {
    double all = 0;
    for (Tally::Group& group : groups) {
        for (const std::size_t ballot : group.ballots)
            group.total += weights[ballot];
        all += group.total;
    }
    for (Tally::Group& group : groups)
        group.share = group.total / all;
}

void find_leader(Tally& tally) {
    const double most = std::ranges::max(tally.groups, {}, &Tally::Group::total).total;
    const auto leads = [=](const Tally::Group& group) { return group.total >= most * (1 - rounding); };
    const auto leader = std::ranges::find_if(tally.groups, leads);
    tally.leader = static_cast<std::size_t>(leader - tally.groups.begin());
    tally.tied = std::find_if(std::next(leader), tally.groups.end(), leads) != tally.groups.end();
}

/// The leader and the strongest of the others by votes counted.
void count_votes(Tally& tally) {
    std::size_t votes = 0;
    std::size_t next = 0;
    for (std::size_t i = 0; i < tally.groups.size(); ++i) {
        const std::size_t count = tally.groups[i].ballots.size();
        votes += count;
        if (i != *tally.leader) next = std::max(next, count);
    }
    const std::size_t most = tally.groups[*tally.leader].ballots.size();
    tally.share = static_cast<double>(most) / static_cast<double>(votes);
    // 1 - I_1/2(a + 1, b + 1) by the binomial sum of the incomplete beta function at whole numbers.
    tally.posterior = binomial_cdf(most, most + next + 1, 0.5);
}

std::size_t surest(const std::vector<Ballot>& ballots, const Tally::Group& group) {
    std::size_t best = group.ballots.front();
    for (const std::size_t each : group.ballots) {
        const auto& entropy = ballots[each].entropy_mean;
        const auto& least = ballots[best].entropy_mean;
        if (entropy && (!least || *entropy < *least)) best = each;
    }
    return best;
}

}  // namespace

std::string_view name(VoteWeight weight) {
    return name_of(weight_names, weight);
}

std::optional<VoteWeight> vote_weight_named(std::string_view name) {
    return value_named(weight_names, name);
}

Tally tally(const std::vector<Ballot>& ballots, const Voting& voting, const SameAnswer& same) {
    if (!(voting.temperature > 0)) throw std::invalid_argument("the temperature of a vote must be above 0");
    if (!(voting.power >= 0)) throw std::invalid_argument("the power of a vote must not be negative");
    Tally result;
    result.groups = grouped(ballots, same);
    if (result.groups.empty()) return result;
    auto weights = vote_weights(ballots, voting);
    result.weight = weights ? voting.weight : VoteWeight::one;
    weigh(result.groups, weights ? *weights : std::vector<double>(ballots.size(), 1.0));
    find_leader(result);
    count_votes(result);
    result.chosen = surest(ballots, result.groups[*result.leader]);
    return result;
}

}  // namespace enough
