#pragma once

#include "serve/api_error.hpp"
#include "serve/http_message.hpp"

#include <optional>
#include <string>

namespace enough {

/// Keeps web pages of other sites from using a server that only their visitor can reach.
struct RequestGuard {
    bool loopback_names_only = false;  ///< without keys: a `Host` that is another name has been rebound to this machine
    std::string allowed_origin;        ///< pages of this origin may ask (CORS); `*`: of any; empty: of none but our own

    /// Absent: the request may be answered.
    std::optional<ApiError> refusal(const ServerRequest& request) const;

    /// What a response says of who may read it.
    HeaderList headers() const;

    /// Is it a browser asking what its page may do?
    static bool is_preflight(const ServerRequest& request);
};

}  // namespace enough
