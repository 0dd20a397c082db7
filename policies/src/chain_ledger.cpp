#include <enough/policies/chain_ledger.hpp>

#include <enough/policies/proportions.hpp>

#include <algorithm>
#include <stdexcept>

namespace enough {

namespace {

using Taus = std::span<const std::optional<double>>;

void require_equal_lengths(std::span<const Chain> chains) {
    for (const Chain& chain : chains) {
        if (chain.empty()) throw std::invalid_argument("a chain has no steps");
        if (chain.size() != chains.front().size()) throw std::invalid_argument("the chains differ in length");
    }
}

bool accepts(const ChainStep& step, std::optional<double> tau) {
    return step.score && tau && *step.score <= *tau;
}

std::size_t steps_used(const Chain& chain, Taus taus, StopRule rule) {
    const std::size_t may_stop = rule == StopRule::first_step ? 1 : taus.size();
    const std::size_t looked_at = std::min({chain.size() - 1, taus.size(), may_stop});
    for (std::size_t i = 0; i < looked_at; ++i) {
        if (accepts(chain[i], taus[i])) return i + 1;
    }
    return chain.size();
}

void count_flip(Flips& flips, bool before, bool after) {
    if (before && !after) ++flips.right_wrong;
    if (!before && after) ++flips.wrong_right;
}

struct Tokens {
    std::int64_t input = 0;
    std::int64_t output = 0;

    void add(std::span<const ChainStep> steps) {
        for (const ChainStep& step : steps) {
            input += step.input_tokens;
            output += step.output_tokens;
        }
    }
};

double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double savings(std::int64_t used, std::int64_t full) {
    return full == 0 ? 0 : 1 - static_cast<double>(used) / static_cast<double>(full);
}

// How many answers were right.
struct Right {
    std::size_t step1 = 0;
    std::size_t full = 0;
    std::size_t gated = 0;
    std::size_t stopped = 0;
};

void set_accuracies(ChainLedger& ledger, const Right& right) {
    const std::size_t n = ledger.steps_used.size();
    ledger.stop_rate = share(ledger.stopped, n);
    ledger.step1_accuracy = share(right.step1, n);
    ledger.full_accuracy = share(right.full, n);
    ledger.gated_accuracy = share(right.gated, n);
    ledger.delta_accuracy = ledger.gated_accuracy - ledger.full_accuracy;
    if (ledger.stopped > 0) ledger.threshold_accuracy = share(right.stopped, ledger.stopped);
    ledger.expected_random_accuracy =
        ledger.stop_rate * ledger.step1_accuracy + (1 - ledger.stop_rate) * ledger.full_accuracy;
}

}  // namespace

ChainLedger chain_ledger(std::span<const Chain> chains, Taus taus, StopRule rule) {
    require_equal_lengths(chains);
    ChainLedger ledger;
    Tokens used;
    Tokens full;
    Right right;
    for (const Chain& chain : chains) {
        const std::size_t steps = steps_used(chain, taus, rule);
        const bool gated = chain[steps - 1].correct;
        const bool stopped = steps < chain.size();
        ledger.steps_used.push_back(steps);
        used.add(std::span(chain).first(steps));
        full.add(chain);
        ledger.stopped += stopped ? 1 : 0;
        right.step1 += chain.front().correct ? 1 : 0;
        right.full += chain.back().correct ? 1 : 0;
        right.gated += gated ? 1 : 0;
        right.stopped += stopped && gated ? 1 : 0;
        count_flip(ledger.flips, chain.back().correct, gated);
        count_flip(ledger.refinement_flips, chain.front().correct, chain.back().correct);
    }
    set_accuracies(ledger, right);
    ledger.savings_output = savings(used.output, full.output);
    ledger.savings_total = savings(used.output + used.input, full.output + full.input);
    ledger.mcnemar_p = mcnemar_exact(ledger.flips.right_wrong, ledger.flips.wrong_right);
    return ledger;
}

ChainLedger chain_ledger(std::span<const Chain> chains, std::optional<double> tau, StopRule rule) {
    const std::vector<std::optional<double>> taus(chains.empty() ? 0 : chains.front().size(), tau);
    return chain_ledger(chains, taus, rule);
}

}  // namespace enough
