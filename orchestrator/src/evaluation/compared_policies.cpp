#include "evaluation/compared_policies.hpp"

#include "evaluation/report_json.hpp"

#include <enough/policies/proportions.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace enough {
namespace {

using nlohmann::ordered_json;

std::string label_of(Policy policy, const Evaluation& evaluation) {
    switch (policy) {
        case Policy::workflow:
            return "this workflow";
        case Policy::step1:
            return "always step 1";
        case Policy::chain:
            return evaluation.chain_length > 1 ? "always " + std::to_string(evaluation.chain_length) + " steps"
                                               : "always the first agent";
        case Policy::full:
            return "always the whole ladder";
        case Policy::last_rung:
            return "always the last rung";
    }
    return {};
}

PolicyNumbers numbers_of(const PolicyOutcome& outcome) {
    return {outcome.right ? 1.0 : 0.0,
            static_cast<double>(outcome.calls),
            static_cast<double>(outcome.usage.input_tokens),
            static_cast<double>(outcome.usage.cached_input_tokens),
            static_cast<double>(outcome.usage.output_tokens),
            outcome.usd,
            outcome.latency_ms};
}

ComparedPolicy recorded(Policy policy, const Evaluation& evaluation) {
    ComparedPolicy result{std::string(name(policy)), label_of(policy, evaluation), true, {}};
    for (const EvaluatedItem& item : evaluation.items)
        result.items.push_back(numbers_of(item.policies.at(policy)));
    return result;
}

PolicyNumbers mixture(const PolicyNumbers& a, const PolicyNumbers& b, double share_of_a) {
    const auto mix = [=](double x, double y) { return share_of_a * x + (1 - share_of_a) * y; };
    return {mix(a.right, b.right),
            mix(a.calls, b.calls),
            mix(a.input_tokens, b.input_tokens),
            mix(a.cached_input_tokens, b.cached_input_tokens),
            mix(a.output_tokens, b.output_tokens),
            mix(a.usd, b.usd),
            mix(a.latency_ms, b.latency_ms)};
}

/// Stops after step 1 by lot, as often as the gate does.
ComparedPolicy random_stop(const ComparedPolicy& first, const ComparedPolicy& full, double rate) {
    ComparedPolicy result{"random_stop", "random stop at the same rate", false, {}};
    for (std::size_t i = 0; i < first.items.size(); ++i)
        result.items.push_back(mixture(first.items[i], full.items[i], rate));
    return result;
}

/// Stops after the shortest first answers, at most as often as the gate does.
ComparedPolicy length_gate(const ComparedPolicy& first, const ComparedPolicy& full, const Evaluation& evaluation,
                           std::size_t stops) {
    std::vector<std::int64_t> lengths;
    for (const EvaluatedItem& item : evaluation.items)
        lengths.push_back(item.chain.steps.front().output_tokens);
    std::vector<std::int64_t> sorted = lengths;
    std::ranges::sort(sorted);
    // All answers of one length stop, or none of them.
    const auto stops_at = [&](std::int64_t length) {
        const auto first_longer = std::ranges::upper_bound(sorted, length);
        return static_cast<std::size_t>(first_longer - sorted.begin()) <= stops;
    };
    ComparedPolicy result{"length_gate", "gate on the answer's length", true, {}};
    for (std::size_t i = 0; i < lengths.size(); ++i)
        result.items.push_back(stops_at(lengths[i]) ? first.items[i] : full.items[i]);
    return result;
}

double mean_of(const ComparedPolicy& policy, double PolicyNumbers::* field) {
    double sum = 0;
    for (const PolicyNumbers& item : policy.items)
        sum += item.*field;
    return sum / static_cast<double>(policy.items.size());
}

double percentile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

ordered_json latency_json(const ComparedPolicy& policy) {
    std::vector<double> values;
    for (const PolicyNumbers& item : policy.items)
        values.push_back(item.latency_ms);
    return {{"mean", mean_of(policy, &PolicyNumbers::latency_ms)},
            {"p50", percentile(values, 0.5)},
            {"p95", percentile(values, 0.95)}};
}

/// Of paired items, so that what makes a question hard cancels out.
class PairedComparison {
public:
    PairedComparison(const ComparedPolicy& policy, const ComparedPolicy& full, BootstrapSettings bootstrap)
        : policy_(policy), full_(full), bootstrap_(bootstrap) {
        for (std::size_t i = 0; i < policy.items.size(); ++i) {
            if (full.items[i].right > policy.items[i].right) ++right_wrong_;
            if (full.items[i].right < policy.items[i].right) ++wrong_right_;
        }
    }

    double p() const { return mcnemar_exact(right_wrong_, wrong_right_); }

    ordered_json json(std::optional<double> holm_p) const {
        const bool counted = policy_.counted && full_.counted;
        return {{"accuracy_change", json_of(difference(&PolicyNumbers::right))},
                {"mcnemar_p", counted ? ordered_json(p()) : ordered_json(nullptr)},
                {"holm_p", json_or_null(counted ? holm_p : std::nullopt)},
                {"savings_output", json_of(savings([](const PolicyNumbers& item) { return item.output_tokens; }))},
                {"savings_total",
                 json_of(savings([](const PolicyNumbers& item) { return item.input_tokens + item.output_tokens; }))},
                {"usd_change", json_of(difference(&PolicyNumbers::usd))},
                {"latency_change_ms", json_of(difference(&PolicyNumbers::latency_ms))},
                {"right_wrong", counted ? ordered_json(right_wrong_) : ordered_json(nullptr)},
                {"wrong_right", counted ? ordered_json(wrong_right_) : ordered_json(nullptr)}};
    }

private:
    Estimate estimate(const std::function<double(std::span<const std::size_t>)>& statistic) const {
        std::vector<std::size_t> all(policy_.items.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i] = i;
        return {statistic(all), bootstrap_interval(all.size(), statistic, bootstrap_)};
    }

    Estimate difference(double PolicyNumbers::* field) const {
        return estimate([&](std::span<const std::size_t> drawn) {
            double sum = 0;
            for (const std::size_t i : drawn)
                sum += policy_.items[i].*field - full_.items[i].*field;
            return sum / static_cast<double>(drawn.size());
        });
    }

    /// A ratio of sums: 1 - tokens of the policy / tokens of the full path.
    Estimate savings(const std::function<double(const PolicyNumbers&)>& tokens) const {
        return estimate([&](std::span<const std::size_t> drawn) {
            double used = 0;
            double all = 0;
            for (const std::size_t i : drawn) {
                used += tokens(policy_.items[i]);
                all += tokens(full_.items[i]);
            }
            return all > 0 ? 1 - used / all : 0;
        });
    }

    const ComparedPolicy& policy_;
    const ComparedPolicy& full_;
    BootstrapSettings bootstrap_;
    std::size_t right_wrong_ = 0;
    std::size_t wrong_right_ = 0;
};

ordered_json accuracy_json(const ComparedPolicy& policy, BootstrapSettings bootstrap) {
    const std::size_t n = policy.items.size();
    double right = 0;
    for (const PolicyNumbers& item : policy.items)
        right += item.right;
    if (policy.counted) return json_of_share(static_cast<std::size_t>(std::llround(right)), n);
    const auto mean = [&](std::span<const std::size_t> drawn) {
        double sum = 0;
        for (const std::size_t i : drawn)
            sum += policy.items[i].right;
        return sum / static_cast<double>(drawn.size());
    };
    ordered_json json{{"right", right}, {"n", n}};
    json.update(json_of(Estimate{right / static_cast<double>(n), bootstrap_interval(n, mean, bootstrap)}));
    return json;
}

std::vector<std::optional<double>> holm_of(const std::vector<ComparedPolicy>& policies, const ComparedPolicy& full,
                                           BootstrapSettings bootstrap) {
    std::vector<double> values;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < policies.size(); ++i) {
        if (&policies[i] == &full || !policies[i].counted) continue;
        values.push_back(PairedComparison(policies[i], full, bootstrap).p());
        places.push_back(i);
    }
    const std::vector<double> adjusted = holm(values);
    std::vector<std::optional<double>> result(policies.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        result[places[i]] = adjusted[i];
    return result;
}

const ComparedPolicy& named(const std::vector<ComparedPolicy>& policies, Policy policy) {
    return *std::ranges::find(policies, std::string(name(policy)), &ComparedPolicy::name);
}

}  // namespace

ordered_json json_of_share(std::size_t right, std::size_t n) {
    const Interval interval = clopper_pearson(right, n);
    const double value = n == 0 ? 0 : static_cast<double>(right) / static_cast<double>(n);
    return {{"right", right}, {"n", n}, {"value", value}, {"low", interval.low}, {"high", interval.high}};
}

std::vector<ComparedPolicy> compared_policies(const Evaluation& evaluation) {
    std::vector<ComparedPolicy> policies;
    for (const Policy policy : {Policy::workflow, Policy::step1, Policy::chain, Policy::full, Policy::last_rung})
        if (evaluation.items.front().policies.contains(policy)) policies.push_back(recorded(policy, evaluation));
    // Without refinement the chain is its first step.
    const Policy first = evaluation.chain_length > 1 ? Policy::step1 : Policy::chain;
    if (first == evaluation.full_policy) return policies;
    const auto stops = static_cast<std::size_t>(std::ranges::count_if(evaluation.items, &EvaluatedItem::stopped));
    const double rate = static_cast<double>(stops) / static_cast<double>(evaluation.items.size());
    const ComparedPolicy step1 = recorded(first, evaluation);
    const ComparedPolicy full = recorded(evaluation.full_policy, evaluation);
    policies.push_back(random_stop(step1, full, rate));
    policies.push_back(length_gate(step1, full, evaluation, stops));
    return policies;
}

ordered_json policies_json(const Evaluation& evaluation, const ReportSettings& settings) {
    const std::vector<ComparedPolicy> policies = compared_policies(evaluation);
    const ComparedPolicy& full = named(policies, evaluation.full_policy);
    const auto adjusted = holm_of(policies, full, settings.bootstrap);
    ordered_json list = ordered_json::array();
    for (std::size_t i = 0; i < policies.size(); ++i) {
        const ComparedPolicy& policy = policies[i];
        ordered_json json{{"name", policy.name},
                          {"label", policy.label},
                          {"accuracy", accuracy_json(policy, settings.bootstrap)},
                          {"calls", mean_of(policy, &PolicyNumbers::calls)},
                          {"input_tokens", mean_of(policy, &PolicyNumbers::input_tokens)},
                          {"cached_input_tokens", mean_of(policy, &PolicyNumbers::cached_input_tokens)},
                          {"output_tokens", mean_of(policy, &PolicyNumbers::output_tokens)},
                          {"usd", mean_of(policy, &PolicyNumbers::usd)},
                          {"latency_ms", latency_json(policy)},
                          {"versus_full", nullptr}};
        if (&policy != &full)
            json["versus_full"] = PairedComparison(policy, full, settings.bootstrap).json(adjusted[i]);
        list.push_back(std::move(json));
    }
    return list;
}

}  // namespace enough
