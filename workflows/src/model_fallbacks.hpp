#pragma once

#include <enough/workflows/workflow.hpp>

#include <map>
#include <string>
#include <vector>

namespace enough {

/// Why models can't fall back as they are told to.
struct FallbackFault {
    std::string model;  ///< whose `fallback` it is
    std::string message;
};

/// Every fallback must be a model, named once, and none may lead back to the model it stands in for.
std::vector<FallbackFault> fallback_faults(const std::map<std::string, Model>& models);

}  // namespace enough
