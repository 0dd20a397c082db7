#include "step_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace enough {
namespace {

/// Truncated answers count as wrong, whatever happens to stand in them.
bool is_right(const ObservedStep& step) {
    return step.correct && !step.truncated;
}

bool is_lost(const ObservedChain& chain, std::size_t step, Loss loss) {
    if (is_right(chain.steps[step])) return false;
    return loss == Loss::wrong || is_right(chain.steps.back());
}

Chain tail_of(const ObservedChain& chain, std::size_t step, std::optional<double> score) {
    Chain tail;
    for (std::size_t s = step; s < chain.steps.size(); ++s) {
        const ObservedStep& seen = chain.steps[s];
        tail.push_back({std::nullopt, is_right(seen), seen.input_tokens, seen.output_tokens});
    }
    tail.front().score = score;
    return tail;
}

}  // namespace

StepSample step_sample(std::span<const ObservedChain> chains, std::size_t step, Signal signal,
                       const std::function<std::optional<double>(std::size_t chain)>& value, Loss loss) {
    StepSample sample;
    sample.signal = signal;
    std::vector<std::optional<double>> acceptable(chains.size());
    for (std::size_t i = 0; i < chains.size(); ++i) {
        const ObservedStep& seen = chains[i].steps[step];
        const auto own = value(i);
        if (!own) continue;
        const double score = unsureness(signal, *own);
        sample.scored.push_back(i);
        sample.scores.push_back({score, is_right(seen)});
        sample.values.push_back(*own);
        sample.lengths.push_back(static_cast<double>(seen.output_tokens));
        if (!seen.acceptable) continue;
        acceptable[i] = score;
        sample.most_acceptable = sample.any_acceptable ? std::max(sample.most_acceptable, score) : score;
        sample.any_acceptable = true;
    }
    const double beyond = std::nextafter(sample.most_acceptable, std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < chains.size(); ++i) {
        const double score = acceptable[i].value_or(beyond);
        sample.acceptable.push_back({score, is_right(chains[i].steps[step])});
        sample.losses.push_back({score, acceptable[i] && is_lost(chains[i], step, loss)});
        sample.tails.push_back(tail_of(chains[i], step, acceptable[i]));
    }
    return sample;
}

double own_value(const StepSample& sample, double score) {
    std::optional<double> least_sure;
    for (std::size_t i = 0; i < sample.scores.size(); ++i) {
        if (sample.scores[i].score != score) continue;
        if (!least_sure || at_least_as_sure(sample.signal, *least_sure, sample.values[i]))
            least_sure = sample.values[i];
    }
    return least_sure.value_or(unsureness(sample.signal, score));
}

}  // namespace enough
