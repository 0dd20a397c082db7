#include "step_sample.hpp"

#include <algorithm>
#include <cstddef>
#include <ranges>

namespace enough {
namespace {

// Fewer items than this above a threshold say nothing about what refining them is worth.
constexpr std::size_t least_items = 10;

/// What refining one question cost and gained.
struct Refinement {
    double score = 0;
    double gain = 0;    ///< +1 turned right, -1 turned wrong
    double tokens = 0;  ///< output tokens of the later steps
};

/// Of each chain; absent where no gate accepts the answer: `missing` decides on it, no threshold.
std::vector<std::optional<Refinement>> refinements(const StepSample& sample) {
    std::vector<std::optional<Refinement>> all;
    for (const Chain& tail : sample.tails) {
        if (!tail.front().score) {
            all.emplace_back();
            continue;
        }
        double tokens = 0;
        for (std::size_t s = 1; s < tail.size(); ++s)
            tokens += static_cast<double>(tail[s].output_tokens);
        all.push_back(Refinement{*tail.front().score,
                                 static_cast<double>(tail.back().correct) - static_cast<double>(tail.front().correct),
                                 tokens});
    }
    return all;
}

/// The lowest score above which not refining gains most: the sum over the items above of what the next rung would have
/// gained for the same tokens, less what refining gained. Absent if refining is worth more everywhere.
std::optional<double> lowest_worth_leaving(std::vector<Refinement> items, double next_gain) {
    std::ranges::sort(items, std::ranges::greater(), &Refinement::score);
    std::optional<double> best;
    double best_benefit = 0;
    double benefit = 0;
    for (std::size_t i = 0; i + 1 < items.size(); ++i) {
        benefit += next_gain * items[i].tokens - items[i].gain;
        const bool tie_goes_on = items[i + 1].score == items[i].score;
        if (tie_goes_on || i + 1 < least_items || benefit < best_benefit) continue;
        best_benefit = benefit;
        best = items[i + 1].score;
    }
    return best;
}

}  // namespace

CalibratedThreshold fit_escalation(const StepSample& sample, const CalibrationSettings& settings) {
    CalibratedThreshold threshold;
    const std::vector<std::optional<Refinement>> all = refinements(sample);
    std::vector<Refinement> drawn_items;
    const auto fit = [&](const auto& chains) {
        drawn_items.clear();
        for (const std::size_t i : chains)
            if (all[i]) drawn_items.push_back(*all[i]);
        return lowest_worth_leaving(drawn_items, settings.next_gain);
    };
    const auto best = fit(std::views::iota(std::size_t{0}, all.size()));
    if (!best) {
        threshold.reason = "refining pays at every score that was seen; never escalate at once";
        return threshold;
    }
    ThresholdSpread spread;
    if (settings.bootstrap.replicates > 0) spread = bootstrap_threshold(sample.acceptable, fit, settings.bootstrap);
    threshold.value = own_value(sample, *best);
    if (spread.tau) {
        const double a = unsureness(sample.signal, spread.tau->low);
        const double b = unsureness(sample.signal, spread.tau->high);
        threshold.interval = Interval{std::min(a, b), std::max(a, b)};
    }
    double spared = 0;
    double gained = 0;
    for (const auto& item : all) {
        if (!item) continue;
        if (item->score <= *best) {
            ++threshold.accepted;
            continue;
        }
        spared += item->tokens;
        gained += item->gain;
        if (item->gain > 0) ++threshold.lost;
    }
    double tokens = 0;
    for (const Chain& tail : sample.tails)
        for (const ChainStep& step : tail)
            tokens += static_cast<double>(step.output_tokens);
    threshold.savings = tokens > 0 ? spared / tokens : 0;
    threshold.accuracy_change.value = -gained / static_cast<double>(all.size());
    return threshold;
}

}  // namespace enough
