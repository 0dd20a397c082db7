#pragma once

#include <enough/orchestrator/doctor.hpp>

#include <cstddef>
#include <optional>

namespace enough {

/// What the tokens of one answer came with, before anything is made of it.
struct ProbeEvidence {
    std::size_t tokens = 0;
    std::size_t without_list = 0;      ///< no candidates at all
    std::size_t single = 0;            ///< exactly one
    std::size_t sentinels = 0;         ///< several, of which fewer than two are probabilities
    std::size_t usable = 0;            ///< two or more that are
    std::size_t reasoning = 0;         ///< tokens of the reasoning
    std::size_t usable_reasoning = 0;  ///< of them with usable candidates
    int k = 0;                         ///< usable candidates of most usable tokens: their median
};

ProbeEvidence evidence_of(const Probe& probe, int top_k);

/// How the distributions of two answers to one question relate, seen where both stand at the same place: at the first
/// token, and on as long as the same was written before. `ratio` is the factor between the distances of candidates'
/// logprobs, 1 where they are equal: temperature T turns logprobs l into l / T plus a constant. `largest_gap`: between
/// two logprobs of one candidate. Absent without two candidates to compare.
struct Relation {
    double ratio = 1;
    double largest_gap = 0;  ///< nats, among candidates that matter (logprob above -4)
};
std::optional<Relation> relation(const Probe& a, const Probe& b);

}  // namespace enough
