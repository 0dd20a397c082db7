#pragma once

#include "providers/openai_request.hpp"

#include <enough/agents/failure.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Makes what a server says fit to be shown: one line, bounded, without control characters and without our secrets,
/// which some servers repeat.
class ServerText {
public:
    ServerText() = default;
    explicit ServerText(std::vector<std::string> secrets);

    std::string excerpt(std::string_view text) const;

    static constexpr std::size_t max_length = 200;

private:
    std::vector<std::string> secrets_;
};

/// How long to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date). Never negative, at most a day.
std::optional<std::chrono::milliseconds> openai_retry_after(const std::optional<std::string>& milliseconds,
                                                            const std::optional<std::string>& retry_after,
                                                            std::chrono::system_clock::time_point now);

/// A response that is no stream and no answer.
struct OpenAiRefusal {
    int status = 0;
    std::string content_type;
    std::string body;      ///< bounded by whoever read it
    std::string location;  ///< of a redirect
};

/// True for a web page: the URL leads to no API.
bool is_html(std::string_view content_type, std::string_view body);

/// The failure for a response other than 2xx, or for a page. `retry_after` is left to the caller.
Failure openai_http_failure(const OpenAiRefusal& refusal, const std::string& origin, const ServerText& server_text);

/// The failure for an error object inside a stream: `message` fit to be shown, `code` its code and type.
Failure openai_stream_failure(const std::string& message, std::string_view code);

/// What the refusal of `request` teaches about the server: a dialect in which asking again makes sense, or nothing.
std::optional<OpenAiDialect> openai_learn(const OpenAiRefusal& refusal, const Request& request,
                                          const OpenAiDialect& dialect);

}  // namespace enough
