#pragma once

#include "providers/server_text.hpp"

#include <enough/agents/failure.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// How long to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date). Never negative, at most a day.
std::optional<std::chrono::milliseconds> http_retry_after(const std::optional<std::string>& milliseconds,
                                                          const std::optional<std::string>& retry_after,
                                                          std::chrono::system_clock::time_point now);

/// A response that is no stream and no answer.
struct HttpRefusal {
    int status = 0;
    std::string content_type;
    std::string body;      ///< bounded by whoever read it
    std::string location;  ///< of a redirect
};

/// What a refusal's body says, in whichever of the usual shapes: `{"error":{"message"}}`, `{"error":"…"}`,
/// `{"message"}`, FastAPI's `{"detail":"…"}` and `{"detail":[{"msg"}]}`, or the body as it is.
struct ServerError {
    std::string message;  ///< unbounded and as the server wrote it: not fit to be shown
    std::string code;     ///< code and type, in lower case
};
ServerError server_error(const std::string& body);

/// True for a web page: the URL leads to no API.
bool is_html(std::string_view content_type, std::string_view body);

/// The failure for a response other than 2xx, or for a page. `retry_after` is left to the caller.
Failure http_failure(const HttpRefusal& refusal, const std::string& origin, const ServerText& server_text);

/// The failure for an error object inside a stream: `message` fit to be shown, `code` its code and type.
Failure stream_failure(const std::string& message, std::string_view code);

}  // namespace enough
