#include <enough/policies/ranking.hpp>

#include "score_groups.hpp"

#include <boost/math/distributions/kolmogorov_smirnov.hpp>
#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace enough {

namespace {

constexpr std::size_t largest_exact_class = 8;

/// How the scores of the two classes interleave: enough for every statistic of ranks.
struct Ranking {
    std::vector<ScoreGroup> groups;  // the marked ones are incorrect
    double correct = 0;
    double incorrect = 0;
    double u = 0;             // pairs in which the incorrect item scores higher, ties half
    double tied_triples = 0;  // sum of t^3 - t over the groups of t equal scores
};

Ranking rank(std::span<const LabelledScore> scores) {
    Ranking result;
    result.groups = group_by_incorrect(scores);
    for (const ScoreGroup& group : result.groups) {
        const auto n = static_cast<double>(group.n);
        const auto incorrect = static_cast<double>(group.marked);
        result.u += incorrect * (result.correct + (n - incorrect) / 2);
        result.tied_triples += n * n * n - n;
        result.correct += n - incorrect;
        result.incorrect += incorrect;
    }
    return result;
}

double normal_p(const Ranking& ranking) {
    const double n = ranking.correct + ranking.incorrect;
    const double pairs = ranking.correct * ranking.incorrect;
    const double variance = pairs / 12 * ((n + 1) - ranking.tied_triples / (n * (n - 1)));
    if (!(variance > 0)) return 1;
    const double z = (std::abs(ranking.u - pairs / 2) - 0.5) / std::sqrt(variance);
    if (z <= 0) return 1;
    return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

// P(U <= u) under the null hypothesis. The numbers of arrangements with U = 0, 1, ... are the coefficients of the
// Gaussian binomial prod_{i=1..smaller} (1 - q^(larger+i)) / (1 - q^i) (Mann and Whitney 1947). The divisions come
// first: they only add, and in the lower half of the distribution the subtractions after them take little away.
double lower_tail(std::size_t u, std::size_t smaller, std::size_t larger) {
    std::vector<double> arrangements(u + 1, 0.0);
    arrangements[0] = 1;
    double all = 1;
    for (std::size_t i = 1; i <= smaller; ++i) {
        for (std::size_t k = i; k <= u; ++k)
            arrangements[k] += arrangements[k - i];
        all *= static_cast<double>(larger + i) / static_cast<double>(i);
    }
    for (std::size_t i = 1; i <= smaller; ++i) {
        for (std::size_t k = u; k >= larger + i; --k)
            arrangements[k] -= arrangements[k - larger - i];
    }
    double below = 0;
    for (const double count : arrangements)
        below += count;
    return below / all;
}

std::optional<double> exact_p(const Ranking& ranking) {
    const auto [smaller, larger] = std::minmax(ranking.correct, ranking.incorrect);
    if (ranking.tied_triples > 0 || smaller > largest_exact_class) return std::nullopt;
    const double u = std::min(ranking.u, smaller * larger - ranking.u);  // the distribution is symmetric
    const double tail =
        lower_tail(static_cast<std::size_t>(u), static_cast<std::size_t>(smaller), static_cast<std::size_t>(larger));
    return std::min(1.0, 2 * tail);
}

// DeLong's structural components: for an incorrect item the number of correct ones below it, for a correct item the
// number of incorrect ones above it, ties half. Their sample variances give that of the area. Counts and their means
// are exact where all are equal, so a degenerate variance comes out as 0.
double delong_variance(const Ranking& ranking) {
    const double mean_below = ranking.u / ranking.incorrect;
    const double mean_above = ranking.u / ranking.correct;
    double squares_below = 0;
    double squares_above = 0;
    double correct_before = 0;
    double incorrect_before = 0;
    for (const ScoreGroup& group : ranking.groups) {
        const auto incorrect = static_cast<double>(group.marked);
        const double correct = static_cast<double>(group.n) - incorrect;
        const double below = correct_before + correct / 2 - mean_below;
        const double above = ranking.incorrect - incorrect_before - incorrect / 2 - mean_above;
        squares_below += incorrect * below * below;
        squares_above += correct * above * above;
        correct_before += correct;
        incorrect_before += incorrect;
    }
    const double c = ranking.correct;
    const double i = ranking.incorrect;
    return squares_below / (i - 1) / (c * c * i) + squares_above / (c - 1) / (i * i * c);
}

std::vector<double> sorted(std::span<const double> values) {
    if (std::ranges::any_of(values, [](double value) { return std::isnan(value); })) {
        throw std::invalid_argument("A value of a sample is not a number.");
    }
    std::vector<double> result(values.begin(), values.end());
    std::ranges::sort(result);
    return result;
}

double largest_distance(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0;
    std::size_t from_a = 0;
    std::size_t from_b = 0;
    while (from_a < a.size() && from_b < b.size()) {
        const double value = std::min(a[from_a], b[from_b]);
        while (from_a < a.size() && a[from_a] == value)
            ++from_a;
        while (from_b < b.size() && b[from_b] == value)
            ++from_b;
        const double share_a = static_cast<double>(from_a) / static_cast<double>(a.size());
        const double share_b = static_cast<double>(from_b) / static_cast<double>(b.size());
        largest = std::max(largest, std::abs(share_a - share_b));
    }
    return largest;  // after the end of one sample its function is 1 and the other only comes closer
}

}  // namespace

std::optional<MannWhitney> mann_whitney(std::span<const LabelledScore> scores) {
    const Ranking ranking = rank(scores);
    if (ranking.correct == 0 || ranking.incorrect == 0) return std::nullopt;
    MannWhitney result;
    result.u = ranking.u;
    result.p_normal = normal_p(ranking);
    result.p_exact = exact_p(ranking);
    result.p = result.p_exact.value_or(result.p_normal);
    return result;
}

std::optional<Auroc> auroc(std::span<const LabelledScore> scores) {
    const Ranking ranking = rank(scores);
    if (ranking.correct == 0 || ranking.incorrect == 0) return std::nullopt;
    Auroc result;
    result.value = ranking.u / (ranking.correct * ranking.incorrect);
    if (ranking.correct < 2 || ranking.incorrect < 2) return result;
    const double variance = delong_variance(ranking);
    const double half_width = boost::math::quantile(boost::math::normal(), 0.975) * std::sqrt(variance);
    result.variance = variance;
    result.interval = Interval{std::max(0.0, result.value - half_width), std::min(1.0, result.value + half_width)};
    result.degenerate = variance == 0;
    return result;
}

std::optional<KolmogorovSmirnov> kolmogorov_smirnov(std::span<const double> a, std::span<const double> b) {
    const std::vector<double> sorted_a = sorted(a);
    const std::vector<double> sorted_b = sorted(b);
    if (a.empty() || b.empty()) return std::nullopt;
    const auto n_a = static_cast<double>(a.size());
    const auto n_b = static_cast<double>(b.size());
    KolmogorovSmirnov result;
    result.distance = largest_distance(sorted_a, sorted_b);
    const boost::math::kolmogorov_smirnov_distribution<double> limit(n_a * n_b / (n_a + n_b));
    result.p = std::max(0.0, boost::math::cdf(boost::math::complement(limit, result.distance)));  // it gives -0 too
    return result;
}

}  // namespace enough
