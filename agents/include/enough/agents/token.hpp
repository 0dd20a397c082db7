#pragma once

#include <limits>
#include <string>
#include <vector>

namespace enough {

/// One candidate for a token position, as the model ranked it.
struct Candidate {
    std::string bytes;  ///< the candidate's own bytes; may be a fragment of a UTF-8 character. The key of a candidate.
    double logprob =
        0;  ///< natural logarithm of its probability; may be a sentinel or not finite, as the server sent it

    bool operator==(const Candidate&) const = default;
};

/// Which part of an answer a token belongs to.
enum class Phase { reasoning, answer };

/// One sampled token with the evidence that came with it, uncleaned: `policies` decides what of it counts.
struct Token {
    std::string bytes;
    double logprob = std::numeric_limits<double>::quiet_NaN();  ///< NaN: the server gave none
    Phase phase = Phase::answer;
    std::vector<Candidate> candidates;  ///< in any order; empty: the server gave none

    bool operator==(const Token&) const = default;
};

}  // namespace enough
