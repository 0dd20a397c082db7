#pragma once

#include "providers/dialect.hpp"
#include "providers/endpoint.hpp"

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <optional>
#include <string>

namespace enough {

/// `/chat/completions` under a base URL.
Endpoint openai_endpoint(const std::string& base_url);

/// The header fields of every request.
HttpHeaders openai_headers(const OpenAiSettings& settings);

/// The JSON body of a chat completion, streamed or not as `request` has it. Throws `std::invalid_argument` if
/// `extra_body` is no JSON object.
std::string openai_body(const Request& request, const OpenAiSettings& settings, const Dialect& dialect);

/// What a refusal teaches: that there are fewer candidates or none, or the other name of `max_tokens`.
std::optional<Dialect> openai_learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used,
                                    OpenAiProfile profile = OpenAiProfile::generic);

}  // namespace enough
