#pragma once

#include <string_view>

namespace enough {

/// The description of the HTTP API (OpenAPI 3.0, JSON), as it is served at `/openapi.json`.
extern const std::string_view openapi;

}  // namespace enough
