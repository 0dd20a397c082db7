#pragma once

#include <cmath>

namespace enough {

/// Logprobs below are sentinels (-9999, the lowest float), not probabilities.
inline constexpr double least_logprob = -100.0;

/// A sampled token's own logprob above this (a mass of 1.05) is no rounding of certainty.
inline const double most_own_logprob = std::log(1.05);

}  // namespace enough
