#include "trials.hpp"

#include <cmath>
#include <random>
#include <string>
#include <utility>

namespace enough::simulation {
namespace {

constexpr std::int64_t tokens_a_step = 1000;
constexpr double two_points = 0.02;

/// Methods that are fitted together: `calibrate` has one loss and one target.
struct Panel {
    Loss loss = Loss::regret;
    RiskTarget target;
    std::vector<Method> methods;
};

// A loss among the accepted needs a larger epsilon than a share of all items: accepting everything would have 8 % of
// regret and 40 % of wrong answers, and the lowest quarter of the scores still 4.8 % and 24 %.
const std::vector<Panel>& panels() {
    using enum Method;
    static const std::vector<Panel> all{
        {Loss::regret, {.epsilon = 0.02}, {mean, information, bayes, universal, crc, bound, hoeffding, ltt}},
        {Loss::regret, {.epsilon = 0.06}, {ltt}},
        {Loss::wrong, {.epsilon = 0.1}, {crc, bound, hoeffding}},
        {Loss::wrong, {.epsilon = 0.3}, {ltt}},
    };
    return all;
}

// Only the first step has scores: it is the one whose thresholds are judged.
std::vector<ObservedChain> chains_of(const std::vector<Item>& items) {
    std::vector<ObservedChain> chains;
    for (const Item& item : items) {
        ObservedChain& chain = chains.emplace_back();
        chain.id = std::to_string(chains.size());
        chain.steps.resize(chain_length);
        for (ObservedStep& step : chain.steps)
            step.output_tokens = tokens_a_step;
        chain.steps.front().score = item.entropy;
        chain.steps.front().correct = item.first_correct;
        chain.steps.back().correct = item.last_correct;
    }
    return chains;
}

double loss_of(const Truth& truth, Loss loss, Base base) {
    const double share = loss == Loss::regret ? truth.regret : truth.wrong;
    if (base == Base::items) return share;
    return truth.accepted == 0 ? 0 : share / truth.accepted;
}

/// Would `calibrate` have refused this one, had it not been told to go on?
bool refused_by_default(const StepCalibration& step) {
    const auto& area = step.statistics.auroc;
    return step.verdict == CalibrationVerdict::refused || (area && area->interval && area->interval->contains(0.5));
}

class Sum {
public:
    void add(double value) {
        ++count_;
        const double before = value - mean_;
        mean_ += before / static_cast<double>(count_);
        squares_ += before * (value - mean_);
    }

    Mean mean() const {
        const auto n = static_cast<double>(count_);
        return {mean_, count_ < 2 ? 0 : std::sqrt(squares_ / (n - 1) / n)};
    }

private:
    std::size_t count_ = 0;
    double mean_ = 0;
    double squares_ = 0;
};

class Tally {
public:
    Tally(const Population& population, const Panel& panel, Method method)
        : population_(population), panel_(panel), method_(method) {}

    void add(const StepCalibration& step) {
        const auto tau = step.thresholds.at(method_).value;
        const Truth outcome = truth(population_, tau);
        const double loss = loss_of(outcome, panel_.loss, base_of(method_));
        const bool loses = outcome.accuracy_change < -two_points;
        const bool refused = refused_by_default(step);
        refused_by_default_.add(refused ? 1 : 0);
        no_threshold_.add(tau ? 0 : 1);
        loses_2_points_.add(loses ? 1 : 0);
        loses_by_default_.add(loses && !refused ? 1 : 0);
        accuracy_change_.add(outcome.accuracy_change);
        savings_.add(outcome.savings);
        true_loss_.add(loss);
        exceeds_.add(loss > panel_.target.epsilon ? 1 : 0);
    }

    Row row(std::size_t n) const {
        return {.population = population_.name,
                .n = n,
                .method = method_,
                .loss = panel_.loss,
                .target = panel_.target,
                .refused_by_default = refused_by_default_.mean(),
                .no_threshold = no_threshold_.mean(),
                .loses_2_points = loses_2_points_.mean(),
                .loses_by_default = loses_by_default_.mean(),
                .accuracy_change = accuracy_change_.mean(),
                .savings = savings_.mean(),
                .true_loss = true_loss_.mean(),
                .exceeds = exceeds_.mean()};
    }

private:
    const Population& population_;
    const Panel& panel_;
    Method method_;
    Sum refused_by_default_;
    Sum no_threshold_;
    Sum loses_2_points_;
    Sum loses_by_default_;
    Sum accuracy_change_;
    Sum savings_;
    Sum true_loss_;
    Sum exceeds_;
};

/// A stream of its own for each population and size: leaving one out changes no other.
std::uint64_t seed_of(const Population& population, std::size_t n, std::uint64_t seed) {
    std::vector<std::uint32_t> parts{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                                     static_cast<std::uint32_t>(n)};
    for (const char letter : population.name)
        parts.push_back(static_cast<unsigned char>(letter));
    std::seed_seq mixed(parts.begin(), parts.end());
    std::vector<std::uint32_t> halves(2);
    mixed.generate(halves.begin(), halves.end());
    return std::uint64_t{halves[0]} << 32 | halves[1];
}

}  // namespace

Promise promise_of(Method method) {
    if (!controls_risk(method)) return Promise::none;
    return method == Method::crc ? Promise::average : Promise::each;
}

Base base_of(Method method) {
    return method == Method::ltt ? Base::accepted : Base::items;
}

std::string_view name(Base base) {
    return base == Base::items ? "items" : "accepted";
}

bool keeps_promise(const Row& row) {
    const auto within = [](const Mean& mean, double limit) { return mean.value <= limit + 3 * mean.error; };
    switch (promise_of(row.method)) {
        case Promise::none:
            return true;
        case Promise::average:
            return within(row.true_loss, row.target.epsilon);
        case Promise::each:
            return within(row.exceeds, row.target.delta);
    }
    return false;
}

std::vector<Row> simulate(const Population& population, std::size_t n, const Plan& plan) {
    Draws draws(population, seed_of(population, n, plan.seed));
    std::vector<std::vector<Tally>> tallies;
    for (const Panel& panel : panels()) {
        auto& its = tallies.emplace_back();
        for (const Method method : panel.methods)
            its.emplace_back(population, panel, method);
    }
    for (std::size_t i = 0; i < plan.replications; ++i) {
        const auto chains = chains_of(draws.items(n));
        for (std::size_t p = 0; p < panels().size(); ++p) {
            const CalibrationSettings settings{.target = panels()[p].target,
                                               .loss = panels()[p].loss,
                                               .allow_weak = true,
                                               .bootstrap = {.replicates = 0}};
            const Calibration fitted = calibrate(chains, {}, settings);
            for (Tally& tally : tallies[p])
                tally.add(fitted.steps.front());
        }
    }
    std::vector<Row> rows;
    for (const auto& its : tallies)
        for (const Tally& tally : its)
            rows.push_back(tally.row(n));
    return rows;
}

}  // namespace enough::simulation
