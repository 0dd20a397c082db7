#pragma once

#include <enough/policies/evidence.hpp>
#include <enough/policies/gate.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace enough {

/// Can a call of at most `max_tokens` tokens (absent: of any length) be cut by `stop_early: provable` with this signal?
bool has_proof(Signal signal, const SignalSettings& settings, std::optional<std::int64_t> max_tokens);

/// Tells when a running call can be aborted because no continuation within its `max_tokens` can change its verdict.
/// docs/early-stop.md states the proof for each signal.
class ProvableStop {
public:
    /// On the unsure side of this bound the verdict is `escalate`, whatever comes. Only signals whose own values are
    /// bounded ever settle: `entropy.mean`, `entropy.max`, `confidence.mean`, `confidence.lowest_group`,
    /// `logprob.mean`.
    ProvableStop(Signal signal, double bound, std::optional<std::int64_t> max_tokens);

    /// Is the verdict settled by what has been seen so far?
    bool settled(const EvidenceAccumulator& so_far) const;

private:
    Signal signal_;
    double bound_;
    std::optional<std::int64_t> max_tokens_;
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

/// DeepConf online: a trace is cut as soon as the mean confidence of its last `SignalSettings::window` tokens with
/// evidence is below the bar (`deepconf_bar`). Never before a window is full.
struct GroupConfidenceStop {
    double bar = 0;  ///< nats

    bool settled(const EvidenceAccumulator& so_far) const;
};

using EarlyStop = std::variant<ProvableStop, PredictedStop, GroupConfidenceStop>;

/// Asks whichever it is.
bool settled(const EarlyStop& stop, const EvidenceAccumulator& so_far);

/// What may stop one call, absent where nothing can: the gate does not ask for it, the signal has no proof
/// (`has_proof`) or boundary, the verdict might still be `refine` or `fail`. The caller decides beforehand whether the
/// answer's text could be needed (a refinement, a handover, `on_exhausted`) and must not ask then.
std::optional<EarlyStop> early_stop(const Gate& gate, ChainPosition position, std::optional<std::int64_t> max_tokens);

/// Only a provable stop.
std::optional<ProvableStop> provable_stop(const Gate& gate, ChainPosition position,
                                          std::optional<std::int64_t> max_tokens);

}  // namespace enough
