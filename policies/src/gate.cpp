#include <enough/policies/gate.hpp>

#include "comparison.hpp"
#include "evidence_fault.hpp"
#include "settling.hpp"

#include <fmt/format.h>

#include <array>
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

/// Why the answer is none, however sure the model was.
std::optional<std::string> answer_fault(const CallFacts& facts) {
    switch (facts.finish_reason) {
        case FinishReason::length:
            return "cut at max_tokens";
        case FinishReason::filter:
            return "withheld by the provider's content filter";
        case FinishReason::stopped_early:
            return "stopped early";
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
    if (!judgement.threshold) {
        return decide(std::move(judgement), Verdict::refine, fmt::format("step {} has no threshold", position.step),
                      position);
    }
    const double value = *judgement.value;
    std::string reason = compare(gate.signal, value, *judgement.threshold);
    if (at_least_as_sure(gate.signal, value, *judgement.threshold)) {
        return decide(std::move(judgement), Verdict::accept, std::move(reason), position);
    }
    if (position.step == 1 && gate.escalate && !at_least_as_sure(gate.signal, value, *gate.escalate)) {
        judgement.threshold = gate.escalate;
        reason = compare(gate.signal, value, *gate.escalate) + " (escalate)";
        return decide(std::move(judgement), Verdict::escalate, std::move(reason), position);
    }
    return decide(std::move(judgement), Verdict::refine, std::move(reason), position);
}

/// The verdict on a call that our own sink ended. It stands if this gate, too, would have been sure by then; a replay
/// under a laxer gate can't know what the rest would have been.
Judgement judge_fragment(Judgement judgement, const Gate& gate, ChainPosition position, const EvidenceSummary& evidence,
                         const CallFacts& facts) {
    const SeenSoFar seen{evidence.tokens,
                         evidence.entropy_mean.value_or(0) * static_cast<double>(evidence.evidence_tokens),
                         evidence.entropy_max.value_or(0)};
    const auto bound = settling_bound(gate, position);
    const auto least = least_final_value(gate.signal, seen, facts.max_tokens.value_or(0));
    if (!bound || !least || *least <= *bound) {
        const Verdict verdict = gate.missing == OnMissing::fail ? Verdict::fail : Verdict::escalate;
        return decide(std::move(judgement), verdict,
                      fmt::format("undecidable by this gate: cut at token {}", evidence.tokens), position);
    }
    judgement.value = evidence.value(gate.signal);
    judgement.threshold = bound;
    const std::string above = print_to_compare(*least, *bound).right;
    std::string reason = fmt::format("{} settled above {} after {}", name(gate.signal), above, evidence.tokens);
    reason += facts.max_tokens ? fmt::format(" of at most {} tokens", *facts.max_tokens) : " tokens";
    return decide(std::move(judgement), Verdict::escalate, std::move(reason), position);
}

}  // namespace

std::string_view name(Verdict verdict) {
    for (const auto& [value, text] : verdict_names) {
        if (value == verdict) return text;
    }
    return "unknown";
}

std::optional<Verdict> verdict_named(std::string_view name) {
    for (const auto& [value, text] : verdict_names) {
        if (text == name) return value;
    }
    return std::nullopt;
}

std::optional<double> Gate::threshold(int step) const {
    if (step < 1 || static_cast<std::size_t>(step) > accept.size()) return std::nullopt;
    return accept[static_cast<std::size_t>(step) - 1];
}

Judgement judge(const Gate& gate, ChainPosition position, const EvidenceSummary& evidence, const CallFacts& facts) {
    Judgement judgement;
    judgement.threshold = gate.threshold(position.step);
    judgement.coverage = covered(gate, evidence, facts).share();
    if (facts.finish_reason == FinishReason::stopped_early) {
        return judge_fragment(std::move(judgement), gate, position, evidence, facts);
    }
    auto corrupt = evidence_fault(gate, evidence, facts);
    if (!corrupt) judgement.value = evidence.value(gate.signal);
    if (auto fault = answer_fault(facts)) {
        return decide(std::move(judgement), verdict_of(gate.missing), std::move(*fault), position);
    }
    if (!corrupt && !judgement.value) corrupt = fmt::format("no evidence: {} has no value", name(gate.signal));
    if (corrupt) return decide(std::move(judgement), verdict_of(gate.missing), std::move(*corrupt), position);
    return judge_by_thresholds(std::move(judgement), gate, position);
}

Judgement judge_without_gate(ChainPosition position, const CallFacts& facts) {
    if (facts.finish_reason == FinishReason::stopped_early) {
        return decide({}, Verdict::escalate, "stopped early", position);
    }
    if (auto fault = answer_fault(facts)) return decide({}, Verdict::refine, std::move(*fault), position);
    return decide({}, position.is_last() ? Verdict::accept : Verdict::refine, "no gate", position);
}

}  // namespace enough
