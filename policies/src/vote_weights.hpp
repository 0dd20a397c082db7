#pragma once

#include <enough/policies/vote.hpp>

#include <optional>
#include <vector>

namespace enough {

/// What each ballot weighs: 0 for those without an answer or without the number that is asked for. Absent if no vote
/// weighs anything: then the votes are counted.
std::optional<std::vector<double>> vote_weights(const std::vector<Ballot>& ballots, const Voting& voting);

}  // namespace enough
