#pragma once

#include <enough/orchestrator/engine.hpp>
#include <enough/workflows/workflow.hpp>

#include <map>
#include <memory>
#include <string>

namespace enough {

/// A workflow with its engine. Runs hold on to the one they were started with, so that another can take its place.
struct ServedWorkflow {
    std::shared_ptr<const Workflow> workflow;
    std::unique_ptr<Engine> engine;
};

/// By name, as clients know them.
using ServedWorkflows = std::map<std::string, std::shared_ptr<ServedWorkflow>>;

}  // namespace enough
