#pragma once

#include <enough/agents/tool.hpp>

#include <nlohmann/json.hpp>

namespace enough {

/// A tool's parameters as a JSON Schema of an object, whatever they are.
nlohmann::ordered_json parameters_schema(const ToolSpec& tool);

/// The arguments of a call as an object. What the model wrote may be none; then it is wrapped, since servers refuse a
/// conversation with broken ones; so is what is nested more than 100 levels deep.
nlohmann::ordered_json arguments_object(const ToolCall& call);

}  // namespace enough
