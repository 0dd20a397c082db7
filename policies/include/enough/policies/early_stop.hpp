#pragma once

#include <enough/policies/evidence.hpp>
#include <enough/policies/gate.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace enough {

/// Tells when a running call can be aborted because no continuation within its `max_tokens` can change its verdict.
/// Docs: docs/early-stop.md states the proof for each signal.
class ProvableStop {
public:
    /// Above this bound of the sum (or maximum) the verdict is `escalate`, whatever comes.
    ProvableStop(Signal signal, double bound, std::int64_t max_tokens);

    /// Is the verdict settled by what has been seen so far?
    bool settled(const EvidenceAccumulator& so_far) const;

private:
    Signal signal_;
    double bound_;
    std::int64_t max_tokens_;
};

/// Tells when a running call will probably not change its verdict any more: at 16, 32, 64 … tokens with evidence its
/// running mean entropy is above a boundary that a calibration fitted.
class PredictedStop {
public:
    explicit PredictedStop(StopBoundary boundary);

    bool settled(const EvidenceAccumulator& so_far) const;

private:
    StopBoundary boundary_;
};

using EarlyStop = std::variant<ProvableStop, PredictedStop>;

/// Asks whichever it is.
bool settled(const EarlyStop& stop, const EvidenceAccumulator& so_far);

/// What may stop one call, absent where nothing can: the gate does not ask for it, the signal has no proof or boundary,
/// `max_tokens` is unknown (`provable`), the verdict might still be `refine` or `fail`. The caller decides beforehand
/// whether the answer's text could be needed (a refinement, a handover, `on_exhausted`) and must not ask then.
std::optional<EarlyStop> early_stop(const Gate& gate, ChainPosition position, std::optional<std::int64_t> max_tokens);

/// Only a provable stop.
std::optional<ProvableStop> provable_stop(const Gate& gate, ChainPosition position,
                                          std::optional<std::int64_t> max_tokens);

}  // namespace enough
