#pragma once

#include <enough/agents/failure.hpp>
#include <enough/net/http_client.hpp>

#include "net/url.hpp"

#include <string>

namespace enough {

enum class TargetForm {
    origin,    ///< path and query
    absolute,  ///< the whole URL, as a proxy wants it
};

/// The request line and header of a request, ready to be sent. What frames the message (`Host`, `Content-Length`,
/// `Transfer-Encoding`, `Connection`, `Accept-Encoding`) is decided here, whatever the request's headers say. A method
/// or header that could smuggle another line is a `bad_request`.
Result<std::string> request_head(const HttpRequest& request, const Url& url, TargetForm form,
                                 const std::string& proxy_authorization);

}  // namespace enough
