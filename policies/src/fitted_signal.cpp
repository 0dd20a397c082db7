#include <enough/policies/fitted_signal.hpp>

#include "cholesky.hpp"
#include "seeded_draws.hpp"

#include <enough/policies/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

using Items = std::span<const LabelledFeatures>;

bool finite(std::span<const double> values) {
    return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

void require_valid(Items items, std::size_t features) {
    for (const LabelledFeatures& item : items) {
        if (item.values.size() != features) throw std::invalid_argument("an item has another number of features");
        if (!finite(item.values)) throw std::invalid_argument("a feature is not finite");
    }
}

std::size_t smaller_class(Items items) {
    const auto correct = static_cast<std::size_t>(std::ranges::count_if(items, &LabelledFeatures::correct));
    return std::min(correct, items.size() - correct);
}

bool has_spread(const Moments& sample) {
    return sample.sd && *sample.sd > 1e-12 * std::abs(*sample.mean);
}

void set_scales(LogisticModel& model, Items items) {
    std::vector<double> column(items.size());
    for (std::size_t j = 0; j < model.features.size(); ++j) {
        std::ranges::transform(items, column.begin(), [=](const LabelledFeatures& item) { return item.values[j]; });
        const Moments sample = moments(column);
        if (!sample.sd) throw std::invalid_argument("the squares of feature " + model.features[j] + " overflow");
        model.mean.push_back(*sample.mean);
        model.scale.push_back(has_spread(sample) ? *sample.sd : 1);
    }
}

double standardised(const LogisticModel& model, std::size_t feature, double value) {
    // Far beyond any data; without it an absurd value could make infinity minus infinity of the sum.
    constexpr double largest = 1e12;
    return std::clamp((value - model.mean[feature]) / model.scale[feature], -largest, largest);
}

double logistic(double x) {
    return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// log(1 + e^x) without overflow.
double softplus(double x) {
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

// sum log P(y_i) - penalty/2 |w|^2 as a function of (intercept, weights).
class PenalisedLikelihood {
public:
    PenalisedLikelihood(const LogisticModel& model, Items items)
        : width_(model.features.size() + 1), penalty_(model.penalty) {
        rows_.reserve(items.size() * width_);
        for (const LabelledFeatures& item : items) {
            rows_.push_back(1);
            for (std::size_t j = 0; j + 1 < width_; ++j)
                rows_.push_back(standardised(model, j, item.values[j]));
            correct_.push_back(item.correct);
        }
    }

    double value(const std::vector<double>& at) const {
        double sum = 0;
        for (std::size_t j = 1; j < width_; ++j)
            sum -= penalty_ / 2 * at[j] * at[j];
        for (std::size_t i = 0; i < correct_.size(); ++i) {
            const double odds = log_odds(i, at);
            sum -= softplus(correct_[i] ? -odds : odds);
        }
        return sum;
    }

    /// Newton's step: the gradient divided by the curvature.
    std::vector<double> step(const std::vector<double>& at) const {
        std::vector<double> gradient(width_);
        std::vector<double> curvature(width_ * width_);
        for (std::size_t j = 1; j < width_; ++j) {
            gradient[j] = -penalty_ * at[j];
            curvature[j * width_ + j] = penalty_;
        }
        for (std::size_t i = 0; i < correct_.size(); ++i) {
            const double p = logistic(log_odds(i, at));
            const double weight = p * (1 - p);
            const double* const row = rows_.data() + i * width_;
            for (std::size_t j = 0; j < width_; ++j) {
                gradient[j] += ((correct_[i] ? 1 : 0) - p) * row[j];
                for (std::size_t k = 0; k <= j; ++k)
                    curvature[j * width_ + k] += weight * row[j] * row[k];
            }
        }
        return solve_positive_definite(std::move(curvature), std::move(gradient));
    }

private:
    double log_odds(std::size_t item, const std::vector<double>& at) const {
        double sum = 0;
        for (std::size_t j = 0; j < width_; ++j)
            sum += rows_[item * width_ + j] * at[j];
        return sum;
    }

    std::size_t width_;
    double penalty_;
    std::vector<double> rows_;  // of the standardised features, a 1 in front of each
    std::vector<bool> correct_;
};

double largest_size(std::span<const double> values) {
    double largest = 0;
    for (const double value : values)
        largest = std::max(largest, std::abs(value));
    return largest;
}

std::vector<double> maximum(const PenalisedLikelihood& likelihood, std::vector<double> at) {
    constexpr int most_steps = 200;  // some ten are usual
    double value = likelihood.value(at);
    for (int count = 0; count < most_steps; ++count) {
        const std::vector<double> step = likelihood.step(at);
        const double rounding = 1e-12 * (1 + std::abs(value));
        std::vector<double> next(at.size());
        double next_value = 0;
        double length = 1;
        do {  // far from the maximum a full step may overshoot
            for (std::size_t j = 0; j < at.size(); ++j)
                next[j] = at[j] + length * step[j];
            next_value = likelihood.value(next);
            length /= 2;
        } while (!(next_value >= value - rounding) && length > 1e-12);
        at = std::move(next);
        value = next_value;
        if (largest_size(step) <= 1e-10 * (1 + largest_size(at))) break;
    }
    return at;
}

std::vector<std::size_t> stratified_folds(Items items, std::size_t folds, std::uint64_t seed) {
    SeededDraws draws(seed);
    std::vector<std::size_t> fold(items.size());
    std::size_t dealt = 0;  // goes on over the classes, so that the folds' sizes differ by 1 at most
    for (const bool correct : {true, false}) {
        std::vector<std::size_t> members;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (items[i].correct == correct) members.push_back(i);
        }
        draws.shuffle(members);
        for (const std::size_t member : members)
            fold[member] = dealt++ % folds;
    }
    return fold;
}

std::vector<LabelledFeatures> without_fold(Items items, std::span<const std::size_t> fold, std::size_t left_out) {
    std::vector<LabelledFeatures> rest;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (fold[i] != left_out) rest.push_back(items[i]);
    }
    return rest;
}

double log_loss(double probability, bool correct) {
    return -std::log(correct ? probability : 1 - probability);
}

// The log loss of all items, each by the model of the other folds.
double held_out_loss(Items items, const std::vector<std::string>& features, std::span<const std::size_t> fold,
                     std::span<const std::vector<LabelledFeatures>> rests, double penalty) {
    double loss = 0;
    for (std::size_t k = 0; k < rests.size(); ++k) {
        const LogisticModel model = fit_logistic(rests[k], features, penalty).value();
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (fold[i] == k) loss += log_loss(model.probability(items[i].values), items[i].correct);
        }
    }
    return loss;
}

double choose_penalty(Items items, const std::vector<std::string>& features, std::size_t folds, std::uint64_t seed) {
    folds = std::min(folds, smaller_class(items));
    if (folds < 2) return LogisticModel().penalty;
    const auto fold = stratified_folds(items, folds, seed);
    std::vector<std::vector<LabelledFeatures>> rests;
    for (std::size_t k = 0; k < folds; ++k)
        rests.push_back(without_fold(items, fold, k));
    double best = 0;
    double least_loss = std::numeric_limits<double>::infinity();
    for (const double penalty : ridge_penalties) {
        const double loss = held_out_loss(items, features, fold, rests, penalty);
        if (loss > least_loss) continue;  // the larger one of equals
        best = penalty;
        least_loss = loss;
    }
    return best;
}

}  // namespace

double LogisticModel::probability(std::span<const double> values) const {
    if (values.size() != weights.size() || mean.size() != weights.size() || scale.size() != weights.size()) {
        throw std::invalid_argument("the model has another number of features");
    }
    if (!finite(values)) throw std::invalid_argument("a feature is not finite");
    double log_odds = intercept;
    for (std::size_t j = 0; j < values.size(); ++j)
        log_odds += weights[j] * standardised(*this, j, values[j]);
    using Limits = std::numeric_limits<double>;
    return std::clamp(logistic(log_odds), Limits::min(), 1 - Limits::epsilon() / 2);
}

std::optional<LogisticModel> fit_logistic(std::span<const LabelledFeatures> items, std::vector<std::string> features,
                                          double penalty) {
    if (!(penalty > 0) || !std::isfinite(penalty)) throw std::invalid_argument("the penalty is not positive");
    require_valid(items, features.size());
    if (smaller_class(items) == 0) return std::nullopt;
    LogisticModel model;
    model.features = std::move(features);
    model.penalty = penalty;
    set_scales(model, items);
    const auto correct = static_cast<double>(std::ranges::count_if(items, &LabelledFeatures::correct));
    std::vector<double> start(model.features.size() + 1);
    start[0] = std::log(correct / (static_cast<double>(items.size()) - correct));
    const std::vector<double> fitted = maximum(PenalisedLikelihood(model, items), std::move(start));
    model.intercept = fitted[0];
    model.weights.assign(fitted.begin() + 1, fitted.end());
    return model;
}

std::optional<CrossFit> cross_fit(std::span<const LabelledFeatures> items, std::vector<std::string> features,
                                  std::size_t folds, std::uint64_t seed) {
    if (folds < 2) throw std::invalid_argument("cross-fitting needs at least two folds");
    require_valid(items, features.size());
    if (smaller_class(items) < folds) return std::nullopt;
    CrossFit result;
    result.held_out.resize(items.size());
    result.fold = stratified_folds(items, folds, seed);
    for (std::size_t k = 0; k < folds; ++k) {
        const auto rest = without_fold(items, result.fold, k);
        result.fold_penalty.push_back(choose_penalty(rest, features, folds, seed));
        const LogisticModel model = fit_logistic(rest, features, result.fold_penalty.back()).value();
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (result.fold[i] == k) result.held_out[i] = model.probability(items[i].values);
        }
    }
    const double penalty = choose_penalty(items, features, folds, seed);
    result.model = fit_logistic(items, std::move(features), penalty).value();
    return result;
}

std::vector<double> residuals(std::span<const double> scores, std::span<const double> covariate) {
    if (scores.size() != covariate.size()) throw std::invalid_argument("the covariate has another length");
    if (!finite(scores) || !finite(covariate)) throw std::invalid_argument("a value is not finite");
    if (scores.empty()) return {};
    const Moments score = moments(scores);
    const Moments spread = moments(covariate);
    if (!score.mean || !spread.mean || (scores.size() > 1 && !spread.sd)) {
        throw std::invalid_argument("the values are too large");
    }
    double slope = 0;
    if (has_spread(spread)) {
        // In units of the covariate's sd, so that no product overflows.
        for (std::size_t i = 0; i < scores.size(); ++i)
            slope += (scores[i] - *score.mean) * ((covariate[i] - *spread.mean) / *spread.sd);
        slope /= static_cast<double>(scores.size() - 1);
    }
    std::vector<double> left;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const double line = slope == 0 ? 0 : slope * ((covariate[i] - *spread.mean) / *spread.sd);
        left.push_back(scores[i] - *score.mean - line);
    }
    return left;
}

}  // namespace enough
