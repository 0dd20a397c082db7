#include <enough/policies/early_stop.hpp>

#include "settling.hpp"

#include <algorithm>
#include <cmath>

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
            return false;
    }
    return false;
}

}  // namespace

std::optional<double> settling_bound(const Gate& gate, ChainPosition position) {
    if (!has_proof(gate.signal)) return std::nullopt;
    const auto threshold = gate.threshold(position.step);
    if (!threshold) return std::nullopt;
    if (gate.missing == OnMissing::fail) return std::nullopt;
    if (position.is_last()) return threshold;  // anything but `accept` is `escalate` here
    const bool can_escalate = position.step == 1 && gate.escalate && gate.missing == OnMissing::escalate;
    if (!can_escalate) return std::nullopt;
    return std::max(*threshold, *gate.escalate);
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

}  // namespace enough
