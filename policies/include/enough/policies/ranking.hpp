#pragma once

#include <enough/policies/interval.hpp>
#include <enough/policies/thresholds.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace enough {

/// Mann and Whitney's rank test of scores (higher = less sure) of incorrect against correct items.
struct MannWhitney {
    double u = 0;                   ///< number of pairs in which the incorrect item scores higher, ties counted half
    double p = 1;                   ///< two-sided; exact if `p_exact` is there, else `p_normal`
    double p_normal = 1;            ///< tie-corrected variance, continuity correction 1/2; 1 if all scores are equal
    std::optional<double> p_exact;  ///< there if no two scores are equal and the smaller class has at most 8 items

    std::string_view method() const { return p_exact ? "exact" : "normal"; }
};
/// Absent when a class is empty. Throws `std::invalid_argument` if a score is NaN, here and below.
std::optional<MannWhitney> mann_whitney(std::span<const LabelledScore> scores);

/// Area under the ROC curve: the probability that an incorrect item scores higher than a correct one (ties half), with
/// DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988), cut to [0, 1].
struct Auroc {
    double value = 0.5;
    std::optional<double> variance;    ///< absent when a class has a single item
    std::optional<Interval> interval;  ///< 95 %; absent with the variance
    bool degenerate = false;           ///< the variance is 0: the interval says nothing
};
/// Absent when a class is empty. O(n log n).
std::optional<Auroc> auroc(std::span<const LabelledScore> scores);

/// Largest distance between the empirical distribution functions of two samples (Kolmogorov and Smirnov), and the
/// asymptotic two-sided p-value. Absent when a sample is empty; infinite values count as the largest or smallest.
struct KolmogorovSmirnov {
    double distance = 0;
    double p = 1;
};
std::optional<KolmogorovSmirnov> kolmogorov_smirnov(std::span<const double> a, std::span<const double> b);

}  // namespace enough
