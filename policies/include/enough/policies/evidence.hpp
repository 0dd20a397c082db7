#pragma once

#include <enough/agents/token.hpp>
#include <enough/policies/signal.hpp>
#include <enough/policies/token_entropy.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace enough {

/// What the evidence of one answer comes to: plain numbers that can be logged, and from which every verdict can be
/// recomputed. All values are over the tokens in scope.
struct EvidenceSummary {
    std::size_t tokens = 0;           ///< tokens seen
    std::size_t evidence_tokens = 0;  ///< of them with usable candidates

    std::optional<double> entropy_mean;
    std::optional<double> entropy_max;
    std::optional<double> entropy_tail;
    std::optional<double> confidence_mean;
    std::optional<double> confidence_tail;
    std::optional<double> confidence_lowest_group;
    std::optional<double> confidence_bottom10;
    std::optional<double> logprob_mean;
    std::size_t logprob_tokens = 0;  ///< tokens whose own logprob counts

    std::optional<double> mean_covered_mass;
    std::optional<int> min_k_effective;

    std::size_t absent_tokens = 0;   ///< evidence tokens whose sampled token is not in its own list
    std::size_t adjacent_pairs = 0;  ///< pairs of neighbouring evidence tokens that were compared
    std::size_t repeated_pairs = 0;  ///< of them with identical candidate lists
    std::size_t corrupt_tokens = 0;  ///< tokens whose list is no probability distribution

    std::size_t reasoning_tokens = 0;  ///< tokens seen that are of the reasoning
    std::size_t short_tokens = 0;      ///< evidence tokens with fewer candidates than `SignalSettings::top_k`

    /// evidence_tokens / tokens; 0 without tokens.
    double coverage() const;
    std::optional<double> value(Signal signal) const;
    bool operator==(const EvidenceSummary&) const = default;
};

/// What the fitted signal is made of, in the order of `feature_names` (calibration.hpp). Absent if one of them is.
std::optional<std::vector<double>> features(const EvidenceSummary& evidence);

/// Measures an answer while it streams: constant work per token beyond its k candidates, memory bounded by the tail and
/// window lengths (plus one number per window position for `confidence.bottom10`). Golden rules: tokens without
/// evidence are skipped; all statistics run over the series of tokens that have it, in order.
class EvidenceAccumulator {
public:
    explicit EvidenceAccumulator(SignalSettings settings);
    ~EvidenceAccumulator();
    EvidenceAccumulator(EvidenceAccumulator&&) noexcept;
    EvidenceAccumulator& operator=(EvidenceAccumulator&&) noexcept;

    /// Counts a token if it is in scope; returns what was measured, absent if out of scope.
    std::optional<TokenEntropy> add(const Token& token);

    EvidenceSummary summary() const;

    // What early stopping needs after each token, without making a summary.
    std::size_t tokens() const;
    std::size_t evidence_tokens() const;
    double entropy_sum() const;                  ///< bits
    double entropy_max() const;                  ///< bits; 0 before the first evidence
    double confidence_sum() const;               ///< nats
    std::size_t logprob_tokens() const;          ///< tokens whose own logprob counts
    double logprob_sum() const;                  ///< nats, of those
    std::optional<double> lowest_group() const;  ///< nats: smallest mean of a full window so far; absent before one is
    std::optional<double> latest_group() const;  ///< nats: mean of the last full window; absent before one is

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace enough
