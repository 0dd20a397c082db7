#pragma once

#include "serve/http_message.hpp"

#include <enough/orchestrator/trace_context.hpp>

#include <optional>

namespace enough {

/// The span that a request is made by, if its headers say so in the standard's way; two `traceparent` are none.
std::optional<TraceContext> trace_of(const ServerRequest& request);

}  // namespace enough
