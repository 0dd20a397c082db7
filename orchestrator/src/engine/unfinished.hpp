#pragma once

#include "engine/samples.hpp"

#include <enough/orchestrator/step.hpp>

#include <map>
#include <memory>
#include <vector>

namespace enough {

/// A run whose recorded events end before it does: where it stands, and what was under way.
struct Unfinished {
    struct Call {
        Ask ask;
        int sample = 0;
        bool requested = false;  ///< so the events say: it may have been sent, and have cost something
    };

    RunState state;
    std::vector<Event> untold;  ///< conclusions of the last fact that are not among the events
    std::map<CallId, Call> calls;
    std::map<ToolUseId, CallTool> tool_uses;
    std::map<ApprovalId, AskApproval> approvals;
    std::map<TimerId, Sleep> timers;
    Samples samples;
};

/// Throws what `fold` throws.
Unfinished unfinished(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& recorded);

}  // namespace enough
