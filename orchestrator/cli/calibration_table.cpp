#include "calibration_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace enough::cli {
namespace {

std::string with_interval(const std::optional<Estimate>& estimate, int digits = 2) {
    if (!estimate) return "-";
    std::string text = fmt::format("{:.{}f}", estimate->value, digits);
    if (estimate->interval)
        text += fmt::format(" ({:.{}f} to {:.{}f})", estimate->interval->low, digits, estimate->interval->high, digits);
    return text;
}

std::string moments_text(const Moments& moments) {
    std::string text = fmt::format("{} items", moments.n);
    if (moments.mean) text += fmt::format(", mean {:.3f}", *moments.mean);
    if (moments.sd) text += fmt::format(", sd {:.3f}", *moments.sd);
    return text;
}

void print_statistics(const StepCalibration& step) {
    const ScoreStatistics& seen = step.statistics;
    fmt::print("  correct    {}\n  incorrect  {}\n", moments_text(seen.correct), moments_text(seen.incorrect));
    if (seen.effect)
        fmt::print("  Cohen's d  {:.2f} ({:.2f} to {:.2f}), Hedges' g {:.2f} ({:.2f} to {:.2f})\n",
                   seen.effect->cohens_d, seen.effect->low, seen.effect->high, seen.effect->hedges_g,
                   seen.effect->hedges_low, seen.effect->hedges_high);
    if (seen.welch && seen.mann_whitney_p)
        fmt::print("  p          {:.3g} (Welch, t {:.2f}, df {:.1f}), {:.3g} (Mann-Whitney)\n", seen.welch->p,
                   seen.welch->t, seen.welch->df, *seen.mann_whitney_p);
    fmt::print("  AUROC      {}   length alone {}   length regressed out {}\n", with_interval(seen.auroc),
               with_interval(seen.length_auroc), with_interval(seen.residual_auroc));
    fmt::print("  cut at max_tokens {}, without score {}, coverage {:.3f}\n", step.truncated, step.missing,
               step.coverage);
}

std::string value_text(const CalibratedThreshold& threshold) {
    if (!threshold.value) return "never";
    std::string text = fmt::format("{:.3f}", *threshold.value);
    if (threshold.interval)
        text += fmt::format(" ({:.2f} to {:.2f})", threshold.interval->low, threshold.interval->high);
    return text;
}

std::string share_text(double share, const std::optional<Interval>& interval) {
    std::string text = fmt::format("{:.0f}%", share * 100);
    if (interval) text += fmt::format(" ({:.0f} to {:.0f})", interval->low * 100, interval->high * 100);
    return text;
}

std::string change_text(const Estimate& change) {
    std::string points = fmt::format("{:+.1f} points", change.value * 100);
    if (change.interval)
        points += fmt::format(" ({:+.1f} to {:+.1f})", change.interval->low * 100, change.interval->high * 100);
    return points;
}

/// `last`: no step follows that accepting could save.
void print_thresholds(const MethodThresholds& thresholds, bool last) {
    fmt::print("  {:<12} {:<22} {:<16} {:<16} {:>6}  {}\n", "method", "threshold", "right accepted", "wrong accepted",
               "saved", "accuracy against the full chain");
    for (const auto& [method, threshold] : thresholds) {
        fmt::print("  {:<12} {:<22} ", name(method), value_text(threshold));
        if (!threshold.value) {
            fmt::print("{}\n", threshold.reason);
            continue;
        }
        fmt::print("{:<16} {:<16} {:>6}  {}{}\n",
                   share_text(threshold.accepts_correct, threshold.accepts_correct_interval),
                   share_text(threshold.accepts_incorrect, threshold.accepts_incorrect_interval),
                   last ? "-" : fmt::format("{:.0f}%", threshold.savings * 100),
                   last ? "-" : change_text(threshold.accuracy_change),
                   threshold.bayes_kind == BayesKind::sigma_weighted_midpoint ? "  (fallback)" : "");
    }
}

void print_escalation(const std::optional<CalibratedThreshold>& escalate) {
    if (!escalate) return;
    if (!escalate->value)
        fmt::print("  {:<12} {}\n", "escalate", escalate->reason);
    else
        fmt::print("  {:<12} {:<22} beyond it refining does not pay; spares {:.0f}% of the tokens\n", "escalate",
                   value_text(*escalate), escalate->savings * 100);
}

void print_boundary(std::string_view name, const CalibratedThreshold& threshold) {
    if (!threshold.boundary) return;
    const BoundaryOutcome& outcome = threshold.boundary_outcome;
    const double share =
        outcome.tokens > 0 ? static_cast<double>(outcome.tokens_saved) / static_cast<double>(outcome.tokens) : 0;
    fmt::print("  {:<12} stops {} answers, {} of them wrongly; saves {} of {} tokens ({:.0f}%)\n", name,
               outcome.stopped, outcome.wrong, outcome.tokens_saved, outcome.tokens, share * 100);
}

void print_boundaries(const StepCalibration& step) {
    const auto has = [](const auto& entry) { return entry.second.boundary.has_value(); };
    if (!std::ranges::any_of(step.thresholds, has)) return;
    fmt::print("  stop_early: predicted, on these answers:\n");
    for (const auto& [method, threshold] : step.thresholds)
        print_boundary(name(method), threshold);
    if (step.escalate) print_boundary("escalate", *step.escalate);
}

void print_fitted(const FittedCalibration& fitted, bool last) {
    fmt::print("  fitted signal: AUROC {} on held-out items, the plain signal {}: {}\n", with_interval(fitted.auroc),
               with_interval(fitted.signal_auroc), fitted.better ? name(fitted.verdict) : "not better, not to be used");
    if (!fitted.better) return;
    for (const std::string& reason : fitted.reasons)
        fmt::print("  - {}\n", reason);
    if (!fitted.usable()) return;
    print_thresholds(fitted.thresholds, last);
    print_escalation(fitted.escalate);
}

void print_step(const StepCalibration& step, bool last) {
    fmt::print("\nstep {}: {}\n", step.step, name(step.verdict));
    for (const std::string& reason : step.reasons)
        fmt::print("  - {}\n", reason);
    print_statistics(step);
    if (step.verdict != CalibrationVerdict::refused) {
        print_thresholds(step.thresholds, last);
        print_escalation(step.escalate);
        print_boundaries(step);
    }
    if (step.fitted) print_fitted(*step.fitted, last);
}

}  // namespace

void print_calibration(const Calibration& calibration) {
    fmt::print("{} on {} item(s), model {}; loss '{}' within {:g}, delta {:g}\n", calibration.key.signal,
               calibration.items.size(), calibration.key.model.empty() ? "unknown" : calibration.key.model,
               name(calibration.settings.loss), calibration.settings.target.epsilon, calibration.settings.target.delta);
    for (const StepCalibration& step : calibration.steps)
        print_step(step, &step == &calibration.steps.back());
    fmt::print(
        "\nmean, information, bayes and universal promise nothing about accuracy; crc, bound, hoeffding and ltt bound "
        "the "
        "loss.\n");
}

}  // namespace enough::cli
