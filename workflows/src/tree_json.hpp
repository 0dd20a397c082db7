#pragma once

#include "yaml_tree.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace enough {

/// The tree as JSON, scalars typed by YAML's core rules.
nlohmann::json to_json(const Node& node);

/// SHA-256 (hex) of what a workflow says: its tree and the texts it reads from files. API keys, header values and
/// `x-…` keys are left out.
std::string workflow_hash(const Node& root, const std::vector<std::string>& texts);

}  // namespace enough
