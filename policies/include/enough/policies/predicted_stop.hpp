#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace enough {

/// A recorded answer as its signal developed: `running[j]` is the signal (lower = surer) over the first 16 * 2^j
/// tokens.
struct Trajectory {
    std::vector<double> running;  ///< finite; only checkpoints that the answer reached with evidence, in order
    double final_value = 0;
    std::int64_t tokens = 0;  ///< output tokens of the whole answer
};

/// Tokens at the j-th checkpoint: 16, 32, 64, ...; the largest number where that overflows.
std::size_t checkpoint_tokens(std::size_t j);

/// Abort a call when its running signal is above the boundary at a checkpoint: the verdict will probably not be accept.
struct StopBoundary {
    double delta = 0;                          ///< allowed share of verdicts that would have come out otherwise
    double threshold = 0;                      ///< the accept threshold it was fitted for
    std::vector<std::optional<double>> above;  ///< at checkpoint j; absent: never stops there
    bool operator==(const StopBoundary&) const = default;
};

/// What a boundary does on trajectories.
struct BoundaryOutcome {
    std::size_t stopped = 0;
    std::size_t wrong = 0;          ///< stopped although the final value would have been accepted
    std::int64_t tokens_saved = 0;  ///< of the stopped answers, those after their checkpoint
    std::int64_t tokens = 0;        ///< of all answers
};

/// The checkpoint index at which the boundary stops this trajectory; absent if it never does.
std::optional<std::size_t> stops_at(const StopBoundary& boundary, std::span<const double> running);

BoundaryOutcome apply_boundary(const StopBoundary& boundary, std::span<const Trajectory> trajectories);

/// A boundary that saves tokens while at most a share `delta` of all verdicts (of all trajectories) would have come out
/// otherwise on the fitted ones: the allowance is dealt out evenly over the checkpoints, early ones first, and each
/// takes the lowest boundary its share admits, of the values seen there. What a checkpoint can't use lapses; so a lower
/// delta never saves more, and stops no answer earlier. The final value of a trajectory is accepted at or below
/// `threshold`. A checkpoint whose boundary stops nothing has none. Throws `std::invalid_argument` for a delta outside
/// [0, 1], a threshold that is NaN or running values that are not finite.
StopBoundary fit_boundary(std::span<const Trajectory> trajectories, double threshold, double delta);

}  // namespace enough
