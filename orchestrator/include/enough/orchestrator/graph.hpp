#pragma once

#include <enough/workflows/workflow.hpp>

#include <string>

namespace enough {

/// The workflow as a Mermaid flowchart: its steps with their ladders, what leads from one to the next and why.
std::string mermaid(const Workflow& workflow);

}  // namespace enough
