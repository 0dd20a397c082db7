#pragma once

#include <enough/policies/gate.hpp>
#include <enough/policies/signal.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace enough {

/// The number above which the final signal gives `escalate` and nothing else, whether the evidence comes out complete
/// or not. Absent where the gate has none at this position.
std::optional<double> settling_bound(const Gate& gate, ChainPosition position);

/// The boundary that predicts it; absent where the gate has none at this position.
const StopBoundary* settling_boundary(const Gate& gate, ChainPosition position);

/// The least that the final signal can still become; absent for signals that can still become anything.
struct SeenSoFar {
    std::size_t tokens = 0;
    double entropy_sum = 0;
    double entropy_max = 0;
};
std::optional<double> least_final_value(Signal signal, const SeenSoFar& seen, std::int64_t max_tokens);

}  // namespace enough
