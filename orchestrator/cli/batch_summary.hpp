#pragma once

#include "terminal.hpp"

#include <enough/orchestrator/batch.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace enough::cli {

/// What `enough batch --json` prints, and `--status --json` begins with.
nlohmann::ordered_json batch_json(const BatchFiles& files, const BatchCounts& counts, bool complete);

/// The same in words, in a line or two.
std::string batch_in_words(const Terminal& terminal, const BatchFiles& files, const BatchCounts& counts);

/// How the budget of calls was spent (`Batch::call_budget`, not null), in some lines.
std::string call_budget_in_words(const nlohmann::ordered_json& budget);

}  // namespace enough::cli
