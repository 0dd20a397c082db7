#pragma once

#include <enough/agents/token.hpp>
#include <enough/policies/evidence.hpp>

#include <rapidcheck.h>

#include <cstddef>
#include <string>
#include <vector>

namespace enough::test {

/// Words with a proper distribution over them: what an honest server sends.
rc::Gen<std::vector<Candidate>> honest_candidates(std::size_t least, std::size_t most);

/// Whatever a server may send: sentinels, infinities, repeated keys, masses above 1, nothing.
rc::Gen<std::vector<Candidate>> any_candidates();

/// A token of an honest server: sampled from its own list.
rc::Gen<Token> honest_token();

/// A token of any server, in any phase.
rc::Gen<Token> any_token();

std::vector<Candidate> uniform(std::size_t count, const std::string& prefix = "w");

/// Sound evidence of 100 tokens on which every signal has the same value.
EvidenceSummary evidence_of(double value);

}  // namespace enough::test
