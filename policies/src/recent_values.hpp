#pragma once

#include "compensated_sum.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace enough {

/// The last `capacity` numbers of a series. Takes memory only as they come.
class RecentValues {
public:
    explicit RecentValues(std::size_t capacity) : capacity_(capacity) {}

    void push(double value) {
        if (values_.size() < capacity_) {
            values_.push_back(value);
        } else {
            values_[next_] = value;
        }
        next_ = (next_ + 1) % capacity_;
    }

    /// The `back`-th latest: 1 is the last that was pushed. `back` is at most the number held.
    double latest(std::size_t back) const {
        return values_[next_ >= back ? next_ - back : next_ + values_.size() - back];
    }

    double sum_of_last(std::size_t count) const {
        CompensatedSum sum;
        for (std::size_t back = std::min(count, values_.size()); back > 0; --back)
            sum.add(latest(back));
        return sum.value();
    }

    /// The mean of the last `count`, of all if there are fewer. At least one was pushed.
    double mean_of_last(std::size_t count) const {
        return sum_of_last(count) / static_cast<double>(std::min(count, values_.size()));
    }

private:
    std::size_t capacity_;
    std::size_t next_ = 0;
    std::vector<double> values_;
};

}  // namespace enough
