#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace enough {

/// Checks a JSON Schema (draft-07) and gives back what of it says something about values: keywords that only describe,
/// `$id` and `format` among them, are left out. The result can be handed to a validator that trusts its schema: types
/// are right, references point into the schema and never lead back without going into the value, patterns are
/// bounded. Throws `std::invalid_argument` with the place of the fault.
nlohmann::json checked_schema(const nlohmann::json& schema);

/// Why a pattern is not taken; empty if it is.
std::string pattern_fault(const std::string& pattern);

}  // namespace enough
