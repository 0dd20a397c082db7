#pragma once

#include <cstdint>

namespace enough {

struct RunState;

/// What one run, or several, used up.
struct RunTotals {
    std::int64_t calls = 0;
    std::int64_t input_tokens = 0;
    std::int64_t cached_input_tokens = 0;  ///< of the input tokens
    std::int64_t output_tokens = 0;
    double usd = 0;

    RunTotals& operator+=(const RunTotals& other);
    bool operator==(const RunTotals&) const = default;
};

RunTotals totals_of(const RunState& state);

}  // namespace enough
