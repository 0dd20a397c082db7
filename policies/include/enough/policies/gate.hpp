#pragma once

#include <enough/agents/answer.hpp>
#include <enough/policies/evidence.hpp>
#include <enough/policies/evidence_pin.hpp>
#include <enough/policies/fitted_signal.hpp>
#include <enough/policies/interval.hpp>
#include <enough/policies/predicted_stop.hpp>
#include <enough/policies/signal.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

enum class Verdict { accept, refine, escalate, fail };
std::string_view name(Verdict verdict);
std::optional<Verdict> verdict_named(std::string_view name);

/// What to do when the evidence is missing, corrupt or incomplete. Never accept.
enum class OnMissing { refine, escalate, fail };

/// When a call may be aborted because its verdict is settled.
enum class StopEarly {
    off,
    provable,   ///< no continuation could change it
    predicted,  ///< a boundary fitted on recorded answers says so, with a stated share of errors
};

struct Calibration;

/// What a gate takes from a calibration file besides its thresholds.
struct GateCalibration {
    std::string file;          ///< as the workflow names it
    std::string method;        ///< of the thresholds; empty: only the upper threshold comes from the file
    std::string served_model;  ///< answers of another model or build are no evidence; empty: not compared
    std::string fingerprint;
    std::vector<LogisticModel> models;                         ///< of each step, for `Signal::fitted`
    std::vector<std::optional<StopBoundary>> boundaries;       ///< of each step's threshold
    std::optional<StopBoundary> escalate_boundary;             ///< of the upper threshold
    std::vector<std::optional<Interval>> threshold_intervals;  ///< 95 %, of each step's threshold
    std::vector<double> scores;                                ///< the signal's values at step 1, to notice drift
    std::shared_ptr<const Calibration> whole;                  ///< for people; null where no file was read
};

/// The threshold that nothing passes: what a risk-controlled method gives where no threshold keeps its promise.
double accepts_nothing(Signal signal);

/// A signal with its thresholds. Step k of a chain is judged by `accept[k-1]`; a step beyond them has no threshold.
struct Gate {
    SignalSettings settings;
    Signal signal = Signal::entropy_mean;
    std::vector<double> accept;  ///< at least one; accept when the signal is at least as sure as this; may be infinite
    std::optional<double> escalate;  ///< step 1 only: less sure than this is not refined
    OnMissing missing = OnMissing::escalate;
    StopEarly stop_early = StopEarly::off;
    double min_coverage = 0.9;                           ///< least share of the answer's tokens that must have evidence
    std::shared_ptr<const GateCalibration> calibration;  ///< null: thresholds written by hand

    /// The threshold of `step` (from 1), absent where it has none.
    std::optional<double> threshold(int step) const;
    bool operator==(const Gate&) const = default;
};

/// Where in its chain an answer stands.
struct ChainPosition {
    int step = 1;  ///< from 1
    int last = 1;  ///< the chain's length, at least `step`

    bool is_last() const { return step >= last; }
};

/// What a gate must know of a finished call, besides its evidence.
struct CallFacts {
    FinishReason finish_reason = FinishReason::stop;
    std::optional<std::int64_t> reported_output_tokens;  ///< the server's count; compared with the evidence's entries
    std::optional<std::int64_t> reported_reasoning_tokens;  ///< of them reasoning, where the server says so
    bool has_text = true;                                   ///< false: the answer is empty
    bool answer_extracted = true;                           ///< false: the wanted value is not in the text
    bool logprobs_refused = false;                          ///< the server refuses to give evidence
    std::optional<std::int64_t> max_tokens;  ///< what the call was allowed; needed to judge a call stopped early
    std::string model;                       ///< the server's id of the model; empty: unknown
    std::string fingerprint;                 ///< of the server's build or the model file; empty: unknown
    bool has_reasoning = false;              ///< the model reasoned, shown or not
    std::optional<EvidencePin> pin;          ///< what evidence the model is known to give
    std::string asked;                       ///< the model's name in the workflow
    std::string answered_by;                 ///< the name of the fallback that answered in its place, or empty
};

/// A verdict with everything that led to it.
struct Judgement {
    Verdict verdict = Verdict::escalate;
    std::string reason;               ///< for people, with the numbers: `entropy.mean 0.41 <= 0.58`
    std::optional<double> value;      ///< the signal; absent when the evidence is missing
    std::optional<double> threshold;  ///< the one that applied; absent where the step has none
    double coverage = 0;              ///< share of the scope's tokens with evidence; 0 where none is needed

    bool operator==(const Judgement&) const = default;
};

/// Judges one answer of a chain. Pure: the same arguments give the same verdict, so every decision can be recomputed.
///
/// In this order: an answer of a fallback, or of another model or build than the calibrated one, a truncated, filtered
/// or unextractable answer and evidence that is missing, corrupt or other than pinned give the verdict of `missing`; at
/// least as sure as the step's threshold accepts; less sure than `escalate` (step 1) escalates; anything else refines.
/// `refine` on the chain's last step becomes `escalate`, and the reason says so.
Judgement judge(const Gate& gate, ChainPosition position, const EvidenceSummary& evidence, const CallFacts& facts);

/// The same for a signal that is not made from the answer's evidence (`agreement`, `verbalized`, `judge`): the order
/// and the rules are those of `judge`, less those about evidence. Without a (finite) `value`, `absent` says why, and
/// the verdict is that of `missing`. A call that was stopped early can't be judged: it escalates, or fails by
/// `missing`.
Judgement judge_value(const Gate& gate, ChainPosition position, std::optional<double> value, const std::string& absent,
                      const CallFacts& facts);

/// The verdict where there is no gate: `accept` at the end of the chain, `refine` before it ("no gate"). A truncated,
/// filtered or unextractable answer is never accepted.
Judgement judge_without_gate(ChainPosition position, const CallFacts& facts);

/// Why the evidence can't be trusted as a whole; absent if it can. The rules and shares are in docs/evidence.md.
std::optional<std::string> evidence_fault(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts);

}  // namespace enough
