#include <enough/policies/gate.hpp>

#include "comparison.hpp"
#include "evidence_fault.hpp"
#include "names.hpp"
#include "settling.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace enough {

namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 4> verdict_names{{
    {Verdict::accept, "accept"},
    {Verdict::refine, "refine"},
    {Verdict::escalate, "escalate"},
    {Verdict::fail, "fail"},
}};

Verdict verdict_of(OnMissing missing) {
    switch (missing) {
        case OnMissing::refine:
            return Verdict::refine;
        case OnMissing::escalate:
            return Verdict::escalate;
        case OnMissing::fail:
            return Verdict::fail;
    }
    return Verdict::escalate;
}

Judgement decide(Judgement judgement, Verdict verdict, std::string reason, ChainPosition position) {
    judgement.verdict = verdict;
    judgement.reason = std::move(reason);
    if (verdict == Verdict::refine && position.is_last()) {
        judgement.verdict = Verdict::escalate;
        judgement.reason += ", last step";
    }
    return judgement;
}

/// What stands in every judgement of this step.
Judgement undecided(const Gate& gate, ChainPosition position) {
    Judgement judgement;
    // The infinite threshold that nothing passes is no number to report.
    judgement.threshold = gate.threshold(position.step);
    if (judgement.threshold && std::isinf(*judgement.threshold)) judgement.threshold.reset();
    return judgement;
}

std::string no_value(Signal signal) {
    return fmt::format("no evidence: {} has no value", name(signal));
}

/// Why the thresholds do not hold for this answer.
std::optional<std::string> foreign(const Gate& gate, const CallFacts& facts) {
    if (auto fault = fallback_fault(facts)) return fault;
    if (!gate.calibration) return std::nullopt;
    const auto differs = [](const std::string& now, const std::string& then) {
        return !now.empty() && !then.empty() && now != then;
    };
    const GateCalibration& fitted = *gate.calibration;
    if (differs(facts.model, fitted.served_model))
        return fmt::format("calibrated on model '{}', answered by '{}'", fitted.served_model, facts.model);
    if (differs(facts.fingerprint, fitted.fingerprint))
        return fmt::format("calibrated on build '{}', answered by '{}'", fitted.fingerprint, facts.fingerprint);
    return std::nullopt;
}

/// The gate's signal at this step of the chain.
std::optional<double> signal_value(const Gate& gate, int step, const EvidenceSummary& evidence) {
    if (gate.signal != Signal::fitted) return evidence.value(gate.signal);
    const auto values = features(evidence);
    const auto index = static_cast<std::size_t>(step) - 1;
    if (!values || !gate.calibration || index >= gate.calibration->models.size()) return std::nullopt;
    return gate.calibration->models[index].probability(*values);
}

/// Why the answer is none, however sure the model was.
std::optional<std::string> answer_fault(const CallFacts& facts) {
    switch (facts.finish_reason) {
        case FinishReason::length:
            return "cut at max_tokens";
        case FinishReason::filter:
            return "withheld by the provider's content filter";
        case FinishReason::stopped_early:
            return "stopped early";
        case FinishReason::tool_calls:
            return "no answer yet: the model waits for the results of tools";
        case FinishReason::other:
            if (!facts.has_text) return "no text: the model ended its turn otherwise, e.g. with a tool call";
            break;
        case FinishReason::stop:
            break;
    }
    if (!facts.has_text) return "the answer is empty";
    if (!facts.answer_extracted) return "no answer found in the text";
    return std::nullopt;
}

std::string compare(Signal signal, double value, double threshold) {
    const bool low_is_sure = direction(signal) == Direction::lower_is_surer;
    const std::string_view sure = low_is_sure ? "<=" : ">=";
    const std::string_view unsure = low_is_sure ? ">" : "<";
    const auto [left, right] = print_to_compare(value, threshold);
    return fmt::format("{} {} {} {}", name(signal), left, at_least_as_sure(signal, value, threshold) ? sure : unsure,
                       right);
}

/// The verdict on sound evidence. `judgement.value` is there.
Judgement judge_by_thresholds(Judgement judgement, const Gate& gate, ChainPosition position) {
    const auto threshold = gate.threshold(position.step);
    if (!threshold) {
        return decide(std::move(judgement), Verdict::refine, fmt::format("step {} has no threshold", position.step),
                      position);
    }
    const double value = *judgement.value;
    const bool accepts_any = std::isfinite(*threshold);
    std::string reason = accepts_any ? compare(gate.signal, value, *threshold)
                                     : fmt::format("the calibration accepts nothing at step {}", position.step);
    if (accepts_any && at_least_as_sure(gate.signal, value, *threshold)) {
        return decide(std::move(judgement), Verdict::accept, std::move(reason), position);
    }
    if (position.step == 1 && gate.escalate && !at_least_as_sure(gate.signal, value, *gate.escalate)) {
        judgement.threshold = gate.escalate;
        reason = compare(gate.signal, value, *gate.escalate) + " (escalate)";
        return decide(std::move(judgement), Verdict::escalate, std::move(reason), position);
    }
    return decide(std::move(judgement), Verdict::refine, std::move(reason), position);
}

/// The verdict on a whole answer: what is wrong with the answer is named before what is wrong with its signal.
Judgement judge_whole(Judgement judgement, const Gate& gate, ChainPosition position, std::optional<std::string> fault,
                      const CallFacts& facts) {
    if (auto of_answer = answer_fault(facts)) fault = std::move(of_answer);
    if (fault) return decide(std::move(judgement), verdict_of(gate.missing), std::move(*fault), position);
    return judge_by_thresholds(std::move(judgement), gate, position);
}

/// A fragment is never refined.
Verdict verdict_on_fragments(const Gate& gate) {
    return gate.missing == OnMissing::fail ? Verdict::fail : Verdict::escalate;
}

std::string undecidable(const EvidenceSummary& evidence) {
    return fmt::format("undecidable by this gate: cut at token {}", evidence.tokens);
}

/// What a boundary said of a fragment; absent if it would not have stopped there.
std::optional<std::string> predicted_at(const StopBoundary& boundary, const EvidenceSummary& evidence) {
    if (!evidence.entropy_mean) return std::nullopt;
    for (std::size_t j = 0; j < boundary.above.size(); ++j) {
        if (checkpoint_tokens(j) != evidence.evidence_tokens || !boundary.above[j]) continue;
        if (!(*evidence.entropy_mean > *boundary.above[j])) continue;
        const auto [value, limit] = print_to_compare(*evidence.entropy_mean, *boundary.above[j]);
        return fmt::format("entropy.mean {} > {} after {} tokens (predicted)", value, limit, evidence.evidence_tokens);
    }
    return std::nullopt;
}

/// The verdict on a call that our own sink ended. It stands if this gate, too, would have been sure by then; a replay
/// under a laxer gate can't know what the rest would have been.
Judgement judge_fragment(Judgement judgement, const Gate& gate, ChainPosition position, const EvidenceSummary& evidence,
                         const CallFacts& facts) {
    const Verdict verdict = verdict_on_fragments(gate);
    const StopBoundary* boundary =
        gate.stop_early == StopEarly::predicted ? settling_boundary(gate, position) : nullptr;
    if (boundary) {
        if (auto reason = predicted_at(*boundary, evidence)) {
            judgement.value = evidence.entropy_mean;
            return decide(std::move(judgement), Verdict::escalate, std::move(*reason), position);
        }
        return decide(std::move(judgement), verdict, undecidable(evidence), position);
    }
    const auto proof = provable_as(gate.signal, gate.settings, facts.max_tokens);
    const auto bound = settling_bound(gate, position);
    const auto surest =
        proof ? surest_final_value(*proof, seen_so_far(evidence, gate.settings), facts.max_tokens) : std::nullopt;
    if (!bound || !surest || at_least_as_sure(gate.signal, *surest, *bound))
        return decide(std::move(judgement), verdict, undecidable(evidence), position);
    judgement.value = evidence.value(gate.signal);
    judgement.threshold = bound;
    const bool low_is_sure = direction(gate.signal) == Direction::lower_is_surer;
    std::string reason = fmt::format("{} settled {} {} after {}", name(gate.signal), low_is_sure ? "above" : "below",
                                     print_to_compare(*surest, *bound).right, evidence.tokens);
    reason += facts.max_tokens ? fmt::format(" of at most {} tokens", *facts.max_tokens) : " tokens";
    return decide(std::move(judgement), Verdict::escalate, std::move(reason), position);
}

}  // namespace

std::string_view name(Verdict verdict) {
    return name_of(verdict_names, verdict);
}

std::optional<Verdict> verdict_named(std::string_view name) {
    return value_named(verdict_names, name);
}

double accepts_nothing(Signal signal) {
    const double infinite = std::numeric_limits<double>::infinity();
    return direction(signal) == Direction::lower_is_surer ? -infinite : infinite;
}

std::optional<double> Gate::threshold(int step) const {
    if (step < 1 || static_cast<std::size_t>(step) > accept.size()) return std::nullopt;
    return accept[static_cast<std::size_t>(step) - 1];
}

Judgement judge(const Gate& gate, ChainPosition position, const EvidenceSummary& evidence, const CallFacts& facts) {
    Judgement judgement = undecided(gate, position);
    judgement.coverage = covered(gate, evidence, facts).share();
    if (facts.finish_reason == FinishReason::stopped_early) {
        return judge_fragment(std::move(judgement), gate, position, evidence, facts);
    }
    auto fault = foreign(gate, facts);
    if (!fault) fault = evidence_fault(gate, evidence, facts);
    if (!fault) fault = pin_fault(gate.settings, evidence, facts);
    if (!fault) judgement.value = signal_value(gate, position.step, evidence);
    if (!fault && !judgement.value) fault = no_value(gate.signal);
    return judge_whole(std::move(judgement), gate, position, std::move(fault), facts);
}

Judgement judge_value(const Gate& gate, ChainPosition position, std::optional<double> value, const std::string& absent,
                      const CallFacts& facts) {
    Judgement judgement = undecided(gate, position);
    if (facts.finish_reason == FinishReason::stopped_early) {
        return decide(std::move(judgement), verdict_on_fragments(gate), "undecidable by this gate: stopped early",
                      position);
    }
    auto fault = foreign(gate, facts);
    const bool usable = value && std::isfinite(*value);
    if (!fault && usable) judgement.value = value;
    if (!fault && !usable) fault = absent.empty() ? no_value(gate.signal) : absent;
    return judge_whole(std::move(judgement), gate, position, std::move(fault), facts);
}

Judgement judge_without_gate(ChainPosition position, const CallFacts& facts) {
    if (facts.finish_reason == FinishReason::stopped_early) {
        return decide({}, Verdict::escalate, "stopped early", position);
    }
    if (auto fault = answer_fault(facts)) return decide({}, Verdict::refine, std::move(*fault), position);
    return decide({}, position.is_last() ? Verdict::accept : Verdict::refine, "no gate", position);
}

}  // namespace enough
