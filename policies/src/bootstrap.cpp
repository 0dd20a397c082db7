#include <enough/policies/bootstrap.hpp>

#include "seeded_draws.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace enough {

namespace {

double percentile(const std::vector<double>& sorted, double share) {
    const double place = static_cast<double>(sorted.size() - 1) * share;
    const auto lower = static_cast<std::size_t>(place);
    const double part = place - static_cast<double>(lower);
    if (part == 0 || sorted[lower] == sorted[lower + 1]) return sorted[lower];  // also between equal infinities
    return std::lerp(sorted[lower], sorted[lower + 1], part);
}

void require_replicates(const BootstrapSettings& settings) {
    if (settings.replicates == 0) throw std::invalid_argument("a bootstrap needs at least one replicate");
}

// The scores of one class, in order. A NaN is never accepted.
class SortedScores {
public:
    SortedScores(std::span<const LabelledScore> scores, bool correct) {
        for (const LabelledScore& item : scores) {
            if (item.correct != correct) continue;
            ++size_;
            if (!std::isnan(item.score)) sorted_.push_back(item.score);
        }
        std::ranges::sort(sorted_);
    }

    std::size_t size() const { return size_; }
    std::size_t accepted(double tau) const {
        return static_cast<std::size_t>(std::ranges::upper_bound(sorted_, tau) - sorted_.begin());
    }

private:
    std::vector<double> sorted_;
    std::size_t size_ = 0;
};

struct OriginalScores {
    SortedScores correct;
    SortedScores incorrect;

    explicit OriginalScores(std::span<const LabelledScore> scores) : correct(scores, true), incorrect(scores, false) {}
};

double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// One threshold rule's outcomes on all replicates.
class Outcomes {
public:
    explicit Outcomes(const OriginalScores& original) : original_(original) {}

    void add(std::optional<double> tau) {
        std::size_t correct = 0;
        std::size_t incorrect = 0;
        if (tau && !std::isnan(*tau)) {
            taus_.push_back(*tau);
            correct = original_.correct.accepted(*tau);
            incorrect = original_.incorrect.accepted(*tau);
        }
        const std::size_t all = original_.correct.size() + original_.incorrect.size();
        stop_rates_.push_back(share(correct + incorrect, all));
        accepts_correct_.push_back(share(correct, original_.correct.size()));
        accepts_incorrect_.push_back(share(incorrect, original_.incorrect.size()));
    }

    ThresholdSpread spread() {
        ThresholdSpread result;
        result.refused_share = share(stop_rates_.size() - taus_.size(), stop_rates_.size());
        result.tau = percentile_interval(taus_);
        result.stop_rate = *percentile_interval(stop_rates_);
        result.accepts_correct = *percentile_interval(accepts_correct_);
        result.accepts_incorrect = *percentile_interval(accepts_incorrect_);
        return result;
    }

private:
    const OriginalScores& original_;
    std::vector<double> taus_;
    std::vector<double> stop_rates_;
    std::vector<double> accepts_correct_;
    std::vector<double> accepts_incorrect_;
};

using Groups = std::vector<std::vector<LabelledScore>>;

Groups groups_to_draw_from(std::span<const LabelledScore> scores, Resample resample) {
    if (resample == Resample::items) return {{scores.begin(), scores.end()}};
    Groups classes(2);
    for (const LabelledScore& item : scores)
        classes[item.correct ? 0 : 1].push_back(item);
    return classes;
}

void draw_items(const Groups& groups, SeededDraws& draws, std::vector<LabelledScore>& drawn) {
    drawn.clear();
    for (const std::vector<LabelledScore>& group : groups) {
        for (std::size_t i = 0; i < group.size(); ++i)
            drawn.push_back(group[draws.below(group.size())]);
    }
}

void draw_indices(SeededDraws& draws, std::vector<std::size_t>& drawn) {
    for (std::size_t& index : drawn)
        index = draws.below(drawn.size());
}

}  // namespace

std::optional<Interval> percentile_interval(std::vector<double>& values) {
    if (values.empty()) return std::nullopt;
    std::ranges::sort(values);
    return Interval{percentile(values, 0.025), percentile(values, 0.975)};
}

PaperSpread bootstrap_thresholds(std::span<const LabelledScore> scores, Priors priors, Resample resample,
                                 BootstrapSettings settings) {
    require_replicates(settings);
    const OriginalScores original(scores);
    const Groups groups = groups_to_draw_from(scores, resample);
    Outcomes mean(original);
    Outcomes information(original);
    Outcomes bayes(original);
    Outcomes universal(original);
    SeededDraws draws(settings.seed);
    std::vector<LabelledScore> drawn;
    drawn.reserve(scores.size());
    for (std::size_t replicate = 0; replicate < settings.replicates; ++replicate) {
        draw_items(groups, draws, drawn);
        const PaperThresholds fitted = fit_paper_thresholds(drawn, priors);
        mean.add(fitted.mean.value);
        information.add(fitted.information.value);
        bayes.add(fitted.bayes.value);
        universal.add(fitted.universal.value);
    }
    return {mean.spread(), information.spread(), bayes.spread(), universal.spread()};
}

ThresholdSpread bootstrap_threshold(std::span<const LabelledScore> scores,
                                    const std::function<std::optional<double>(std::span<const std::size_t>)>& fit,
                                    BootstrapSettings settings) {
    require_replicates(settings);
    const OriginalScores original(scores);
    Outcomes outcomes(original);
    SeededDraws draws(settings.seed);
    std::vector<std::size_t> drawn(scores.size());
    for (std::size_t replicate = 0; replicate < settings.replicates; ++replicate) {
        draw_indices(draws, drawn);
        outcomes.add(fit(drawn));
    }
    return outcomes.spread();
}

std::optional<Interval> bootstrap_interval(std::size_t n,
                                           const std::function<double(std::span<const std::size_t>)>& statistic,
                                           BootstrapSettings settings) {
    require_replicates(settings);
    if (n == 0) return std::nullopt;
    SeededDraws draws(settings.seed);
    std::vector<std::size_t> drawn(n);
    std::vector<double> values;
    for (std::size_t replicate = 0; replicate < settings.replicates; ++replicate) {
        draw_indices(draws, drawn);
        const double value = statistic(drawn);
        if (!std::isnan(value)) values.push_back(value);
    }
    return percentile_interval(values);
}

}  // namespace enough
