#pragma once

#include <enough/policies/thresholds.hpp>

#include <rapidcheck.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <vector>

namespace enough::test {

/// The items of a golden case: `scores` and `correct`, or a list of scores for each class.
std::vector<LabelledScore> labelled_scores(const nlohmann::json& input);

/// Some items with scores drawn from so few values that many are equal.
rc::Gen<std::vector<LabelledScore>> tied_scores(std::size_t least, std::size_t most);

/// Some items in any order, no two of which have the same score.
rc::Gen<std::vector<LabelledScore>> untied_scores(std::size_t least, std::size_t most);

}  // namespace enough::test
