#pragma once

#include <enough/policies/thresholds.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace enough {

/// A score, and whether its item is of the kind that is counted.
struct MarkedScore {
    double score = 0;
    bool marked = false;
};

/// The items that have the same score.
struct ScoreGroup {
    double score = 0;
    std::size_t n = 0;
    std::size_t marked = 0;
};

/// Groups of equal scores, ascending. Throws `std::invalid_argument` if a score is NaN, which has no place in an order.
std::vector<ScoreGroup> group_scores(std::vector<MarkedScore> scores);

/// The same; the incorrect items are the marked ones.
std::vector<ScoreGroup> group_by_incorrect(std::span<const LabelledScore> scores);

}  // namespace enough
