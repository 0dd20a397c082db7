#pragma once

namespace enough {

/// Bounds of a confidence interval; its level is stated where it is made.
struct Interval {
    double low = 0;
    double high = 0;

    bool contains(double value) const { return low <= value && value <= high; }
    bool operator==(const Interval&) const = default;
};

}  // namespace enough
