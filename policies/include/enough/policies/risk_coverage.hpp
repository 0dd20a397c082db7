#pragma once

#include <enough/policies/thresholds.hpp>

#include <span>
#include <vector>

namespace enough {

/// Share of items accepted at a threshold, and the share of wrong ones among them.
struct RiskCoveragePoint {
    double tau = 0;
    double coverage = 0;
    double risk = 0;
};

/// The risk-coverage curve of scores (higher = less sure) and its area (Geifman and El-Yaniv 2017).
struct RiskCoverage {
    std::vector<RiskCoveragePoint> curve;  ///< at each distinct score, ascending
    double error_rate = 0;
    double aurc = 0;    ///< mean risk of the k surest, k = 1..n; errors inside a group of equal scores spread evenly
    double e_aurc = 0;  ///< above the best possible ranking of the same errors
};
/// Without items everything is 0 and the curve empty. Throws `std::invalid_argument` if a score is NaN.
RiskCoverage risk_coverage(std::span<const LabelledScore> scores);

}  // namespace enough
