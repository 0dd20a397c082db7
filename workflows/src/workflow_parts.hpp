#pragma once

#include <enough/workflows/workflow.hpp>

#include <set>
#include <string>
#include <vector>

namespace enough {

/// The agents that these steps and the steps inside them ask, referees and judges included.
std::set<std::string> agents_asked(const std::vector<Step>& steps);

}  // namespace enough
