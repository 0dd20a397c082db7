#pragma once

#include <enough/agents/token.hpp>

#include <optional>
#include <span>

namespace enough {

/// Why a token has no evidence.
enum class MissingEvidence {
    no_candidates,     ///< none was given, or none survived cleaning
    single_candidate,  ///< one survived: its entropy would be 0, which says nothing (a list cut by top_p, k = 1)
    mass_above_one,    ///< covered mass above 1.05: no probability distribution, the data are corrupt
};

/// What one token's candidates say. `entropy` and `confidence` are meaningful only while `missing` is absent.
struct TokenEntropy {
    double entropy = 0;       ///< bits, >= 0: -sum p_i log2 p_i with p_i = exp(l_i) / sum exp(l_j) over the kept
    double confidence = 0;    ///< nats: -mean l_i over the kept, not renormalised (DeepConf's C_t)
    int k_effective = 0;      ///< candidates kept, also when missing
    double covered_mass = 0;  ///< sum exp(l_i) over the kept, not clamped; 0 if none
    std::optional<MissingEvidence> missing;
};

/// Cleans the candidates and measures them: drops logprobs that are not finite or below -100, keeps the larger of equal
/// keys, then the k largest. `k` is at least 2. Allocates nothing for up to 64 candidates.
TokenEntropy token_entropy(std::span<const Candidate> candidates, int k);

/// The range in which the entropy over a whole vocabulary lies, given what the kept candidates leave uncovered: with
/// u = 1 - covered mass, [h2(u) + (1-u) H, that + u log2(V - k_effective)] bits.
struct EntropyRange {
    double low = 0;
    double high = 0;
};
EntropyRange full_entropy(const TokenEntropy& measured, std::size_t vocabulary);

}  // namespace enough
