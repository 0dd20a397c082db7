#pragma once

#include <enough/orchestrator/evaluation.hpp>

#include <nlohmann/json_fwd.hpp>

namespace enough {

/// `details`: every item with its answers, and the entropy of their tokens.
nlohmann::ordered_json details_json(const Evaluation& evaluation);

}  // namespace enough
