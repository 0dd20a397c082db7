#include <enough/policies/proportions.hpp>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace enough {

namespace {

using boost::math::complement;

void check_count(std::size_t x, std::size_t n) {
    if (x > n) throw std::invalid_argument("A proportion counts more items than there are.");
}

void check_level(double level) {
    if (!(level > 0 && level < 1)) throw std::invalid_argument("A confidence level is not between 0 and 1.");
}

// The bounds solve P(Bin(n, low) >= x) = tail and P(Bin(n, high) <= x) = tail; both sums are beta distributions.
double exact_low(std::size_t x, std::size_t n, double tail) {
    if (x == 0) return 0;
    const boost::math::beta_distribution<double> low(static_cast<double>(x), static_cast<double>(n - x) + 1);
    return boost::math::quantile(low, tail);
}

double exact_high(std::size_t x, std::size_t n, double tail) {
    if (x == n) return 1;
    const boost::math::beta_distribution<double> high(static_cast<double>(x) + 1, static_cast<double>(n - x));
    return boost::math::quantile(complement(high, tail));
}

}  // namespace

Interval clopper_pearson(std::size_t x, std::size_t n, double level) {
    check_count(x, n);
    check_level(level);
    const double tail = (1 - level) / 2;
    return {exact_low(x, n, tail), exact_high(x, n, tail)};
}

Interval wilson(std::size_t x, std::size_t n, double level) {
    check_count(x, n);
    check_level(level);
    if (n == 0) return {0, 1};
    const auto successes = static_cast<double>(x);
    const auto failures = static_cast<double>(n - x);
    const auto all = static_cast<double>(n);
    const double z = boost::math::quantile(complement(boost::math::normal(), (1 - level) / 2));
    const double centre = (successes + z * z / 2) / (all + z * z);
    const double half_width = z / (all + z * z) * std::sqrt(successes * failures / all + z * z / 4);
    return {x == 0 ? 0.0 : std::max(0.0, centre - half_width), x == n ? 1.0 : std::min(1.0, centre + half_width)};
}

double clopper_pearson_upper(std::size_t x, std::size_t n, double delta) {
    check_count(x, n);
    check_level(delta);
    return exact_high(x, n, delta);
}

double binomial_cdf(std::size_t x, std::size_t n, double p) {
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument("A probability is not between 0 and 1.");
    if (x >= n || p == 0) return 1;
    if (p == 1) return 0;
    return boost::math::cdf(boost::math::binomial(static_cast<double>(n), p), static_cast<double>(x));
}

double mcnemar_exact(std::size_t b, std::size_t c) {
    return std::min(1.0, 2 * binomial_cdf(std::min(b, c), b + c, 0.5));
}

std::vector<double> holm(std::span<const double> p_values) {
    if (!std::ranges::all_of(p_values, [](double p) { return p >= 0 && p <= 1; })) {
        throw std::invalid_argument("A p-value is not between 0 and 1.");
    }
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t index) { return p_values[index]; });
    std::vector<double> adjusted(p_values.size());
    double largest = 0;
    auto hypotheses_left = static_cast<double>(order.size());
    for (const std::size_t index : order) {
        largest = std::max(largest, std::min(1.0, hypotheses_left * p_values[index]));
        adjusted[index] = largest;
        --hypotheses_left;
    }
    return adjusted;
}

}  // namespace enough
