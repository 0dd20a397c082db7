#pragma once

#include <enough/policies/calibration.hpp>
#include <enough/policies/chain_ledger.hpp>
#include <enough/policies/thresholds.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace enough {

/// What a calibration sees of the chains from one step on. Scores are the signal's unsureness.
struct StepSample {
    Signal signal = Signal::entropy_mean;
    std::vector<std::size_t> scored;    ///< the chains with a score at this step
    std::vector<LabelledScore> scores;  ///< theirs; truncated answers count as incorrect
    std::vector<double> values;         ///< the same in the signal's own units
    std::vector<double> lengths;        ///< their output tokens

    // Of all chains, in order:
    std::vector<LabelledScore> acceptable;  ///< what no gate accepts scores above everything else
    std::vector<ScoredLoss> losses;
    std::vector<Chain> tails;    ///< this step and those after it
    double most_acceptable = 0;  ///< the largest score that a gate could accept; only if there is one
    bool any_acceptable = false;
};

/// `value` gives the signal of a chain in its own units, absent where there is none.
StepSample step_sample(std::span<const ObservedChain> chains, std::size_t step, Signal signal,
                       const std::function<std::optional<double>(std::size_t chain)>& value, Loss loss);

/// The signal's own value of a score: that of an item that has it where there is one, for turning a score back may miss
/// it by a rounding, and the item would not pass its own threshold.
double own_value(const StepSample& sample, double score);

/// All methods' thresholds on a sample, in the signal's own units.
MethodThresholds fit_methods(const StepSample& sample, const CalibrationSettings& settings);

/// The upper threshold: above it refining does not pay for itself. Of the first step of chains with several.
CalibratedThreshold fit_escalation(const StepSample& sample, const CalibrationSettings& settings);

}  // namespace enough
