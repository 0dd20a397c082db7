#include <enough/policies/early_stop.hpp>

#include "settling.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace enough {

namespace {

// Wider than any rounding of the sums: stopping one token later costs nothing, stopping falsely does.
double margin(double bound) {
    return 1e-9 * (1 + std::abs(bound));
}

/// No more than this proof asks for: it is asked after each token.
SeenSoFar seen_for(Signal proof, const EvidenceAccumulator& so_far) {
    SeenSoFar seen{.tokens = so_far.tokens()};
    if (proof == Signal::entropy_mean) {
        seen.evidence_tokens = so_far.evidence_tokens();
        seen.entropy_sum = so_far.entropy_sum();
    } else if (proof == Signal::entropy_max) {
        seen.entropy_max = so_far.entropy_max();
    } else if (proof == Signal::confidence_mean) {
        seen.evidence_tokens = so_far.evidence_tokens();
        seen.confidence_sum = so_far.confidence_sum();
    } else if (proof == Signal::logprob_mean) {
        seen.logprob_tokens = so_far.logprob_tokens();
        seen.logprob_sum = so_far.logprob_sum();
    } else if (proof == Signal::confidence_lowest_group) {
        seen.lowest_group = so_far.lowest_group();
    }
    return seen;
}

/// The threshold on whose unsure side the verdict can only be `escalate`.
enum class SettledBy { nothing, accept, escalate };

SettledBy settled_by(const Gate& gate, ChainPosition position) {
    const auto threshold = gate.threshold(position.step);
    if (!threshold || std::isinf(*threshold) || gate.missing == OnMissing::fail) return SettledBy::nothing;
    if (position.is_last()) return SettledBy::accept;  // anything but `accept` is `escalate` here
    const bool can_escalate = position.step == 1 && gate.escalate && gate.missing == OnMissing::escalate;
    return can_escalate ? SettledBy::escalate : SettledBy::nothing;
}

}  // namespace

std::optional<double> settling_bound(const Gate& gate, ChainPosition position) {
    const auto threshold = gate.threshold(position.step);
    switch (settled_by(gate, position)) {
        case SettledBy::nothing:
            return std::nullopt;
        case SettledBy::accept:
            return threshold;
        case SettledBy::escalate:
            return at_least_as_sure(gate.signal, *threshold, *gate.escalate) ? gate.escalate : threshold;
    }
    return std::nullopt;
}

const StopBoundary* settling_boundary(const Gate& gate, ChainPosition position) {
    if (!gate.calibration || gate.signal != Signal::entropy_mean) return nullptr;
    const GateCalibration& fitted = *gate.calibration;
    const auto step = static_cast<std::size_t>(position.step);
    switch (settled_by(gate, position)) {
        case SettledBy::nothing:
            return nullptr;
        case SettledBy::accept:
            return step <= fitted.boundaries.size() && fitted.boundaries[step - 1] ? &*fitted.boundaries[step - 1]
                                                                                   : nullptr;
        case SettledBy::escalate:
            return fitted.escalate_boundary ? &*fitted.escalate_boundary : nullptr;
    }
    return nullptr;
}

bool has_proof(Signal signal, const SignalSettings& settings, std::optional<std::int64_t> max_tokens) {
    return provable_as(signal, settings, max_tokens).has_value();
}

ProvableStop::ProvableStop(Signal signal, double bound, std::optional<std::int64_t> max_tokens)
    : signal_(signal), bound_(bound), max_tokens_(max_tokens) {}

bool ProvableStop::settled(const EvidenceAccumulator& so_far) const {
    const SeenSoFar seen = seen_for(signal_, so_far);
    const auto surest = surest_final_value(signal_, seen, max_tokens_);
    if (!surest) return false;
    return direction(signal_) == Direction::lower_is_surer ? *surest > bound_ + margin(bound_)
                                                           : *surest < bound_ - margin(bound_);
}

std::optional<ProvableStop> provable_stop(const Gate& gate, ChainPosition position,
                                          std::optional<std::int64_t> max_tokens) {
    if (gate.stop_early != StopEarly::provable) return std::nullopt;
    const auto proof = provable_as(gate.signal, gate.settings, max_tokens);
    const auto bound = settling_bound(gate, position);
    if (!proof || !bound) return std::nullopt;
    return ProvableStop(*proof, *bound, max_tokens);
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

bool GroupConfidenceStop::settled(const EvidenceAccumulator& so_far) const {
    const auto latest = so_far.latest_group();
    return latest && *latest < bar;
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
