#pragma once

#include <enough/agents/settings.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// Where requests go.
struct Endpoint {
    std::string url;
    std::string origin;  ///< scheme, host and port: the part that may stand in messages
};

/// The URL of `path` (`/chat/completions`) under a base URL, which may end in it already; a query (as some hosts want)
/// stays at its end. Throws `std::invalid_argument` if the base URL is none; `example` says what it looks like.
Endpoint endpoint(const std::string& base_url, std::string_view path,
                  std::string_view example = "https://api.openai.com/v1");

/// A URL without this at its end, and without the slashes there.
std::string without_ending(std::string url, std::string_view ending);

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The header fields of every request: `own`, and those of the settings, which replace them. Throws
/// `std::invalid_argument` if one holds a control character.
HttpHeaders request_headers(HttpHeaders own, const ServerSettings& settings);

/// The body of a request as it is sent. `extra_body` is merged last, as RFC 7396 says: objects member by member, and
/// null removes. Bytes that are no UTF-8 become U+FFFD. Throws `std::invalid_argument` if `extra_body` is no JSON
/// object.
std::string request_body(nlohmann::ordered_json body, const ServerSettings& settings);

}  // namespace enough
