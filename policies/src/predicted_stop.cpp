#include <enough/policies/predicted_stop.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

constexpr std::size_t first_checkpoint = 16;

void require_valid(std::span<const Trajectory> trajectories, double threshold, double delta) {
    if (!(delta >= 0 && delta <= 1)) throw std::invalid_argument("delta is not in [0, 1]");
    if (std::isnan(threshold)) throw std::invalid_argument("the threshold is not a number");
    for (const Trajectory& trajectory : trajectories) {
        const bool finite = std::ranges::all_of(trajectory.running, [](double value) { return std::isfinite(value); });
        if (!finite) throw std::invalid_argument("a running signal is not finite");
    }
}

// The largest count with count / n <= delta. Rounding in delta * n must not lose the case of equality, nor exceed it.
std::size_t allowed_wrong(std::size_t n, double delta) {
    const auto total = static_cast<double>(n);
    double count = std::floor(delta * total);
    if (count > 0 && count / total > delta) --count;
    if (count < total && (count + 1) / total <= delta) ++count;
    return static_cast<std::size_t>(count);
}

bool accepted(const Trajectory& trajectory, double threshold) {
    return trajectory.final_value <= threshold;
}

std::int64_t tokens_after(const Trajectory& trajectory, std::size_t checkpoint) {
    const std::size_t before = checkpoint_tokens(checkpoint);
    if (std::cmp_less_equal(trajectory.tokens, before)) return 0;
    return trajectory.tokens - static_cast<std::int64_t>(before);
}

// Fits one checkpoint after the other to the answers that run on.
class BoundaryFit {
public:
    BoundaryFit(std::span<const Trajectory> trajectories, double threshold) : threshold_(threshold) {
        for (const Trajectory& trajectory : trajectories)
            running_.push_back(&trajectory);
    }

    std::optional<double> next(std::size_t checkpoint, std::size_t allowance) {
        // Whoever ended before this checkpoint reaches no later one either.
        std::erase_if(running_, [=](const Trajectory* one) { return one->running.size() <= checkpoint; });
        std::erase_if(stopped_, [=](const Trajectory* one) { return one->running.size() <= checkpoint; });
        const double boundary = lowest_admitted(checkpoint, allowance);
        const auto stops = [=](const Trajectory* one) { return one->running[checkpoint] > boundary; };
        const auto goes = std::ranges::partition(running_, std::not_fn(stops));
        if (goes.empty()) return std::nullopt;
        stopped_.insert(stopped_.end(), goes.begin(), goes.end());
        running_.erase(goes.begin(), goes.end());
        return boundary;
    }

private:
    // Only values that were seen are boundaries. Those of stopped answers count too: a larger allowance then always has
    // at least the choice of a smaller one, and stops every answer no later.
    double lowest_admitted(std::size_t checkpoint, std::size_t allowance) const {
        double lowest = std::numeric_limits<double>::infinity();
        for (const auto* group : {&running_, &stopped_}) {
            for (const Trajectory* one : *group)
                lowest = std::min(lowest, one->running[checkpoint]);
        }
        std::vector<double> wrong_above;
        for (const Trajectory* one : running_) {
            if (accepted(*one, threshold_)) wrong_above.push_back(one->running[checkpoint]);
        }
        if (wrong_above.size() <= allowance) return lowest;
        const auto first_spared = wrong_above.begin() + static_cast<std::ptrdiff_t>(allowance);
        std::ranges::nth_element(wrong_above, first_spared, std::greater());
        return *first_spared;
    }

    double threshold_;
    std::vector<const Trajectory*> running_;
    std::vector<const Trajectory*> stopped_;
};

}  // namespace

std::size_t checkpoint_tokens(std::size_t j) {
    constexpr auto largest = std::numeric_limits<std::size_t>::max();
    const std::size_t shifts = std::min<std::size_t>(j, std::numeric_limits<std::size_t>::digits - 1);
    return first_checkpoint > largest >> shifts ? largest : first_checkpoint << shifts;
}

std::optional<std::size_t> stops_at(const StopBoundary& boundary, std::span<const double> running) {
    const std::size_t checkpoints = std::min(boundary.above.size(), running.size());
    for (std::size_t j = 0; j < checkpoints; ++j) {
        if (boundary.above[j] && running[j] > *boundary.above[j]) return j;
    }
    return std::nullopt;
}

BoundaryOutcome apply_boundary(const StopBoundary& boundary, std::span<const Trajectory> trajectories) {
    BoundaryOutcome outcome;
    for (const Trajectory& trajectory : trajectories) {
        outcome.tokens += trajectory.tokens;
        const auto checkpoint = stops_at(boundary, trajectory.running);
        if (!checkpoint) continue;
        ++outcome.stopped;
        outcome.wrong += accepted(trajectory, boundary.threshold) ? 1 : 0;
        outcome.tokens_saved += tokens_after(trajectory, *checkpoint);
    }
    return outcome;
}

StopBoundary fit_boundary(std::span<const Trajectory> trajectories, double threshold, double delta) {
    require_valid(trajectories, threshold, delta);
    std::size_t checkpoints = 0;
    for (const Trajectory& trajectory : trajectories)
        checkpoints = std::max(checkpoints, trajectory.running.size());
    StopBoundary boundary{delta, threshold, {}};
    if (checkpoints == 0) return boundary;
    const std::size_t allowed = allowed_wrong(trajectories.size(), delta);
    BoundaryFit fit(trajectories, threshold);
    for (std::size_t j = 0; j < checkpoints; ++j) {
        const std::size_t allowance = allowed / checkpoints + (j < allowed % checkpoints ? 1 : 0);
        boundary.above.push_back(fit.next(j, allowance));
    }
    return boundary;
}

}  // namespace enough
