#pragma once

#include <enough/async/task.hpp>

namespace enough {

/// Awaits what must be done even if the caller is cancelled, before or meanwhile: tidying up. The caller notices its
/// cancellation at its next wait. Only for what ends by itself soon.
Task<void> uncancelled(Task<void> op);

}  // namespace enough
