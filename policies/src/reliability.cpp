#include <enough/policies/reliability.hpp>

#include "compensated_sum.hpp"
#include "score_groups.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

struct BinSums {
    std::size_t n = 0;
    std::size_t correct = 0;
    CompensatedSum probabilities;
};

std::size_t bin_of(double probability, std::size_t bins) {
    const double position = std::floor(probability * static_cast<double>(bins));
    return position >= static_cast<double>(bins) ? bins - 1 : static_cast<std::size_t>(position);
}

ReliabilityBin row(std::size_t bin, std::size_t bins, const BinSums& sums) {
    const auto all = static_cast<double>(bins);
    const auto n = static_cast<double>(sums.n);
    return {static_cast<double>(bin) / all, (static_cast<double>(bin) + 1) / all, sums.n,
            sums.probabilities.value() / n, static_cast<double>(sums.correct) / n};
}

/// Neighbouring scores that get the same value.
struct Block {
    std::size_t knots = 0;
    std::size_t n = 0;
    std::size_t correct = 0;

    // As products of counts, so that equal means compare equal.
    bool is_below(const Block& other) const { return correct * other.n < other.correct * n; }
    double mean() const { return static_cast<double>(correct) / static_cast<double>(n); }
};

}  // namespace

Reliability reliability(std::span<const Forecast> forecasts, std::size_t bins) {
    if (bins == 0) throw std::invalid_argument("A reliability table needs at least one bin.");
    std::map<std::size_t, BinSums> filled;
    CompensatedSum squares;
    for (const Forecast& forecast : forecasts) {
        const double p = forecast.probability;
        if (!(p >= 0 && p <= 1)) throw std::invalid_argument("A forecast is not a probability between 0 and 1.");
        BinSums& sums = filled[bin_of(p, bins)];
        ++sums.n;
        if (forecast.correct) ++sums.correct;
        sums.probabilities.add(p);
        const double miss = p - (forecast.correct ? 1 : 0);
        squares.add(miss * miss);
    }
    Reliability result;
    if (forecasts.empty()) return result;
    const auto n = static_cast<double>(forecasts.size());
    for (const auto& [bin, sums] : filled) {
        result.table.push_back(row(bin, bins, sums));
        const ReliabilityBin& last = result.table.back();
        result.ece += static_cast<double>(last.n) / n * std::abs(last.accuracy - last.mean_probability);
    }
    result.brier = squares.value() / n;
    return result;
}

IsotonicFit::IsotonicFit(std::span<const LabelledScore> scores) {
    if (scores.empty()) throw std::invalid_argument("An isotonic fit needs at least one item.");
    std::vector<MarkedScore> marked;
    marked.reserve(scores.size());
    for (const LabelledScore& item : scores) {
        if (!std::isfinite(item.score)) throw std::invalid_argument("A score is not a finite number.");
        marked.push_back({item.score, item.correct});
    }
    std::vector<Block> blocks;
    for (const ScoreGroup& group : group_scores(std::move(marked))) {
        x_.push_back(group.score);
        Block last{1, group.n, group.marked};
        while (!blocks.empty() && blocks.back().is_below(last)) {
            const Block& before = blocks.back();
            last = {before.knots + last.knots, before.n + last.n, before.correct + last.correct};
            blocks.pop_back();
        }
        blocks.push_back(last);
    }
    for (const Block& block : blocks)
        y_.insert(y_.end(), block.knots, block.mean());
}

double IsotonicFit::operator()(double score) const {
    if (std::isnan(score)) return score;
    const auto right = std::ranges::lower_bound(x_, score);
    if (right == x_.end()) return y_.back();
    const auto index = static_cast<std::size_t>(std::distance(x_.begin(), right));
    if (*right == score || index == 0) return y_[index];
    const double left = x_[index - 1];
    const double share = (score / 2 - left / 2) / (*right / 2 - left / 2);  // halves: their difference is finite
    return std::lerp(y_[index - 1], y_[index], share);
}

}  // namespace enough
