#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace enough {

/// Features of one answer (same order for all) and whether it was right.
struct LabelledFeatures {
    std::vector<double> values;  ///< finite
    bool correct = false;
};

/// P(correct) as a ridge-regularised logistic function of standardised features.
struct LogisticModel {
    std::vector<std::string> features;  ///< names, in the order of the values
    std::vector<double> mean;           ///< of each feature over the fitted items
    std::vector<double> scale;          ///< its sd; 1 for a feature without spread
    std::vector<double> weights;        ///< of the standardised features
    double intercept = 0;
    double penalty = 1;  ///< ridge penalty on the weights (not the intercept) that was used

    /// In (0, 1). Throws `std::invalid_argument` when the number of values is another or one is not finite.
    double probability(std::span<const double> values) const;
    bool operator==(const LogisticModel&) const = default;
};

/// Newton's method (iteratively reweighted least squares) on the penalised log likelihood
/// sum log P(y_i) - penalty/2 |w|^2; converges for any data, separable ones included, because of the penalty.
/// Absent without items of both classes. Throws `std::invalid_argument` for a penalty that is not positive, an item
/// with another number of values, or values that are not finite or whose squares overflow.
std::optional<LogisticModel> fit_logistic(std::span<const LabelledFeatures> items, std::vector<std::string> features,
                                          double penalty);

/// What `cross_fit` chooses from.
inline constexpr std::array ridge_penalties{0.01, 0.1, 1.0, 10.0, 100.0};

/// A model with honest scores: `held_out[i]` is the P(correct) of item i by a model that was fitted without its fold.
struct CrossFit {
    LogisticModel model;               ///< fitted on all items
    std::vector<double> held_out;      ///< one for each item
    std::vector<std::size_t> fold;     ///< the fold of each item
    std::vector<double> fold_penalty;  ///< the penalty of the model that was fitted without this fold
};
/// Folds are drawn from `seed`, stratified by class, the same on every machine. The penalty is the one of
/// `ridge_penalties` with the least held-out log loss inside each training set (with folds of its own, 1 if a class has
/// too few items for them), so that no item's score has seen its label; for `model` the folds are `fold`. Absent when a
/// class has fewer than `folds` items. Throws like `fit_logistic`, and for fewer than 2 folds.
std::optional<CrossFit> cross_fit(std::span<const LabelledFeatures> items, std::vector<std::string> features,
                                  std::size_t folds, std::uint64_t seed);

/// What is left of `scores` when their least-squares line on `covariate` is taken out (for entropy with length
/// regressed out). Without spread in the covariate only the mean is taken out. Same length as the
/// inputs. Throws `std::invalid_argument` for inputs of different lengths, values that are not finite, or sums of
/// squares that overflow.
std::vector<double> residuals(std::span<const double> scores, std::span<const double> covariate);

}  // namespace enough
