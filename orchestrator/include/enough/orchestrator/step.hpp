#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>
#include <enough/policies/early_stop.hpp>
#include <enough/policies/signal.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace enough {

/// Ask a model. The answer, the failure or the abortion comes back as a fact.
struct Ask {
    CallId call = 0;
    std::string model;
    std::vector<Message> messages;
    Sampling sampling;
    std::vector<ToolSpec> tools;
    bool tools_forbidden = false;
    std::optional<SignalSettings> evidence;  ///< absent: ask for none
    std::optional<EarlyStop> stop_early;
};

/// Stop a call; its `CallAborted` (or an answer that was faster) comes back as a fact.
struct Abort {
    CallId call = 0;
};

/// Call a tool; `ToolReturned` comes back.
struct CallTool {
    ToolUseId use = 0;
    std::string server;  ///< its key
    std::string tool;
    std::string arguments;
};

/// Ask a person; `ApprovalGiven` comes back.
struct AskApproval {
    ApprovalId approval = 0;
    std::string step;
    std::string message;
};

/// Say so when it is time; `TimerFired` comes back.
struct Sleep {
    TimerId timer = 0;
    RunTime until{};
};

/// Nobody waits for a tool or a person any more: what comes of it is not a fact.
struct Forget {
    std::vector<ToolUseId> tool_uses;
    std::vector<ApprovalId> approvals;
};

/// Tell whoever listens.
struct Emit {
    Event event;
};

/// Nothing is left to do.
struct Finish {};

using Action = std::variant<Ask, Abort, CallTool, AskApproval, Sleep, Forget, Emit, Finish>;

/// The engine's core: folds one fact into the state and says what to do next. No I/O, no clock; the same state and fact
/// give the same actions. Throws `std::logic_error` for a fact that can't follow (an answer to a call that is not in
/// flight, anything after the end).
///
/// The fact itself is among the emitted events, numbered, followed by what was concluded from it.
std::vector<Action> step(RunState& state, RunTime at, EventBody fact);

/// Folds saved events into a state: resume, replay and audit. Events that are not facts are compared with what the
/// engine concludes now. Throws `std::invalid_argument` if the log is of another workflow, out of order or torn in the
/// middle, `AuditError` if a conclusion differs.
RunState fold(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& events);

/// What stands before the names of a sub-workflow's servers of tools in their keys: two files may have one name.
std::string tool_server_prefix(const Workflow& sub_workflow);

class AuditError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace enough
