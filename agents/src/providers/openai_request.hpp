#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <string>
#include <utility>
#include <vector>

namespace enough {

/// What a server was found to accept, learned from its refusals.
struct OpenAiDialect {
    std::string max_tokens_field = "max_tokens";
    bool gives_logprobs = true;
    int max_top_logprobs = 0;  ///< 0: no maximum is known

    bool operator==(const OpenAiDialect&) const = default;
};

/// The URL of chat completions under a base URL; a query (as some hosts want) stays at its end. Throws
/// `std::invalid_argument` if the base URL is none.
struct OpenAiEndpoint {
    std::string url;
    std::string origin;  ///< scheme, host and port: the part that may stand in messages
};
OpenAiEndpoint openai_endpoint(const std::string& base_url);

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The header fields of every request; those of the settings replace our own. Throws `std::invalid_argument` if one
/// holds a control character.
HttpHeaders openai_headers(const OpenAiSettings& settings);

/// The JSON body of a streamed chat completion. `extra_body` is merged last, as RFC 7396 says: objects member by
/// member, and null removes. Throws `std::invalid_argument` if it is no JSON object.
std::string openai_body(const Request& request, const OpenAiSettings& settings, const OpenAiDialect& dialect);

}  // namespace enough
