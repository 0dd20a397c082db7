#include "batch/even_state.hpp"
#include "evaluation/report_json.hpp"

#include <enough/orchestrator/even_spending.hpp>
#include <enough/policies/bootstrap.hpp>

#include <algorithm>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// What one way of spending did with one item.
struct Numbers {
    double right = 0;
    double calls = 0;
    double input_tokens = 0;
    double output_tokens = 0;
    double usd = 0;
};

struct Pair {
    Numbers budget;
    Numbers evenly;
};

Numbers numbers_of(const json& spent) {
    return {spent.at("right").get<bool>() ? 1.0 : 0.0, spent.at("calls").get<double>(),
            spent.at("input_tokens").get<double>(), spent.at("output_tokens").get<double>(),
            spent.at("usd").get<double>()};
}

/// As if lots were drawn: `share` of the items do `longer`.
Numbers mixture(const Numbers& longer, const Numbers& shorter, double share) {
    const auto mix = [share](double a, double b) { return share * a + (1 - share) * b; };
    return {mix(longer.right, shorter.right), mix(longer.calls, shorter.calls),
            mix(longer.input_tokens, shorter.input_tokens), mix(longer.output_tokens, shorter.output_tokens),
            mix(longer.usd, shorter.usd)};
}

class Comparison {
public:
    void add(Pair pair) { pairs_.push_back(pair); }
    bool empty() const { return pairs_.empty(); }
    std::size_t size() const { return pairs_.size(); }

    /// Means of both ways, and budget less evenly.
    ordered_json of(double Numbers::* field) const {
        const auto n = static_cast<double>(pairs_.size());
        double budget = 0;
        double evenly = 0;
        for (const Pair& pair : pairs_) {
            budget += pair.budget.*field;
            evenly += pair.evenly.*field;
        }
        const auto difference = [&](std::span<const std::size_t> drawn) {
            double sum = 0;
            for (const std::size_t i : drawn)
                sum += pairs_[i].budget.*field - pairs_[i].evenly.*field;
            return sum / static_cast<double>(drawn.size());
        };
        constexpr std::size_t most_draws = 200'000'000;
        BootstrapSettings settings;
        settings.replicates = std::clamp<std::size_t>(most_draws / pairs_.size(), 200, settings.replicates);
        const Estimate estimate{(budget - evenly) / n, bootstrap_interval(pairs_.size(), difference, settings)};
        return {{"budget", budget / n}, {"evenly", evenly / n}, {"difference", json_of(estimate)}};
    }

private:
    std::vector<Pair> pairs_;
};

}  // namespace

ordered_json EvenSpending::report() {
    Comparison comparison;
    std::int64_t extra = 0;
    std::int64_t left_out = 0;
    state_->each([&](const EvenState::Measured& item) {
        if (item.evenly.contains("fault")) {
            ++left_out;
            return;
        }
        extra += item.evenly.at("extra_calls").get<std::int64_t>();
        Numbers budget{item.evenly.at("budget_right").get<bool>() ? 1.0 : 0.0, static_cast<double>(item.calls),
                       static_cast<double>(item.batch.input_tokens), static_cast<double>(item.batch.output_tokens),
                       item.batch.usd};
        const Numbers longer = numbers_of(item.evenly.at("longer"));
        // Of a chain of one step nothing is shorter.
        const Numbers shorter = steps_ > 1 ? numbers_of(item.evenly.at("shorter")) : longer;
        comparison.add({budget, mixture(longer, shorter, share_)});
    });
    if (comparison.empty()) return nullptr;
    return {{"steps", steps_},
            {"share_with_last_step", share_},
            {"items", comparison.size()},
            {"left_out", left_out},
            {"extra_calls", extra},
            {"accuracy", comparison.of(&Numbers::right)},
            {"calls", comparison.of(&Numbers::calls)},
            {"input_tokens", comparison.of(&Numbers::input_tokens)},
            {"output_tokens", comparison.of(&Numbers::output_tokens)},
            {"usd", comparison.of(&Numbers::usd)}};
}

}  // namespace enough
