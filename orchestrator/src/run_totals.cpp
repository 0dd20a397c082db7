#include <enough/orchestrator/run_totals.hpp>

#include <enough/orchestrator/run_state.hpp>

namespace enough {

RunTotals& RunTotals::operator+=(const RunTotals& other) {
    calls += other.calls;
    input_tokens += other.input_tokens;
    cached_input_tokens += other.cached_input_tokens;
    output_tokens += other.output_tokens;
    usd += other.usd;
    return *this;
}

RunTotals totals_of(const RunState& state) {
    const Budget& budget = state.budget();
    const Usage& used = budget.used();
    return {budget.calls(), used.input_tokens, used.cached_input_tokens, used.output_tokens, budget.used_usd()};
}

}  // namespace enough
