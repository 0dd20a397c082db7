#pragma once

#include "telemetry/span.hpp"

#include <enough/workflows/workflow.hpp>

namespace enough {

/// What a call's span says of the model that is asked: provider, name and server, in the words of OpenTelemetry's
/// conventions. No key, no header, no path.
Attributes model_attributes(const Model& model);

}  // namespace enough
