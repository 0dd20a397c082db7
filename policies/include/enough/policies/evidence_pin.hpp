#pragma once

#include <enough/policies/evidence.hpp>
#include <enough/policies/signal.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace enough {

struct CallFacts;

/// What a server's logprobs are taken from.
enum class LogprobMode {
    raw,       ///< the model's own distribution, whatever the temperature
    tempered,  ///< the distribution that was sampled from: a threshold holds for one temperature
    unknown,
};
std::string_view name(LogprobMode mode);

/// Do the tokens of the reasoning come with evidence?
enum class ReasoningEvidence {
    covered,
    not_covered,  ///< there is reasoning, and no evidence for it
    none,         ///< the model does not reason
    unknown,
};
std::string_view name(ReasoningEvidence reasoning);

/// What evidence a model gives, as measured once (`enough doctor`) and written down: a run whose answers are otherwise
/// takes their evidence for none.
struct EvidencePin {
    int k = 0;             ///< candidates that a token comes with, of those asked for; 0: no evidence at all
    bool streamed = true;  ///< it comes with streams, too
    LogprobMode mode = LogprobMode::unknown;
    ReasoningEvidence reasoning = ReasoningEvidence::unknown;
    bool usage = false;  ///< every answer tells how many tokens it has
    std::string model;   ///< the server's id of the model; empty: not compared

    bool operator==(const EvidencePin&) const = default;
};

/// Why a gate that reads `signal` can't work with a model that is pinned so, with what to do about it; absent if it
/// can.
std::optional<std::string> pin_conflict(const EvidencePin& pin, Signal signal, const SignalSettings& settings);

/// How an answer contradicts the pin in `facts`, if there is one; absent if it does not. `settings`: those `evidence`
/// was measured with.
std::optional<std::string> pin_fault(const SignalSettings& settings, const EvidenceSummary& evidence,
                                     const CallFacts& facts);

}  // namespace enough
