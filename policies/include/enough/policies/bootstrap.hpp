#pragma once

#include <enough/policies/interval.hpp>
#include <enough/policies/thresholds.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace enough {

/// How many resamples are drawn, and from which seed. The same seed gives the same draws on every machine: each call
/// starts a `std::mt19937_64` of its own with the seed, and an index below n is the top bits of an output, as many as
/// n - 1 has, drawn anew until they are below n. All functions throw `std::invalid_argument` for no replicates.
struct BootstrapSettings {
    std::size_t replicates = 2000;
    std::uint64_t seed = 1;
};

/// 2.5th and 97.5th percentile, linear between order statistics (h = (B-1)q). Absent without values.
/// Reorders `values`; none may be NaN.
std::optional<Interval> percentile_interval(std::vector<double>& values);

enum class Resample {
    items,         ///< n items with replacement: the classes' sizes vary
    within_class,  ///< each class for itself, the correct items first
};

/// How a threshold varies when the calibration items are drawn anew.
struct ThresholdSpread {
    std::optional<Interval> tau;  ///< over the replicates that have one
    Interval stop_rate;           ///< share of the original scores accepted; a refused replicate counts as 0
    Interval accepts_correct;     ///< the same within the correct items; 0 if there are none
    Interval accepts_incorrect;   ///< and within the incorrect ones
    double refused_share = 0;     ///< replicates without a threshold
};

/// Intervals (95 %, percentile) of the four thresholds of arXiv 2510.08146, each replicate fitted anew.
struct PaperSpread {
    ThresholdSpread mean;
    ThresholdSpread information;
    ThresholdSpread bayes;
    ThresholdSpread universal;
};
PaperSpread bootstrap_thresholds(std::span<const LabelledScore> scores, Priors priors, Resample resample,
                                 BootstrapSettings settings);

/// Intervals of any threshold rule: `fit` is called on each resample of indices into the scores (with replacement,
/// all items) and gives the threshold or nothing (NaN counts as nothing).
ThresholdSpread bootstrap_threshold(std::span<const LabelledScore> scores,
                                    const std::function<std::optional<double>(std::span<const std::size_t>)>& fit,
                                    BootstrapSettings settings);

/// Percentile interval (95 %) of a statistic of n items drawn with replacement; `statistic` sees indices. NaN results
/// are left out. For paired differences let the statistic take both sides of each drawn item. Absent for n = 0.
std::optional<Interval> bootstrap_interval(std::size_t n,
                                           const std::function<double(std::span<const std::size_t>)>& statistic,
                                           BootstrapSettings settings);

}  // namespace enough
