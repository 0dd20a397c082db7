#pragma once

#include "serve/api_error.hpp"
#include "serve/http_message.hpp"
#include "serve/run_record.hpp"

#include <optional>
#include <string>
#include <variant>

namespace enough {

/// What `GET /v1/runs` is asked for: `?workflow=`, `status=`, `since=`, `until=` (RFC 3339 in UTC, or seconds since
/// 1970), `limit=` (1 to 100; 20). `before` names a run, and is left to whoever knows its time.
std::variant<RunFilter, ApiError> read_run_filter(const ServerRequest& request);

/// A parameter of a request; absent if it is not there.
std::optional<std::string> query_parameter(const ServerRequest& request, const std::string& name);

}  // namespace enough
