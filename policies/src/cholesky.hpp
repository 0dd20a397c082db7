#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace enough {

/// Solves A x = b for a small symmetric positive definite A (by rows; only the lower half is read). A pivot lost to
/// rounding is lifted to a tiny positive one: x then still satisfies b x > 0, so it is a direction uphill for a
/// gradient b.
inline std::vector<double> solve_positive_definite(std::vector<double> a, std::vector<double> b) {
    const std::size_t n = b.size();
    const auto dot = [](const double* left, const double* right, std::size_t count) {
        double sum = 0;
        for (std::size_t k = 0; k < count; ++k)
            sum += left[k] * right[k];
        return sum;
    };
    for (std::size_t i = 0; i < n; ++i) {
        double* const row = a.data() + i * n;
        for (std::size_t j = 0; j < i; ++j)
            row[j] = (row[j] - dot(row, a.data() + j * n, j)) / a[j * n + j];
        const double least = std::max(row[i] * std::numeric_limits<double>::epsilon(), 1e-300);
        row[i] = std::sqrt(std::max(row[i] - dot(row, row, i), least));
    }
    for (std::size_t i = 0; i < n; ++i)
        b[i] = (b[i] - dot(a.data() + i * n, b.data(), i)) / a[i * n + i];
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k)
            b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
    return b;
}

}  // namespace enough
