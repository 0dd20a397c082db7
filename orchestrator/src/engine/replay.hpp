#pragma once

#include <enough/orchestrator/step.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace enough {

/// Told of each fact that is folded again, and what the engine wanted done about it then.
using OnFold = std::function<void(const Event& fact, std::vector<Action> actions)>;

/// `fold`, watched.
RunState replay(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& events, const OnFold& on_fold);

}  // namespace enough
