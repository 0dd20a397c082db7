#include <enough/policies/drift.hpp>

#include <enough/policies/ranking.hpp>

#include <algorithm>

namespace enough {
namespace {

constexpr double alarming_p = 0.01;

double share_at_or_below(std::span<const double> scores, double threshold) {
    const auto passed = std::ranges::count_if(scores, [=](double score) { return score <= threshold; });
    return static_cast<double>(passed) / static_cast<double>(scores.size());
}

}  // namespace

std::optional<Drift> drift(std::span<const double> now, std::span<const double> then, double threshold) {
    const auto test = kolmogorov_smirnov(now, then);
    if (!test) return std::nullopt;
    return Drift{now.size(),
                 test->distance,
                 test->p,
                 share_at_or_below(now, threshold),
                 share_at_or_below(then, threshold),
                 test->p < alarming_p};
}

}  // namespace enough
