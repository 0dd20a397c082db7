#pragma once

#include <enough/workflows/bundle.hpp>

#include <optional>
#include <string>

namespace enough {

/// What keeps `bundle` from being one, in words that follow on "a bundle": its numbers, its paths, its hash.
std::optional<std::string> fault_of(const WorkflowBundle& bundle);

}  // namespace enough
