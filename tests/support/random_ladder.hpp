#pragma once

#include <cstdint>
#include <string>

namespace enough::test {

/// A workflow whose calls come one after the other: one step with a ladder of agents, gated by `entropy.mean`, some
/// refining, with scripted answers that are sure, unsure, cut, without evidence or errors. The input is `q`. The same
/// seed gives the same text on every machine that has the same standard library.
std::string random_ladder(std::uint64_t seed);

}  // namespace enough::test
