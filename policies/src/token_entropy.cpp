#include <enough/policies/token_entropy.hpp>

#include "kept_candidates.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace enough {

namespace {

// A covered mass above this is no rounding: the numbers are no probabilities.
constexpr double most_mass = 1.05;

double binary_entropy(double share) {
    if (share <= 0 || share >= 1) return 0;
    return -share * std::log2(share) - (1 - share) * std::log1p(-share) / std::numbers::ln2;
}

}  // namespace

TokenEntropy token_entropy(std::span<const Candidate> candidates, int k) {
    return measure(KeptCandidates(candidates, k));
}

// H = (ln Z - sum p_i (l_i - m)) / ln 2 with m = max l, Z = sum e^(l_i - m) = 1 + rest (arXiv 2510.08146, section 3):
// no underflow for tiny masses, no cancellation for a nearly certain token, and every term is >= 0.
TokenEntropy measure(const KeptCandidates& kept) {
    TokenEntropy result;
    const auto list = kept.list();
    result.k_effective = static_cast<int>(list.size());
    if (list.empty()) {
        result.missing = MissingEvidence::no_candidates;
        return result;
    }
    const double largest = list.front().logprob;
    double rest = 0;
    double weighted = 0;  // sum of e^(l_i - m) (l_i - m)
    double logprobs = largest;
    for (const KeptCandidate& candidate : list.subspan(1)) {
        const double below = candidate.logprob - largest;
        const double weight = std::exp(below);
        rest += weight;
        weighted += weight * below;
        logprobs += candidate.logprob;
    }
    result.covered_mass = std::exp(largest) * (1 + rest);
    if (result.covered_mass > most_mass) {
        result.missing = MissingEvidence::mass_above_one;
    } else if (list.size() == 1) {
        result.missing = MissingEvidence::single_candidate;
    } else {
        result.entropy = (std::log1p(rest) - weighted / (1 + rest)) / std::numbers::ln2;
        result.confidence = -logprobs / static_cast<double>(list.size());
    }
    return result;
}

EntropyRange full_entropy(const TokenEntropy& measured, std::size_t vocabulary) {
    const double uncovered = std::clamp(1 - measured.covered_mass, 0.0, 1.0);
    const double low = binary_entropy(uncovered) + (1 - uncovered) * measured.entropy;
    const auto kept = static_cast<std::size_t>(measured.k_effective);
    const double others = vocabulary > kept ? static_cast<double>(vocabulary - kept) : 1.0;
    return {low, low + uncovered * std::log2(others)};
}

}  // namespace enough
