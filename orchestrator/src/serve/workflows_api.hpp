#pragma once

#include "serve/http_message.hpp"
#include "serve/served_workflows.hpp"

namespace enough {

/// `GET /v1/workflows`: {"data": [workflow_view…]}, by name.
ServerResponse workflows_response(const ServedWorkflows& workflows);

}  // namespace enough
