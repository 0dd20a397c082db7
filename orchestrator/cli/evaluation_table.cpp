#include "evaluation_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>

namespace enough::cli {
namespace {

using nlohmann::ordered_json;

double number(const ordered_json& value) {
    return value.get<double>();
}

std::string percent(const ordered_json& value) {
    return value.is_null() ? "-" : fmt::format("{:.1f} %", number(value) * 100);
}

/// `+1.5 (-0.5 to +3.5)`, in points.
std::string points(const ordered_json& estimate) {
    if (estimate.is_null()) return "-";
    std::string text = fmt::format("{:+.1f}", number(estimate.at("value")) * 100);
    if (!estimate.at("low").is_null())
        text +=
            fmt::format(" ({:+.1f} to {:+.1f})", number(estimate.at("low")) * 100, number(estimate.at("high")) * 100);
    return text;
}

std::string share(const ordered_json& accuracy) {
    std::string text = percent(accuracy.at("value"));
    if (!accuracy.at("low").is_null())
        text += fmt::format(" ({:.0f} to {:.0f})", number(accuracy.at("low")) * 100, number(accuracy.at("high")) * 100);
    return text;
}

std::string p_value(const ordered_json& value) {
    return value.is_null() ? "-" : fmt::format("{:.3g}", number(value));
}

void print_policies(const ordered_json& report) {
    fmt::print("{:<30} {:<20} {:>6} {:>9} {:>10}  {:<26} {:<26} {:>8}\n", "", "accuracy", "calls", "tokens", "USD",
               "output tokens saved, %", "accuracy change, points", "p (Holm)");
    for (const ordered_json& policy : report.at("policies")) {
        const ordered_json& against = policy.at("versus_full");
        fmt::print("{:<30} {:<20} {:>6.2f} {:>9.1f} {:>10.3g}  ", policy.at("label").get<std::string>(),
                   share(policy.at("accuracy")), number(policy.at("calls")), number(policy.at("output_tokens")),
                   number(policy.at("usd")));
        if (against.is_null())
            fmt::print("(what the others are compared with)\n");
        else
            fmt::print("{:<26} {:<26} {:>8}\n", points(against.at("savings_output")),
                       points(against.at("accuracy_change")), p_value(against.at("holm_p")));
    }
}

void print_steps(const ordered_json& report) {
    fmt::print("\n{:<6} {:<20} {:>10} {:>10} {:>10}  {:<22} {:<22}\n", "step", "accuracy", "signal", "right", "wrong",
               "AUROC", "AUROC of length alone");
    const auto area = [](const ordered_json& estimate) {
        if (estimate.is_null()) return std::string("-");
        std::string text = fmt::format("{:.2f}", number(estimate.at("value")));
        if (!estimate.at("low").is_null())
            text += fmt::format(" ({:.2f} to {:.2f})", number(estimate.at("low")), number(estimate.at("high")));
        return text;
    };
    const auto mean = [](const ordered_json& value) {
        return value.is_null() ? std::string("-") : fmt::format("{:.3f}", number(value));
    };
    for (const ordered_json& step : report.at("steps"))
        fmt::print("{:<6} {:<20} {:>10} {:>10} {:>10}  {:<22} {:<22}\n", step.at("step").get<int>(),
                   share(step.at("accuracy")), mean(step.at("mean_score")), mean(step.at("correct").at("mean")),
                   mean(step.at("incorrect").at("mean")), area(step.at("auroc")), area(step.at("length_auroc")));
}

void print_methods(const ordered_json& report) {
    fmt::print(
        "\nthresholds fitted on the other folds, used on held-out items:\n{:<12} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}  "
        "{:<26} {:>8}\n",
        "method", "stopped", "saved", "step 1", "all steps", "gated", "accepted", "accuracy change, points",
        "p (Holm)");
    for (const ordered_json& method : report.at("methods")) {
        fmt::print("{:<12} ", method.at("method").get<std::string>());
        if (!method.at("reason").is_null()) {
            fmt::print("{}\n", method.at("reason").get<std::string>());
            continue;
        }
        fmt::print("{:>8} {:>9} {:>9} {:>9} {:>9} {:>9}  {:<26} {:>8}\n", percent(method.at("stop_rate")),
                   percent(method.at("savings")), percent(method.at("step1_accuracy")),
                   percent(method.at("full_accuracy")), percent(method.at("gated_accuracy")),
                   percent(method.at("threshold_accuracy")), points(method.at("accuracy_change")),
                   p_value(method.at("holm_p")));
    }
}

std::string flips(const ordered_json& counted) {
    return fmt::format("{} right to wrong, {} wrong to right", counted.at("right_wrong").get<std::size_t>(),
                       counted.at("wrong_right").get<std::size_t>());
}

void print_rest(const ordered_json& report) {
    const ordered_json& accepted = report.at("threshold_accuracy");
    const ordered_json& risk = report.at("risk_coverage");
    fmt::print("\nright where the gate accepted: {}\nflips by refining: {}; by the gate: {}\n",
               accepted.is_null() ? "-" : share(accepted), flips(report.at("flips").at("refinement")),
               flips(report.at("flips").at("gate")));
    if (report.at("flips").contains("debate"))
        fmt::print("flips by debating ({} went to a second round): {}\n",
                   report.at("flips").at("debate").at("debates").get<std::size_t>(),
                   flips(report.at("flips").at("debate")));
    fmt::print("AURC {:.3f}, {:.3f} above the best ranking\n", number(risk.at("aurc")), number(risk.at("e_aurc")));
    for (const ordered_json& row : report.at("ablation"))
        if (!row.at("auroc").is_null())
            fmt::print("{:>3} candidates a token: AUROC {:.3f}, {} saved by universal\n", row.at("k").get<int>(),
                       number(row.at("auroc").at("value")), percent(row.at("savings")));
}

}  // namespace

void print_evaluation(const ordered_json& report) {
    const ordered_json& gate = report.at("gate");
    fmt::print("{} item(s), {} left out; gate on {} of step '{}', stopped {} of the chains after step 1\n\n",
               report.at("items").get<std::size_t>(), report.at("failed").get<std::size_t>(),
               gate.at("signal").get<std::string>(), gate.at("step").get<std::string>(), percent(gate.at("stop_rate")));
    print_policies(report);
    print_steps(report);
    print_methods(report);
    print_rest(report);
    if (const ordered_json& drift = report.at("drift"); !drift.is_null())
        fmt::print("\ndrift against the calibration: distance {:.3f} (p {:.3g}), {} below the threshold, {} then{}\n",
                   number(drift.at("ks")), number(drift.at("p")), percent(drift.at("share_below_threshold")),
                   percent(drift.at("calibration_share")),
                   drift.at("alarm").get<bool>() ? ": the signal has moved, calibrate anew" : "");
}

}  // namespace enough::cli
