#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace enough {

/// One step of a recorded chain.
struct ChainStep {
    std::optional<double> score;  ///< higher = less sure; absent: no evidence, never accepted
    bool correct = false;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
};

/// A question's full chain of refinements. All chains of a ledger have the same length.
using Chain = std::vector<ChainStep>;

/// Where a chain may stop.
enum class StopRule {
    first_step,  ///< step 1 at or below the threshold, else all steps run (the paper's rule)
    every_step,  ///< the first step at or below its threshold; the last step is no stop
};

/// Changes of correctness: `right_wrong` were right before and wrong after.
struct Flips {
    std::size_t right_wrong = 0;
    std::size_t wrong_right = 0;
    bool operator==(const Flips&) const = default;
};

/// What a gate would have saved and lost on recorded chains.
struct ChainLedger {
    std::vector<std::size_t> steps_used;  ///< of each chain, from 1
    std::size_t stopped = 0;              ///< chains that stopped before their last step
    double stop_rate = 0;
    double savings_output = 0;  ///< 1 - output tokens used / output tokens of the full chains (a ratio of sums)
    double savings_total = 0;   ///< with input tokens
    double step1_accuracy = 0;
    double full_accuracy = 0;
    double gated_accuracy = 0;
    double delta_accuracy = 0;                 ///< gated - full
    std::optional<double> threshold_accuracy;  ///< of the chains that stopped; absent if none did
    double expected_random_accuracy = 0;       ///< s step1 + (1-s) full, s the stop rate
    Flips flips;                               ///< full -> gated
    Flips refinement_flips;                    ///< step 1 -> last step
    double mcnemar_p = 1;                      ///< exact, on `flips`
};

/// `taus` holds the threshold of each step; a step without one (absent, or beyond the list) never stops. Without chains
/// all numbers are 0, and so are savings on 0 tokens. Throws `std::invalid_argument` for chains of different lengths or
/// without steps.
ChainLedger chain_ledger(std::span<const Chain> chains, std::span<const std::optional<double>> taus, StopRule rule);

/// The same threshold for every step.
ChainLedger chain_ledger(std::span<const Chain> chains, std::optional<double> tau, StopRule rule);

}  // namespace enough
