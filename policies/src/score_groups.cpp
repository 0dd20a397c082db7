#include "score_groups.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace enough {

std::vector<ScoreGroup> group_scores(std::vector<MarkedScore> scores) {
    if (std::ranges::any_of(scores, [](double score) { return std::isnan(score); }, &MarkedScore::score)) {
        throw std::invalid_argument("A score is not a number: leave out the items without evidence.");
    }
    std::ranges::sort(scores, {}, &MarkedScore::score);
    std::vector<ScoreGroup> groups;
    for (const MarkedScore& item : scores) {
        if (groups.empty() || groups.back().score != item.score) groups.push_back({item.score, 0, 0});
        ++groups.back().n;
        if (item.marked) ++groups.back().marked;
    }
    return groups;
}

std::vector<ScoreGroup> group_by_incorrect(std::span<const LabelledScore> scores) {
    std::vector<MarkedScore> marked;
    marked.reserve(scores.size());
    for (const LabelledScore& item : scores)
        marked.push_back({item.score, !item.correct});
    return group_scores(std::move(marked));
}

}  // namespace enough
