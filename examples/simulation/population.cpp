#include "population.hpp"

#include <cmath>
#include <numbers>

namespace enough::simulation {
namespace {

double normal_cdf(double z) {
    return std::erfc(-z / std::numbers::sqrt2) / 2;
}

/// P(entropy <= tau) of the Gaussian cut off at 0.
double share_at_or_below(double tau, double mean, double sd) {
    if (tau <= 0) return 0;
    const double cut = normal_cdf(-mean / sd);
    return (normal_cdf((tau - mean) / sd) - cut) / (1 - cut);
}

}  // namespace

double Draws::uniform() {
    return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53;
}

// Box and Muller's: unlike std::normal_distribution, the same with every standard library.
double Draws::normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
}

Item Draws::item() {
    Item item;
    item.first_correct = uniform() < population_.step1_accuracy;
    const double mean = item.first_correct ? population_.mean_correct : population_.mean_incorrect;
    do
        item.entropy = mean + population_.sd * normal();
    while (item.entropy <= 0);
    const double flips = item.first_correct ? population_.right_to_wrong : population_.wrong_to_right;
    item.last_correct = item.first_correct != (uniform() < flips);
    return item;
}

std::vector<Item> Draws::items(std::size_t count) {
    std::vector<Item> drawn;
    drawn.reserve(count);
    while (drawn.size() < count)
        drawn.push_back(item());
    return drawn;
}

Truth truth(const Population& population, std::optional<double> tau) {
    if (!tau) return {};
    const double correct = population.step1_accuracy * share_at_or_below(*tau, population.mean_correct, population.sd);
    const double incorrect =
        (1 - population.step1_accuracy) * share_at_or_below(*tau, population.mean_incorrect, population.sd);
    Truth truth;
    truth.accepted = correct + incorrect;
    truth.wrong = incorrect;
    truth.regret = incorrect * population.wrong_to_right;
    truth.accuracy_change = correct * population.right_to_wrong - truth.regret;
    truth.savings = truth.accepted * (chain_length - 1) / chain_length;
    return truth;
}

}  // namespace enough::simulation
