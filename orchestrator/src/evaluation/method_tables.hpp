#pragma once

#include "evaluation/cross_fitting.hpp"

#include <nlohmann/json_fwd.hpp>

namespace enough {

/// `steps`: scores of right and wrong answers at each step of the chain, and how well they tell them apart.
nlohmann::ordered_json steps_json(const ScoredChains& scored);

/// `methods`: the paper's table for every method, cross-fitted; p-values corrected for their number.
nlohmann::ordered_json methods_json(const ScoredChains& scored, const ReportSettings& settings);

/// `ablation`: the signal with fewer candidates a token, thresholds by `universal`, cross-fitted. Of entropy.mean only.
nlohmann::ordered_json ablation_json(const Evaluation& evaluation, const ScoredChains& scored, int top_k,
                                     const ReportSettings& settings);

}  // namespace enough
