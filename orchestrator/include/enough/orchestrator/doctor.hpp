#pragma once

#include <enough/agents/agent.hpp>
#include <enough/policies/evidence_pin.hpp>
#include <enough/policies/gate.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// A gate that reads a model's token probabilities, as far as the model is concerned.
struct EvidenceNeed {
    Signal signal = Signal::entropy_mean;
    SignalSettings settings;
    double min_coverage = 0.9;
};

/// What the gates of a workflow and of those it runs want of each model, by `Model::key`. Models that no gate reads are
/// left out; votes that are weighed by evidence count as a gate.
std::map<std::string, std::vector<EvidenceNeed>> evidence_needs(const Workflow& workflow);

/// One of the calls that a model is examined with. All ask the same.
enum class ProbeKind {
    warm,    ///< temperature 1, streamed: what the others are compared with
    whole,   ///< the same in one piece
    cool,    ///< temperature 0.5: raw logprobs stay, others are scaled
    greedy,  ///< temperature 0
    longer,  ///< as `warm`, with room for an answer after the reasoning; only where there was none
};
std::string_view name(ProbeKind kind);

/// What came of a call: its tokens as the server sent them, and the answer or failure.
struct Probe {
    ProbeKind kind = ProbeKind::warm;
    std::vector<Token> tokens;
    Result<Answer> outcome = Failure{};
};

/// Everything that a diagnosis is made of.
struct Examination {
    std::string asked_for;              ///< the model's name as it is asked for; empty: it has none
    bool gives_logprobs = true;         ///< false: by its provider or settings it is never asked for any
    std::vector<EvidenceNeed> needs;    ///< of gates; empty: nothing depends on its evidence
    std::optional<EvidencePin> pinned;  ///< what the workflow says of it
    int top_k = 20;                     ///< candidates that were asked for
    std::vector<Probe> probes;          ///< in the order of asking; those not made are left out
    bool out_of_time = false;           ///< the time for this model was over before the last probe
};

/// How many candidates are asked for: what the gates want, or the usual number.
int candidates_wanted(const std::vector<EvidenceNeed>& needs);

/// The model's settings for an examination: one attempt, nothing beside it, so that every fault is seen.
ProviderSettings bare(ProviderSettings settings);

/// Asks a model a handful of short questions, at most five, one after the other, and goes on after failures that say
/// nothing of the next question. Stops at `deadline`. `seen` is told of each probe that was made. Throws when
/// cancelled.
Task<std::vector<Probe>> examine(Agent& agent, int top_k, Deadline deadline,
                                 std::function<void(ProbeKind)> seen = nullptr);

/// Something to know about a model.
struct Finding {
    bool error = false;  ///< nothing can be built on its evidence, or it can't be asked at all
    std::string what;    ///< "its logprobs are corrupt: …"
    std::string advice;  ///< what to do about it; empty: nothing

    bool operator==(const Finding&) const = default;
};

/// What an examination comes to. Absent means unknown.
struct Diagnosis {
    bool reachable = false;  ///< somebody answered, if only to refuse
    bool answered = false;   ///< at least one call came to an answer
    std::optional<bool> authorized;
    std::string model;  ///< the server's id
    std::string fingerprint;
    int k_asked = 0;               ///< 0: it was not asked for evidence
    int k = 0;                     ///< candidates that most tokens came with, of those asked for
    std::optional<bool> streamed;  ///< does evidence come with streams?
    std::optional<bool> agree;     ///< streamed or not: is the evidence the same?
    LogprobMode mode = LogprobMode::unknown;
    ReasoningEvidence reasoning = ReasoningEvidence::unknown;
    std::optional<std::int64_t> entries;  ///< tokens with their evidence, of one streamed answer …
    std::optional<std::int64_t> counted;  ///< … and how many the server says it has
    std::optional<double> latency_ms;
    std::optional<double> first_token_ms;
    bool gated = false;             ///< a gate reads its evidence
    bool usable = false;            ///< every gate that reads its evidence can; without one: some gate could
    std::vector<Finding> findings;  ///< errors first

    /// May the workflow be run with it as it is? A gated model must have usable evidence, any other must answer.
    bool ok() const { return gated ? usable : answered; }
};

/// Judges an examination. Pure: the same examination gives the same diagnosis.
Diagnosis diagnose(const Examination& examination);

/// What to write down of a model; absent if its evidence must not be relied on, or nothing was learnt.
std::optional<EvidencePin> pin_of(const Diagnosis& diagnosis);

/// `{"ok", "k", "streamed", "mode", "reasoning", "usage", "errors", …}`.
nlohmann::ordered_json to_json(const Diagnosis& diagnosis);

}  // namespace enough
