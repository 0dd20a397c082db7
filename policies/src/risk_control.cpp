#include <enough/policies/risk_control.hpp>

#include <enough/policies/proportions.hpp>

#include "score_groups.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace enough {

namespace {

/// What accepting every score up to tau would do.
struct Acceptance {
    double tau = 0;
    std::size_t accepted = 0;
    std::size_t lost = 0;
};

void check_share(double share) {
    if (!(share > 0 && share < 1)) throw std::invalid_argument("An epsilon or delta is not between 0 and 1.");
}

void check(RiskTarget target) {
    check_share(target.epsilon);
    check_share(target.delta);
}

std::vector<Acceptance> candidates_of(std::span<const ScoredLoss> items) {
    std::vector<MarkedScore> scores;
    scores.reserve(items.size());
    for (const ScoredLoss& item : items) {
        if (!std::isfinite(item.score)) throw std::invalid_argument("A score is not a finite number.");
        scores.push_back({item.score, item.loss});
    }
    std::vector<Acceptance> candidates;
    Acceptance sum;
    for (const ScoreGroup& group : group_scores(std::move(scores))) {
        sum = {group.score, sum.accepted + group.n, sum.lost + group.marked};
        candidates.push_back(sum);
    }
    return candidates;
}

RiskThreshold never(std::string_view reason) {
    RiskThreshold result;
    result.reason = reason;
    return result;
}

RiskThreshold accept(const Acceptance& candidate) {
    RiskThreshold result;
    result.tau = candidate.tau;
    result.accepted = candidate.accepted;
    result.lost = candidate.lost;
    return result;
}

using Certifies = std::function<bool(std::size_t lost)>;

/// The largest tau that loses few enough. Losses only grow with tau, so what certifies comes before what does not.
RiskThreshold largest_certified(std::span<const ScoredLoss> items, const Certifies& certifies) {
    const std::vector<Acceptance> candidates = candidates_of(items);
    if (!certifies(0)) return never("sample_too_small");
    const auto end = std::ranges::partition_point(candidates, certifies, &Acceptance::lost);
    if (end == candidates.begin()) return never("no_candidate");
    return accept(*std::prev(end));
}

struct Walk {
    std::size_t passed = 0;
    std::size_t tests = 0;
};

/// Tests one candidate after the other until one fails.
Walk walk(std::span<const Acceptance> candidates, double epsilon, double level) {
    Walk result;
    for (const Acceptance& candidate : candidates) {
        ++result.tests;
        if (!(binomial_cdf(candidate.lost, candidate.accepted, epsilon) <= level)) break;
        ++result.passed;
    }
    return result;
}

}  // namespace

RiskThreshold crc_threshold(std::span<const ScoredLoss> items, double epsilon) {
    check_share(epsilon);
    const auto n = static_cast<double>(items.size());
    return largest_certified(items, [=](std::size_t lost) {
        return static_cast<double>(lost + 1) / (n + 1) <= epsilon;  // from integers: equality counts
    });
}

RiskThreshold hoeffding_threshold(std::span<const ScoredLoss> items, RiskTarget target) {
    check(target);
    const auto n = static_cast<double>(items.size());
    return largest_certified(items, [=](std::size_t lost) {
        return n > 0 && static_cast<double>(lost) / n + std::sqrt(-std::log(target.delta) / (2 * n)) <= target.epsilon;
    });
}

RiskThreshold bound_threshold(std::span<const ScoredLoss> items, RiskTarget target) {
    check(target);
    return largest_certified(items, [=, n = items.size()](std::size_t lost) {
        return binomial_cdf(lost, n, target.epsilon) <= target.delta;
    });
}

RiskThreshold ltt_threshold(std::span<const ScoredLoss> items, RiskTarget target, std::size_t min_accepted,
                            std::size_t starts) {
    check(target);
    if (starts == 0) throw std::invalid_argument("A threshold by learn-then-test needs at least one walk.");
    const double level = target.delta / static_cast<double>(starts);
    const std::size_t least = std::max(min_accepted, smallest_certifiable({target.epsilon, level}));
    const std::vector<Acceptance> candidates = candidates_of(items);
    const auto first = std::ranges::lower_bound(candidates, least, {}, &Acceptance::accepted);
    const std::span<const Acceptance> admissible(first, candidates.end());
    if (admissible.empty()) return never("sample_too_small");
    std::size_t passed = 0;  // of the admissible ones, up to the last that any walk has passed
    std::size_t tests = 0;
    for (std::size_t start = 0; start < starts; ++start) {
        const std::size_t position = start * admissible.size() / starts;
        const Walk walked = walk(admissible.subspan(position), target.epsilon, level);
        if (walked.passed > 0) passed = std::max(passed, position + walked.passed);
        tests += walked.tests;
    }
    RiskThreshold result = passed > 0 ? accept(admissible[passed - 1]) : never("no_candidate");
    result.tests = tests;
    return result;
}

std::size_t smallest_certifiable(RiskTarget target) {
    check(target);
    const double estimate = std::log(target.delta) / std::log1p(-target.epsilon);
    if (estimate >= 1e15) return std::numeric_limits<std::size_t>::max();  // beyond any sample and exact doubles
    // Rounded down it is never too large; the inequality itself decides, also where it holds with equality.
    auto n = static_cast<std::size_t>(std::max(1.0, std::floor(estimate)));
    while (!(binomial_cdf(0, n, target.epsilon) <= target.delta))
        ++n;
    return n;
}

}  // namespace enough
