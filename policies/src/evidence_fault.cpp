#include "evidence_fault.hpp"

#include "comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace enough {

namespace {

using Fault = std::optional<std::string>;

// Servers count the token that ends the turn but do not send it.
constexpr std::size_t unsent_end_tokens = 1;
// Fewer neighbours than this say nothing about how often lists repeat.
constexpr std::size_t least_pairs = 8;

/// Is `part` more than 1 / `divisor` of `whole`?
bool exceeds(std::size_t part, std::size_t whole, std::size_t divisor) {
    return part * divisor > whole;
}

std::size_t reported_in_scope(Scope scope, const CallFacts& facts) {
    const auto all = std::max<std::int64_t>(facts.reported_output_tokens.value_or(0), 0);
    const auto& reasoning = facts.reported_reasoning_tokens;
    switch (scope) {
        case Scope::all:
            return static_cast<std::size_t>(all);
        case Scope::reasoning:
            return static_cast<std::size_t>(std::max<std::int64_t>(reasoning.value_or(0), 0));
        case Scope::answer:
            // How many of them are reasoning is unknown: only the tokens seen are known to be of the answer.
            return reasoning ? static_cast<std::size_t>(std::max<std::int64_t>(all - *reasoning, 0)) : 0;
    }
    return 0;
}

Fault corrupt_lists(const EvidenceSummary& evidence) {
    if (!exceeds(evidence.corrupt_tokens, evidence.tokens, 100)) return std::nullopt;
    return fmt::format("corrupt evidence: the candidates of {} of {} tokens are no probability distribution",
                       evidence.corrupt_tokens, evidence.tokens);
}

Fault nothing(const Gate& gate, const EvidenceSummary& evidence, const Covered& coverage) {
    if (coverage.with_evidence > 0) return std::nullopt;
    if (evidence.tokens == 0 && gate.settings.scope != Scope::all) {
        return fmt::format("no evidence: the server sent no tokens of the {} part", name(gate.settings.scope));
    }
    if (evidence.tokens == 0) return "no evidence: the server sent none";
    if (gate.signal == Signal::logprob_mean) {
        return fmt::format("no evidence: none of {} tokens has a logprob", evidence.tokens);
    }
    return fmt::format("no evidence: none of {} tokens has two candidates or more", evidence.tokens);
}

Fault too_little(const Gate& gate, const EvidenceSummary& evidence, const Covered& coverage) {
    const Covered without_end{coverage.with_evidence,
                              std::max(evidence.tokens, coverage.of - std::min(coverage.of, unsent_end_tokens))};
    if (without_end.share() >= gate.min_coverage) return std::nullopt;
    const auto [share, least] = print_to_compare(coverage.share(), gate.min_coverage);
    return fmt::format("coverage {} < {} ({} of {} tokens have evidence)", share, least, coverage.with_evidence,
                       coverage.of);
}

Fault foreign_lists(const EvidenceSummary& evidence) {
    if (!exceeds(evidence.absent_tokens, evidence.evidence_tokens, 2)) return std::nullopt;
    return fmt::format("corrupt evidence: {} of {} tokens are not among their own candidates", evidence.absent_tokens,
                       evidence.evidence_tokens);
}

Fault repeated_lists(const EvidenceSummary& evidence) {
    if (evidence.adjacent_pairs < least_pairs) return std::nullopt;
    if (!exceeds(evidence.repeated_pairs, evidence.adjacent_pairs, 4)) return std::nullopt;
    return fmt::format("corrupt evidence: {} of {} neighbouring tokens have identical candidates",
                       evidence.repeated_pairs, evidence.adjacent_pairs);
}

Fault contradicted_count(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts) {
    const auto tokens = static_cast<std::int64_t>(evidence.tokens);
    if (facts.reported_output_tokens) {
        const std::int64_t reported = std::max<std::int64_t>(*facts.reported_output_tokens, 0);
        if (reported == 0 && facts.has_text) {
            return "contradicting count: the server reports 0 output tokens for an answer with text";
        }
        if (tokens > 2 && (tokens - 2) * 100 > reported * 101) {
            return fmt::format("contradicting count: evidence for {} tokens, but the server reports {}", tokens,
                               reported);
        }
    }
    // What a provable stop takes for granted must hold for the calls it did not stop, too.
    if (gate.stop_early == StopEarly::provable && facts.max_tokens && tokens > *facts.max_tokens) {
        return fmt::format("contradicting count: evidence for {} tokens, but max_tokens was {}", tokens,
                           *facts.max_tokens);
    }
    return std::nullopt;
}

}  // namespace

Covered covered(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts) {
    const bool own_logprobs_suffice = gate.signal == Signal::logprob_mean;
    return {own_logprobs_suffice ? evidence.logprob_tokens : evidence.evidence_tokens,
            std::max(evidence.tokens, reported_in_scope(gate.settings.scope, facts))};
}

std::optional<std::string> fallback_fault(const CallFacts& facts) {
    if (facts.answered_by.empty()) return std::nullopt;
    return fmt::format("answered by fallback '{}': the threshold belongs to '{}'", facts.answered_by, facts.asked);
}

std::optional<std::string> evidence_fault(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts) {
    if (auto fault = fallback_fault(facts)) return fault;
    const Covered coverage = covered(gate, evidence, facts);
    if (facts.logprobs_refused) return "server refuses logprobs";
    if (auto fault = corrupt_lists(evidence)) return fault;
    if (auto fault = nothing(gate, evidence, coverage)) return fault;
    if (auto fault = too_little(gate, evidence, coverage)) return fault;
    if (auto fault = foreign_lists(evidence)) return fault;
    if (auto fault = repeated_lists(evidence)) return fault;
    return contradicted_count(gate, evidence, facts);
}

}  // namespace enough
