#include <enough/policies/early_stop.hpp>

#include "settling.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace enough {

namespace {

// Wider than any rounding of the sums: stopping one token later costs nothing, stopping falsely does.
double with_margin(double bound) {
    return bound + 1e-9 * (1 + std::abs(bound));
}

bool has_proof(Signal signal) {
    switch (signal) {
        case Signal::entropy_mean:
        case Signal::entropy_max:
            return true;
        case Signal::entropy_tail:
        case Signal::confidence_mean:
        case Signal::confidence_tail:
        case Signal::confidence_lowest_group:
        case Signal::confidence_bottom10:
        case Signal::logprob_mean:
        case Signal::fitted:
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return false;
    }
    return false;
}

/// The threshold above which the verdict can only be `escalate`.
enum class SettledAbove { nothing, accept, escalate };

SettledAbove settled_above(const Gate& gate, ChainPosition position) {
    const auto threshold = gate.threshold(position.step);
    if (!threshold || std::isinf(*threshold) || gate.missing == OnMissing::fail) return SettledAbove::nothing;
    if (position.is_last()) return SettledAbove::accept;  // anything but `accept` is `escalate` here
    const bool can_escalate = position.step == 1 && gate.escalate && gate.missing == OnMissing::escalate;
    return can_escalate ? SettledAbove::escalate : SettledAbove::nothing;
}

}  // namespace

std::optional<double> settling_bound(const Gate& gate, ChainPosition position) {
    if (!has_proof(gate.signal)) return std::nullopt;
    switch (settled_above(gate, position)) {
        case SettledAbove::nothing:
            return std::nullopt;
        case SettledAbove::accept:
            return gate.threshold(position.step);
        case SettledAbove::escalate:
            return std::max(*gate.threshold(position.step), *gate.escalate);
    }
    return std::nullopt;
}

const StopBoundary* settling_boundary(const Gate& gate, ChainPosition position) {
    if (!gate.calibration || gate.signal != Signal::entropy_mean) return nullptr;
    const GateCalibration& fitted = *gate.calibration;
    const auto step = static_cast<std::size_t>(position.step);
    switch (settled_above(gate, position)) {
        case SettledAbove::nothing:
            return nullptr;
        case SettledAbove::accept:
            return step <= fitted.boundaries.size() && fitted.boundaries[step - 1] ? &*fitted.boundaries[step - 1]
                                                                                   : nullptr;
        case SettledAbove::escalate:
            return fitted.escalate_boundary ? &*fitted.escalate_boundary : nullptr;
    }
    return nullptr;
}

std::optional<double> least_final_value(Signal signal, const SeenSoFar& seen, std::int64_t max_tokens) {
    if (signal == Signal::entropy_max) return seen.entropy_max;
    if (signal != Signal::entropy_mean || max_tokens <= 0) return std::nullopt;
    // Beyond `max_tokens` the server does not keep the promise that the proof rests on.
    if (seen.tokens > static_cast<std::size_t>(max_tokens)) return std::nullopt;
    return seen.entropy_sum / static_cast<double>(max_tokens);
}

ProvableStop::ProvableStop(Signal signal, double bound, std::int64_t max_tokens)
    : signal_(signal), bound_(bound), max_tokens_(max_tokens) {}

bool ProvableStop::settled(const EvidenceAccumulator& so_far) const {
    const SeenSoFar seen{so_far.tokens(), so_far.entropy_sum(), so_far.entropy_max()};
    const auto least = least_final_value(signal_, seen, max_tokens_);
    return least && *least > with_margin(bound_);
}

std::optional<ProvableStop> provable_stop(const Gate& gate, ChainPosition position,
                                          std::optional<std::int64_t> max_tokens) {
    if (gate.stop_early != StopEarly::provable || !max_tokens || *max_tokens <= 0) return std::nullopt;
    const auto bound = settling_bound(gate, position);
    if (!bound) return std::nullopt;
    return ProvableStop(gate.signal, *bound, *max_tokens);
}

PredictedStop::PredictedStop(StopBoundary boundary) : boundary_(std::move(boundary)) {}

bool PredictedStop::settled(const EvidenceAccumulator& so_far) const {
    const std::size_t tokens = so_far.evidence_tokens();
    for (std::size_t j = 0; j < boundary_.above.size() && checkpoint_tokens(j) <= tokens; ++j) {
        if (checkpoint_tokens(j) != tokens || !boundary_.above[j]) continue;
        return *so_far.summary().entropy_mean > *boundary_.above[j];
    }
    return false;
}

bool settled(const EarlyStop& stop, const EvidenceAccumulator& so_far) {
    return std::visit([&](const auto& each) { return each.settled(so_far); }, stop);
}

std::optional<EarlyStop> early_stop(const Gate& gate, ChainPosition position, std::optional<std::int64_t> max_tokens) {
    if (gate.stop_early == StopEarly::provable) return provable_stop(gate, position, max_tokens);
    if (gate.stop_early != StopEarly::predicted) return std::nullopt;
    const StopBoundary* boundary = settling_boundary(gate, position);
    return boundary ? std::optional<EarlyStop>(PredictedStop(*boundary)) : std::nullopt;
}

}  // namespace enough
