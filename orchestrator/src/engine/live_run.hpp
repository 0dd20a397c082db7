#pragma once

#include "engine/mailbox.hpp"
#include "engine/samples.hpp"
#include "engine/unfinished.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/task_group.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

namespace enough {

/// The shell around `step`: performs the actions of one run and feeds back what comes of them.
class LiveRun {
public:
    LiveRun(std::shared_ptr<const Workflow> workflow, const Agents& agents, const ToolServers& tools,
            RunOptions options, asio::any_io_executor executor);

    /// Runs to the end, or to where it waits to be granted a call; joined. Cancelling it ends the run; it returns
    /// normally all the same. `cancelled`: its caller has been cancelled before.
    Task<void> to_end(RunStarted start, bool cancelled);

    /// Goes on with one that was interrupted, to its end; otherwise the same. `left` must be of this run.
    Task<void> to_end(Unfinished left, bool cancelled);

    RunState state() && { return std::move(state_); }

    /// Asks the run's purse for another attempt of a call.
    bool another_attempt(CallId call, AttemptKind kind, const Usage& spent, std::string_view reason);

private:
    Task<void> live(bool cancelled);
    void limit_time();
    void take_up(Unfinished left);
    void take_up(Unfinished::Call call);
    void tell(const Event& event) const;
    void feed(EventBody fact);
    void perform(Action action);
    void forget(const Forget& forgotten);
    Task<void> list_tools(RunStarted& start);
    Task<void> call(Ask ask, int sample, Usage before);
    Task<void> post(EventBody fact);
    Task<void> use_tool(CallTool wish);
    Task<void> ask_person(AskApproval question);
    Task<void> sleep(Sleep sleep);
    Task<void> watch_time(Deadline deadline);
    RunTime now() const;

    const Agents& agents_;
    const ToolServers& tools_;
    RunOptions options_;
    RunState state_;
    Mailbox mailbox_;
    TaskGroup group_;
    std::uint64_t owner_;  ///< of the run's calls, where they wait for their turn
    Samples samples_;
    std::map<CallId, TaskGroup::Id> in_flight_;
    std::map<ToolUseId, TaskGroup::Id> tool_uses_;
    std::map<ApprovalId, TaskGroup::Id> approvals_;
    std::deque<Action> to_do_;  ///< a fact may come while the actions of another are performed; order is kept
    bool performing_ = false;
    Deadline::Clock::time_point began_ = Deadline::Clock::now();
    Deadline deadline_;
};

}  // namespace enough
