#pragma once

#include <cmath>

namespace enough {

/// A sum that keeps what rounding takes from it (Neumaier): as exact for the millionth number as for the first.
class CompensatedSum {
public:
    void add(double value) {
        const double sum = sum_ + value;
        lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
        sum_ = sum;
    }

    double value() const { return sum_ + lost_; }

private:
    double sum_ = 0;
    double lost_ = 0;
};

}  // namespace enough
