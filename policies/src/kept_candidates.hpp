#pragma once

#include <enough/agents/token.hpp>
#include <enough/policies/token_entropy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace enough {

/// A candidate that counts. `key` is equal for equal bytes and almost always different for different ones.
struct KeptCandidate {
    double logprob;
    const std::string* bytes;
    std::uint64_t key;
};

/// The candidates of one token that count: cleaned, the larger of equal keys, surest first, at most k. Refers to the
/// candidates it was made of; lives on the stack for up to 64 of them.
class KeptCandidates {
public:
    KeptCandidates(std::span<const Candidate> given, int k);
    KeptCandidates(const KeptCandidates&) = delete;
    KeptCandidates& operator=(const KeptCandidates&) = delete;

    std::span<const KeptCandidate> list() const { return kept_; }

    /// Equal for equal lists, whatever the order they were given in.
    std::uint64_t fingerprint() const;

private:
    std::span<KeptCandidate> clean_and_sort(std::span<const Candidate> given);

    std::array<KeptCandidate, 64> few_;
    std::vector<KeptCandidate> many_;
    std::span<KeptCandidate> kept_;
};

/// `token_entropy` of candidates that are cleaned already.
TokenEntropy measure(const KeptCandidates& kept);

}  // namespace enough
