#pragma once

#include <cstdint>
#include <string>

namespace enough::test {

/// The text of a workflow that loads: some scripted models with random answers, entropies and failures, random ladders,
/// needs, conditions and limits. The same seed gives the same text.
std::string random_workflow(std::uint64_t seed);

}  // namespace enough::test
