#pragma once

#include <enough/policies/evidence.hpp>
#include <enough/policies/gate.hpp>
#include <enough/policies/signal.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace enough {

/// The number on whose unsure side the final signal gives `escalate` and nothing else, whether the evidence comes out
/// complete or not. Absent where the gate has none at this position.
std::optional<double> settling_bound(const Gate& gate, ChainPosition position);

/// The boundary that predicts it; absent where the gate has none at this position.
const StopBoundary* settling_boundary(const Gate& gate, ChainPosition position);

/// The signal whose proof holds for this one in answers of at most `max_tokens` tokens (absent: of any length): itself,
/// or a mean where a tail or window can't be shorter than the answer. Absent where there is no proof.
std::optional<Signal> provable_as(Signal signal, const SignalSettings& settings,
                                  std::optional<std::int64_t> max_tokens);

/// What the proofs need to know of the tokens so far.
struct SeenSoFar {
    std::size_t tokens = 0;
    std::size_t evidence_tokens = 0;
    std::size_t logprob_tokens = 0;
    double entropy_sum = 0;
    double entropy_max = 0;
    double confidence_sum = 0;
    double logprob_sum = 0;
    std::optional<double> lowest_group;  ///< of the full windows
};
SeenSoFar seen_so_far(const EvidenceSummary& evidence, const SignalSettings& settings);

/// The surest that the final signal can still become; absent for signals without a proof and while it can become
/// anything.
std::optional<double> surest_final_value(Signal proof, const SeenSoFar& seen, std::optional<std::int64_t> max_tokens);

}  // namespace enough
