#include "vote_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace enough {

namespace {

using Numbers = std::vector<std::optional<double>>;

// An answer of entropy 0 must not outweigh all others without limit.
constexpr double least_entropy = 0.01;
// Nor one that a fit on few items calls certain. Below 1/2 a vote would speak against its own answer.
constexpr double least_probability = 0.5;
constexpr double most_probability = 0.99;

/// A number of each voter, where there is one.
Numbers numbers(const std::vector<Ballot>& ballots, std::optional<double> Ballot::* number) {
    Numbers result(ballots.size());
    for (std::size_t i = 0; i < ballots.size(); ++i) {
        const auto& own = ballots[i].*number;
        if (ballots[i].answer && own && std::isfinite(*own)) result[i] = own;
    }
    return result;
}

template <class Function>
Numbers each(Numbers values, Function&& function) {
    for (auto& value : values)
        if (value) value = function(*value);
    return values;
}

double largest(const Numbers& values) {
    double most = -HUGE_VAL;
    for (const auto& value : values)
        if (value) most = std::max(most, *value);
    return most;
}

/// e^((c - max c) / T) over their sum.
Numbers softmax(Numbers confidences, double temperature) {
    const double most = largest(confidences);
    Numbers weights = each(std::move(confidences), [=](double c) { return std::exp((c - most) / temperature); });
    double sum = 0;
    for (const auto& weight : weights)
        sum += weight.value_or(0);
    return each(std::move(weights), [=](double weight) { return weight / sum; });
}

/// (voters - rank)^power from the surest at rank 0 on; equal ones share what their ranks have together.
Numbers borda(const Numbers& confidences, double power) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < confidences.size(); ++i)
        if (confidences[i]) order.push_back(i);
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return *confidences[a] > *confidences[b]; });
    Numbers weights(confidences.size());
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
        double together = 0;
        for (end = begin; end < order.size() && *confidences[order[end]] == *confidences[order[begin]]; ++end)
            together += std::pow(static_cast<double>(order.size() - end), power);
        for (std::size_t i = begin; i < end; ++i)
            weights[order[i]] = together / static_cast<double>(end - begin);
    }
    return weights;
}

/// 1 for the first of the least.
Numbers only_least(const Numbers& entropies) {
    Numbers weights(entropies.size());
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < entropies.size(); ++i)
        if (entropies[i] && (!best || *entropies[i] < *entropies[*best])) best = i;
    if (best) weights[*best] = 1;
    return weights;
}

double log_odds(double probability) {
    const double p = std::clamp(probability, least_probability, most_probability);
    return std::log(p / (1 - p));
}

Numbers weights_by(const std::vector<Ballot>& ballots, const Voting& voting) {
    switch (voting.weight) {
        case VoteWeight::one:
            return Numbers(ballots.size(), 1.0);
        case VoteWeight::inverse_entropy:
            return each(numbers(ballots, &Ballot::entropy_mean),
                        [](double h) { return 1 / std::max(h, least_entropy); });
        case VoteWeight::confidence:
            return numbers(ballots, &Ballot::confidence_mean);
        case VoteWeight::softmax:
            return softmax(numbers(ballots, &Ballot::confidence_mean), voting.temperature);
        case VoteWeight::rank:
            return borda(numbers(ballots, &Ballot::confidence_mean), voting.power);
        case VoteWeight::best:
            return only_least(numbers(ballots, &Ballot::entropy_mean));
        case VoteWeight::calibrated:
            return each(numbers(ballots, &Ballot::probability), log_odds);
    }
    return Numbers(ballots.size(), 1.0);
}

}  // namespace

std::optional<std::vector<double>> vote_weights(const std::vector<Ballot>& ballots, const Voting& voting) {
    const Numbers computed = weights_by(ballots, voting);
    std::vector<double> weights(ballots.size());
    bool any = false;
    for (std::size_t i = 0; i < ballots.size(); ++i) {
        if (!ballots[i].answer) continue;
        const double weight = (ballots[i].own_weight ? ballots[i].own_weight : computed[i]).value_or(0);
        weights[i] = std::isfinite(weight) ? std::max(weight, 0.0) : 0;
        any = any || weights[i] > 0;
    }
    return any ? std::optional(std::move(weights)) : std::nullopt;
}

}  // namespace enough
