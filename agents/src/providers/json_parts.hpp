#pragma once

#include <enough/agents/token.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// Parts of JSON that somebody else wrote. Nothing here throws: what is missing or of another type is absent.

/// The text as a JSON object; absent if it is none, holds bytes that are no UTF-8 or is nested deeper than 64 levels.
std::optional<nlohmann::json> json_object(const std::string& text);

/// The member of an object; null if there is none.
const nlohmann::json* member(const nlohmann::json& object, std::string_view name);

/// The member if it is an array; an empty one otherwise.
const nlohmann::json& array_at(const nlohmann::json& object, std::string_view name);

/// The member if it is an object; an empty one otherwise.
const nlohmann::json& object_at(const nlohmann::json& object, std::string_view name);

/// The member if it is a string; empty otherwise. Valid as long as the object.
std::string_view text_at(const nlohmann::json& object, std::string_view name);

/// The member if it is a number from 0 to 10^15: beyond that a count is nonsense.
std::optional<std::int64_t> count_at(const nlohmann::json& object, std::string_view name);

/// The member if it is a number; NaN otherwise.
double number_at(const nlohmann::json& object, std::string_view name);

bool true_at(const nlohmann::json& object, std::string_view name);

/// An entry `{token, bytes, logprob, top_logprobs: [{token, bytes, logprob}]}` as OpenAI, Ollama and llama.cpp write
/// it, uncleaned. `bytes` counts where it is a list of bytes, else the token's text.
Token token_of(const nlohmann::json& entry);

}  // namespace enough
