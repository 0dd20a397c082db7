#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace enough {

/// Has the signal moved since the calibration? Every promise of a threshold assumes that it has not.
struct Drift {
    std::size_t n = 0;
    double distance = 0;           ///< Kolmogorov and Smirnov's, between the scores now and those calibrated on
    double p = 1;                  ///< its asymptotic two-sided p-value
    double share_accepted = 0;     ///< now at least as sure as the threshold
    double calibration_share = 0;  ///< the same then
    bool alarm = false;            ///< p below 0.01: calibrate anew before trusting the threshold
};

/// `now` and `then` are unsureness scores, as is `threshold`. Absent without scores on either side.
std::optional<Drift> drift(std::span<const double> now, std::span<const double> then, double threshold);

}  // namespace enough
