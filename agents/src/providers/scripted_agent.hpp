#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace enough {

/// `k` candidates whose entropy is `bits`: one head (first) and k - 1 equal tails. Nothing if no such distribution
/// exists, which is so beyond log2 k. The tails' names contain `position`, so that neighbouring lists differ.
std::optional<std::vector<Candidate>> scripted_candidates(std::string_view head, double bits, int k,
                                                          std::size_t position);

/// Gives prepared answers, in order or by what they ask `when` for. Deterministic. Throws `std::invalid_argument` for a
/// `when` that is no regular expression, an unknown `error` or `finish_reason`, and for impossible numbers.
std::unique_ptr<Agent> make_scripted_agent(ScriptedSettings settings);

}  // namespace enough
