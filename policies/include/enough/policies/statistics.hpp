#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace enough {

/// Sample size, mean and sample standard deviation (n-1); absent where undefined.
struct Moments {
    std::size_t n = 0;
    std::optional<double> mean;
    std::optional<double> sd;
};
Moments moments(std::span<const double> values);

/// Standardised mean difference of two samples, d = (mean_i - mean_c) / pooled sd, with its large-sample 95 % interval
/// d +- z sqrt((n_c+n_i)/(n_c n_i) + d^2 / (2 (n_c+n_i))), and Hedges' small-sample correction g.
struct EffectSize {
    double pooled_sd = 0;
    double cohens_d = 0;
    double low = 0;
    double high = 0;
    double hedges_g = 0;
    double hedges_low = 0;  ///< the interval of d, corrected in the same way
    double hedges_high = 0;
};
/// Absent when a sample has fewer than 2 values or the pooled sd is 0.
std::optional<EffectSize> effect_size(const Moments& correct, const Moments& incorrect);

/// Welch's t test of unequal variances: t = (mean_i - mean_c) / se, Welch-Satterthwaite df, two-sided p.
struct WelchTest {
    double t = 0;
    double df = 0;
    double p = 1;
};
/// Absent when a sample has fewer than 2 values or both have no spread.
std::optional<WelchTest> welch_test(const Moments& correct, const Moments& incorrect);

}  // namespace enough
