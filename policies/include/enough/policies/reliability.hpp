#pragma once

#include <enough/policies/thresholds.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace enough {

/// A probability of being correct, and whether it was.
struct Forecast {
    double probability = 0;  ///< in [0, 1]
    bool correct = false;
};

struct ReliabilityBin {
    double low = 0;  ///< bounds of the bin
    double high = 0;
    std::size_t n = 0;
    double mean_probability = 0;
    double accuracy = 0;
};

/// Do probabilities mean what they say? `bins` of equal width; a probability p falls into min(bins-1, floor(p bins)).
struct Reliability {
    double ece = 0;                     ///< expected calibration error: sum of n_b/n |accuracy_b - mean p_b|
    double brier = 0;                   ///< mean (p - correct)^2
    std::vector<ReliabilityBin> table;  ///< the bins that are not empty
};
/// Without forecasts everything is 0 and the table empty. Throws `std::invalid_argument` for a probability outside [0,
/// 1] and for 0 bins.
Reliability reliability(std::span<const Forecast> forecasts, std::size_t bins);

/// Least-squares non-increasing fit of correctness on score (pool adjacent violators; equal scores averaged first).
class IsotonicFit {
public:
    /// Throws `std::invalid_argument` without items and for a score that is not finite.
    explicit IsotonicFit(std::span<const LabelledScore> scores);

    /// Linear between the knots, constant outside; NaN for NaN.
    double operator()(double score) const;

    const std::vector<double>& x() const { return x_; }  ///< distinct scores, ascending
    const std::vector<double>& y() const { return y_; }  ///< fitted probability of being correct

private:
    std::vector<double> x_;
    std::vector<double> y_;
};

}  // namespace enough
