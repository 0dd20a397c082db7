#include <enough/policies/evidence_pin.hpp>

#include <enough/policies/gate.hpp>

#include "names.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::pair<LogprobMode, std::string_view>, 3> mode_names{{
    {LogprobMode::raw, "raw"},
    {LogprobMode::tempered, "tempered"},
    {LogprobMode::unknown, "unknown"},
}};

constexpr std::array<std::pair<ReasoningEvidence, std::string_view>, 4> reasoning_names{{
    {ReasoningEvidence::covered, "covered"},
    {ReasoningEvidence::not_covered, "not_covered"},
    {ReasoningEvidence::none, "none"},
    {ReasoningEvidence::unknown, "unknown"},
}};

}  // namespace

std::string_view name(LogprobMode mode) {
    return name_of(mode_names, mode);
}

std::string_view name(ReasoningEvidence reasoning) {
    return name_of(reasoning_names, reasoning);
}

std::optional<std::string> pin_conflict(const EvidencePin& pin, Signal signal, const SignalSettings& settings) {
    if (!needs_logprobs(signal)) return std::nullopt;
    if (pin.k == 0) return "is pinned as one without logprobs (k: 0)";
    if (!pin.streamed) return "is pinned as one that gives no logprobs in streams (streamed: false)";
    if (signal != Signal::logprob_mean && pin.k < settings.top_k)
        return fmt::format("is pinned at {0} candidates a token, and the gate wants {1}; write 'top_k: {0}'", pin.k,
                           settings.top_k);
    if (settings.scope == Scope::reasoning && pin.reasoning == ReasoningEvidence::none)
        return "is pinned as one that does not reason (reasoning: none), and the gate wants 'scope: reasoning'";
    if (settings.scope != Scope::answer && pin.reasoning == ReasoningEvidence::not_covered)
        return fmt::format(
            "is pinned as one without evidence for its reasoning (reasoning: not_covered), and the gate "
            "wants 'scope: {}'; write 'scope: answer'",
            name(settings.scope));
    return std::nullopt;
}

std::optional<std::string> pin_fault(const SignalSettings& settings, const EvidenceSummary& evidence,
                                     const CallFacts& facts) {
    if (!facts.pin) return std::nullopt;
    const EvidencePin& pin = *facts.pin;
    if (!pin.model.empty() && !facts.model.empty() && pin.model != facts.model)
        return fmt::format("pinned on model '{}', answered by '{}'", pin.model, facts.model);
    if (pin.usage && !facts.reported_output_tokens)
        return "pinned as one that counts its tokens, but the answer has no count";
    if (pin.reasoning == ReasoningEvidence::covered && settings.scope == Scope::all && facts.has_reasoning &&
        evidence.reasoning_tokens == 0)
        return "pinned as one with evidence for its reasoning, but there is none";
    if (pin.reasoning == ReasoningEvidence::none && settings.scope == Scope::all && facts.has_reasoning)
        return "pinned as one that does not reason, but it did";
    // Most of them: the odd token has fewer, where all others are as good as impossible.
    if (pin.k >= settings.top_k && evidence.short_tokens * 2 > evidence.evidence_tokens)
        return fmt::format("pinned at {} candidates a token, but {} of {} tokens have fewer than {}", pin.k,
                           evidence.short_tokens, evidence.evidence_tokens, settings.top_k);
    return std::nullopt;
}

}  // namespace enough
