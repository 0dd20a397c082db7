#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace enough {

/// One calibration item: its score (higher = less sure) and whether accepting it would be the loss that is controlled.
struct ScoredLoss {
    double score = 0;
    bool loss = false;
};

/// How much loss is allowed, and how sure one wants to be.
struct RiskTarget {
    double epsilon = 0.02;
    double delta = 0.1;  ///< of `hoeffding`, `bound` and `ltt`
};

/// A threshold with a promise: accepts scores <= tau.
struct RiskThreshold {
    std::optional<double> tau;  ///< absent: never accept, `reason` says why
    std::string_view reason;    ///< `sample_too_small` (no outcome on so few items could certify) or `no_candidate`
    std::size_t accepted = 0;   ///< items at or below tau
    std::size_t lost = 0;       ///< of them with the loss
    std::size_t tests = 0;      ///< `ltt` only: p-values looked at
};

// Candidates for tau are the distinct scores; equal scores are accepted together. All of these throw
// `std::invalid_argument` for a score that is not finite and for an epsilon or delta outside (0, 1).

/// Conformal risk control: the largest tau with (lost + 1) / (n + 1) <= epsilon. Keeps E[accepted and lost] <= epsilon
/// on average over calibrations (Angelopoulos et al., arXiv 2208.02814).
RiskThreshold crc_threshold(std::span<const ScoredLoss> items, double epsilon);

/// The largest tau whose Hoeffding bound lost / n + sqrt(ln(1/delta) / 2n) is at most epsilon.
RiskThreshold hoeffding_threshold(std::span<const ScoredLoss> items, RiskTarget target);

/// The largest tau whose exact binomial upper bound of the loss is at most epsilon at level delta:
/// P(Bin(n, epsilon) <= lost) <= delta.
RiskThreshold bound_threshold(std::span<const ScoredLoss> items, RiskTarget target);

/// Learn-then-test by fixed sequence on the error *among accepted* (Angelopoulos et al., arXiv 2110.01052): walks
/// upwards from the first candidate with at least max(min_accepted, smallest certifiable number) accepted items while
/// P(Bin(accepted, epsilon) <= lost) <= delta / starts; `starts` walks begin at evenly spread candidates, the largest
/// tau passed by any counts. `min_accepted` must be fixed before the labels are seen. Throws `std::invalid_argument`
/// for 0 starts.
RiskThreshold ltt_threshold(std::span<const ScoredLoss> items, RiskTarget target, std::size_t min_accepted,
                            std::size_t starts = 1);

/// The least n for which n items without loss certify epsilon at level delta: (1 - epsilon)^n <= delta.
std::size_t smallest_certifiable(RiskTarget target);

}  // namespace enough
