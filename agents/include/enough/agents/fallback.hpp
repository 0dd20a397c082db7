#pragma once

#include <enough/agents/agent.hpp>

#include <memory>
#include <string>
#include <vector>

namespace enough {

/// A model that is asked when another has failed.
struct FallbackChoice {
    std::string name;  ///< in the workflow's `models:`
    Agent* agent = nullptr;
};

/// An agent that asks `first`, and when that has failed for good (after its own retries) the `others`, in order; each
/// is a further attempt, which the request's `attempts` must grant. A script that has ended (`script_ended`) is a
/// mistake in the script and no reason to ask somebody else.
///
/// The answer of another model has its name in `answered_by`. No evidence is asked of it: thresholds belong to a model.
/// The usage is that of all. If all fail, the failure is the first one's, its message names the others' too.
///
/// The others must outlive the agent and its calls.
std::unique_ptr<Agent> make_fallback(std::unique_ptr<Agent> first, std::vector<FallbackChoice> others);

}  // namespace enough
