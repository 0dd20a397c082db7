#include "kept_candidates.hpp"

#include "logprob_limits.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace enough {

namespace {

constexpr std::uint64_t odd_constant = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

template <class Word>
std::uint64_t load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof(word));
    return word;
}

// Reads all bytes of a key of up to 16 (nearly every token), the ends of a longer one.
std::uint64_t key_of(const std::string& bytes) {
    const char* const data = bytes.data();
    const std::size_t size = bytes.size();
    std::uint64_t key = 0;
    if (size >= 8) {
        key = load<std::uint64_t>(data) ^ std::rotl(load<std::uint64_t>(data + size - 8) * odd_constant, 31);
    } else if (size >= 4) {
        key = load<std::uint32_t>(data) | load<std::uint32_t>(data + size - 4) << 32;
    } else if (size > 0) {
        key = load<std::uint8_t>(data) | load<std::uint8_t>(data + size / 2) << 8 |
              load<std::uint8_t>(data + size - 1) << 16;
    }
    return key ^ size * odd_constant;
}

// The finaliser of splitmix64.
std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
    return bits ^ bits >> 31;
}

bool counts(const Candidate& candidate) {
    return std::isfinite(candidate.logprob) && candidate.logprob >= least_logprob;
}

bool surer(const KeptCandidate& left, const KeptCandidate& right) {
    return left.logprob > right.logprob;
}

}  // namespace

KeptCandidates::KeptCandidates(std::span<const Candidate> given, int k) {
    const std::span<KeptCandidate> sorted = clean_and_sort(given);
    const auto most = static_cast<std::size_t>(std::max(k, 2));
    std::size_t count = 0;
    for (KeptCandidate candidate : sorted) {
        if (count == most) break;
        candidate.key = key_of(*candidate.bytes);
        // The surest of equal keys comes first, so whatever is already there wins.
        const bool repeated = std::ranges::any_of(sorted.first(count), [&](const KeptCandidate& earlier) {
            return earlier.key == candidate.key && *earlier.bytes == *candidate.bytes;
        });
        if (!repeated) sorted[count++] = candidate;
    }
    kept_ = sorted.first(count);
}

std::span<KeptCandidate> KeptCandidates::clean_and_sort(std::span<const Candidate> given) {
    if (given.size() > few_.size()) {
        many_.reserve(given.size());
        for (const Candidate& candidate : given) {
            if (counts(candidate)) many_.push_back({candidate.logprob, &candidate.bytes, 0});
        }
        std::ranges::stable_sort(many_, surer);
        return many_;
    }
    // Insertion sort: servers send the list sorted or nearly so, and then this is a single pass.
    std::size_t count = 0;
    for (const Candidate& candidate : given) {
        if (!counts(candidate)) continue;
        std::size_t place = count++;
        for (; place > 0 && few_[place - 1].logprob < candidate.logprob; --place)
            few_[place] = few_[place - 1];
        few_[place] = {candidate.logprob, &candidate.bytes, 0};
    }
    return std::span(few_).first(count);
}

std::uint64_t KeptCandidates::fingerprint() const {
    std::uint64_t sum = kept_.size();
    for (const KeptCandidate& candidate : kept_) {
        const auto logprob = std::bit_cast<std::uint64_t>(candidate.logprob + 0.0);  // -0.0 is 0.0
        sum += mix(mix(candidate.key) ^ logprob);
    }
    return sum;
}

}  // namespace enough
