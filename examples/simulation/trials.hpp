#pragma once

#include "population.hpp"

#include <enough/policies/calibration.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace enough::simulation {

/// A mean over calibrations with its Monte-Carlo standard error.
struct Mean {
    double value = 0;
    double error = 0;
};

/// What a method says about its threshold.
enum class Promise {
    none,
    average,  ///< the loss is at most epsilon on average over calibrations
    each,     ///< the loss is above epsilon in at most a share delta of the calibrations
};
Promise promise_of(Method method);

/// What a method's loss is a share of.
enum class Base { items, accepted };
Base base_of(Method method);
std::string_view name(Base base);

/// What to simulate.
struct Plan {
    std::size_t replications = 2000;
    std::uint64_t seed = 1;
};

/// One method under one target, over all calibrations of one size: means and shares of all of them. One without a
/// threshold counts with a loss and savings of 0.
struct Row {
    std::string_view population;
    std::size_t n = 0;  ///< items of a calibration
    Method method = Method::mean;
    Loss loss = Loss::regret;
    RiskTarget target;
    Mean refused_by_default;  ///< share that `calibrate` refuses without --allow-weak; all else is with it
    Mean no_threshold;        ///< share
    Mean loses_2_points;      ///< share whose true accuracy change is below -0.02
    Mean loses_by_default;    ///< share that does so and isn't refused without --allow-weak
    Mean accuracy_change;     ///< true
    Mean savings;             ///< true
    Mean true_loss;
    Mean exceeds;  ///< share whose true loss is above epsilon
};

/// Is the promise kept, within three standard errors? A method without a promise keeps it.
bool keeps_promise(const Row& row);

/// Draws calibrations of `n` items and fits all methods with `calibrate`: the paper's four, and each method that bounds
/// a loss under the targets at which it can act.
std::vector<Row> simulate(const Population& population, std::size_t n, const Plan& plan);

}  // namespace enough::simulation
