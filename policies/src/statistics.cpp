#include <enough/policies/statistics.hpp>

#include "compensated_sum.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <cmath>

namespace enough {

Moments moments(std::span<const double> values) {
    Moments result;
    result.n = values.size();
    if (values.empty()) return result;
    const auto n = static_cast<double>(values.size());
    CompensatedSum sum;
    for (const double value : values)
        sum.add(value);
    const double mean = sum.value() / n;
    if (!std::isfinite(mean)) return result;
    result.mean = mean;
    if (values.size() < 2) return result;
    CompensatedSum squares;
    for (const double value : values)
        squares.add((value - mean) * (value - mean));
    const double sd = std::sqrt(squares.value() / (n - 1));
    if (std::isfinite(sd)) result.sd = sd;
    return result;
}

std::optional<EffectSize> effect_size(const Moments& correct, const Moments& incorrect) {
    if (!correct.sd || !incorrect.sd) return std::nullopt;
    const auto n_c = static_cast<double>(correct.n);
    const auto n_i = static_cast<double>(incorrect.n);
    const double freedom = n_c + n_i - 2;
    EffectSize result;
    result.pooled_sd =
        std::sqrt(((n_c - 1) * *correct.sd * *correct.sd + (n_i - 1) * *incorrect.sd * *incorrect.sd) / freedom);
    if (!(result.pooled_sd > 0) || !std::isfinite(result.pooled_sd)) return std::nullopt;
    const double d = (*incorrect.mean - *correct.mean) / result.pooled_sd;
    result.cohens_d = d;
    // Hedges and Olkin (1985), the large-sample standard error of d.
    const double error = std::sqrt((n_c + n_i) / (n_c * n_i) + d * d / (2 * (n_c + n_i)));
    const double z = boost::math::quantile(boost::math::normal(), 0.975);
    result.low = d - z * error;
    result.high = d + z * error;
    // J = gamma(m/2) / (sqrt(m/2) gamma((m-1)/2)), m = n_c + n_i - 2, as a ratio that stays exact for a large m.
    const double correction = 1 / (std::sqrt(freedom / 2) * boost::math::tgamma_delta_ratio((freedom - 1) / 2, 0.5));
    result.hedges_g = d * correction;
    result.hedges_low = result.low * correction;
    result.hedges_high = result.high * correction;
    return result;
}

std::optional<WelchTest> welch_test(const Moments& correct, const Moments& incorrect) {
    if (!correct.sd || !incorrect.sd) return std::nullopt;
    const auto n_c = static_cast<double>(correct.n);
    const auto n_i = static_cast<double>(incorrect.n);
    const double variance_c = *correct.sd * *correct.sd / n_c;
    const double variance_i = *incorrect.sd * *incorrect.sd / n_i;
    const double variance = variance_c + variance_i;
    if (!(variance > 0) || !std::isfinite(variance)) return std::nullopt;
    WelchTest result;
    result.t = (*incorrect.mean - *correct.mean) / std::sqrt(variance);
    // Welch-Satterthwaite in shares of the variance, which neither under- nor overflow.
    const double share_c = variance_c / variance;
    const double share_i = variance_i / variance;
    result.df = 1 / (share_c * share_c / (n_c - 1) + share_i * share_i / (n_i - 1));
    const boost::math::students_t distribution(result.df);
    result.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(result.t)));
    return result;
}

}  // namespace enough
