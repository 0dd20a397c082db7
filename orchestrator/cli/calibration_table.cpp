#include "calibration_table.hpp"

#include <fmt/format.h>

#include <string>

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
        fmt::print("  p          {:.3g} (Welch), {:.3g} (Mann-Whitney)\n", seen.welch->p, *seen.mann_whitney_p);
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

/// `last`: no step follows that accepting could save.
void print_thresholds(const MethodThresholds& thresholds, bool last) {
    fmt::print("  {:<12} {:<24} {:>8} {:>10} {:>8}  {}\n", "method", "threshold", "right", "wrong", "saved",
               "accuracy against the full chain");
    for (const auto& [method, threshold] : thresholds) {
        fmt::print("  {:<12} {:<24} ", name(method), value_text(threshold));
        if (!threshold.value) {
            fmt::print("{}\n", threshold.reason);
            continue;
        }
        if (last) {
            fmt::print("{:>7.0f}% {:>9.0f}% {:>8}  -\n", threshold.accepts_correct * 100,
                       threshold.accepts_incorrect * 100, "-");
            continue;
        }
        const Estimate& change = threshold.accuracy_change;
        std::string points = fmt::format("{:+.1f} points", change.value * 100);
        if (change.interval)
            points += fmt::format(" ({:+.1f} to {:+.1f})", change.interval->low * 100, change.interval->high * 100);
        fmt::print("{:>7.0f}% {:>9.0f}% {:>7.0f}%  {}\n", threshold.accepts_correct * 100,
                   threshold.accepts_incorrect * 100, threshold.savings * 100, points);
    }
}

void print_escalation(const StepCalibration& step) {
    if (!step.escalate) return;
    if (!step.escalate->value)
        fmt::print("  {:<12} {}\n", "escalate", step.escalate->reason);
    else
        fmt::print("  {:<12} {:<24} above it refining does not pay; spares {:.0f} % of the tokens\n", "escalate",
                   value_text(*step.escalate), step.escalate->savings * 100);
}

void print_step(const StepCalibration& step, bool last) {
    fmt::print("\nstep {}: {}\n", step.step, name(step.verdict));
    for (const std::string& reason : step.reasons)
        fmt::print("  - {}\n", reason);
    print_statistics(step);
    if (step.verdict == CalibrationVerdict::refused) return;
    print_thresholds(step.thresholds, last);
    print_escalation(step);
    if (!step.fitted) return;
    fmt::print("  fitted signal: AUROC {} on held-out items, the plain signal {}: {}\n",
               with_interval(step.fitted->auroc), with_interval(step.fitted->signal_auroc),
               step.fitted->better ? "it may be used" : "not better, not to be used");
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
