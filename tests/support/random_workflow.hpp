#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace enough::test {

/// The text of a workflow that loads: some scripted models with random answers, entropies and failures, random ladders,
/// needs, conditions and limits. The same seed gives the same text.
/// `tokens`: its only limit; absent: any.
std::string random_workflow(std::uint64_t seed, std::optional<int> tokens = {});

}  // namespace enough::test
