#include <enough/policies/risk_coverage.hpp>

#include "compensated_sum.hpp"
#include "score_groups.hpp"

#include <algorithm>
#include <cstddef>

namespace enough {

namespace {

/// Mean risk of the k surest of n if all `errors` wrong items come last: what no ranking can better.
double best_area(std::size_t errors, std::size_t n) {
    CompensatedSum risks;
    for (std::size_t wrong = 1; wrong <= errors; ++wrong)
        risks.add(static_cast<double>(wrong) / static_cast<double>(n - errors + wrong));
    return risks.value() / static_cast<double>(n);
}

}  // namespace

RiskCoverage risk_coverage(std::span<const LabelledScore> scores) {
    RiskCoverage result;
    if (scores.empty()) return result;
    const auto n = static_cast<double>(scores.size());
    CompensatedSum risks;
    std::size_t accepted = 0;
    std::size_t wrong = 0;
    for (const ScoreGroup& group : group_by_incorrect(scores)) {
        const double wrong_each = static_cast<double>(group.marked) / static_cast<double>(group.n);
        for (std::size_t k = 1; k <= group.n; ++k) {
            const double errors = static_cast<double>(wrong) + wrong_each * static_cast<double>(k);
            risks.add(errors / static_cast<double>(accepted + k));
        }
        accepted += group.n;
        wrong += group.marked;
        const auto kept = static_cast<double>(accepted);
        result.curve.push_back({group.score, kept / n, static_cast<double>(wrong) / kept});
    }
    result.error_rate = static_cast<double>(wrong) / n;
    result.aurc = risks.value() / n;
    result.e_aurc = std::max(0.0, result.aurc - best_area(wrong, scores.size()));  // rounding may take it below 0
    return result;
}

}  // namespace enough
