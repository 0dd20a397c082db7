#include "doctor_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace enough::cli {
namespace {

std::string state_text(const Diagnosis& diagnosis) {
    if (!diagnosis.reachable) return "unreachable";
    if (diagnosis.authorized == false) return "unauthorized";
    if (!diagnosis.answered) return "fails";
    if (diagnosis.usable) return "ok";
    return diagnosis.gated ? "no evidence" : "ok, no evidence";
}

std::string logprobs_text(const Diagnosis& diagnosis) {
    if (!diagnosis.answered) return "-";
    return diagnosis.k_asked == 0 ? "not asked" : fmt::format("{} of {}", diagnosis.k, diagnosis.k_asked);
}

std::string streams_text(const Diagnosis& diagnosis) {
    if (!diagnosis.streamed) return "-";
    if (!*diagnosis.streamed) return "lost";
    if (!diagnosis.agree) return "yes";
    return *diagnosis.agree ? "yes, agree" : "yes, differ";
}

std::string counts_text(const Diagnosis& diagnosis) {
    if (!diagnosis.entries) return diagnosis.counted ? fmt::format("- of {}", *diagnosis.counted) : "-";
    return fmt::format("{} of {}", *diagnosis.entries,
                       diagnosis.counted ? std::to_string(*diagnosis.counted) : "unknown");
}

std::string time_text(const std::optional<double>& milliseconds) {
    return milliseconds ? fmt::format("{:.0f} ms", *milliseconds) : "-";
}

}  // namespace

void print_diagnoses(const std::map<std::string, Diagnosis>& diagnoses) {
    std::size_t width = 5;
    for (const auto& [name, _] : diagnoses)
        width = std::max(width, name.size());
    const auto row = [&](auto&&... cells) {
        fmt::print("{:<{}}  {:<15}  {:<9}  {:<11}  {:<8}  {:<11}  {:<12}  {:>11}  {:>9}\n", cells...);
    };
    row("model", width, "state", "logprobs", "streams", "mode", "reasoning", "entries", "first token", "whole");
    for (const auto& [name_of_model, found] : diagnoses)
        row(name_of_model, width, state_text(found), logprobs_text(found), streams_text(found),
            found.k > 0 ? name(found.mode) : "-", found.answered ? name(found.reasoning) : "-", counts_text(found),
            time_text(found.first_token_ms), time_text(found.latency_ms));
    for (const auto& [name_of_model, found] : diagnoses) {
        if (found.findings.empty()) continue;
        fmt::print("\n{}{}\n", name_of_model, found.gated ? "" : ", which no gate reads");
        for (const Finding& finding : found.findings) {
            fmt::print("  {}: {}\n", finding.error ? "error" : "warning", finding.what);
            if (!finding.advice.empty()) fmt::print("    {}\n", finding.advice);
        }
    }
}

}  // namespace enough::cli
