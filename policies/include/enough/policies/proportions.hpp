#pragma once

#include <enough/policies/interval.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace enough {

/// Exact two-sided interval of a binomial proportion, x of n, at confidence `level` (Clopper and Pearson 1934).
/// x = 0 gives low 0, x = n high 1, n = 0 [0, 1]. Throws `std::invalid_argument` for x > n or a level outside (0, 1).
Interval clopper_pearson(std::size_t x, std::size_t n, double level = 0.95);

/// Wilson's score interval, without continuity correction; the same conventions.
Interval wilson(std::size_t x, std::size_t n, double level = 0.95);

/// One-sided exact upper bound at confidence 1 - delta; 1 for x = n and for n = 0. Throws as above.
double clopper_pearson_upper(std::size_t x, std::size_t n, double delta);

/// P(Bin(n, p) <= x). Throws `std::invalid_argument` for a p outside [0, 1].
double binomial_cdf(std::size_t x, std::size_t n, double p);

/// Exact two-sided p-value of McNemar's test on the two kinds of discordant pairs; 1 if there are none.
double mcnemar_exact(std::size_t b, std::size_t c);

/// Holm's step-down adjusted p-values, cut at 1, in the order given (Holm 1979). Throws `std::invalid_argument` if one
/// is outside [0, 1].
std::vector<double> holm(std::span<const double> p_values);

}  // namespace enough
