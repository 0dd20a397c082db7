#pragma once

#include "engine/mailbox.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/task_group.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace enough {

/// The shell around `step`: performs the actions of one run and feeds back what comes of them.
class LiveRun {
public:
    LiveRun(std::shared_ptr<const Workflow> workflow, const Agents& agents, RunOptions options,
            asio::any_io_executor executor);

    /// Runs to the end, joined. Cancelling it ends the run; it returns normally all the same.
    Task<void> to_end(RunStarted start);

    RunState state() && { return std::move(state_); }

private:
    void feed(EventBody fact);
    void perform(Action action);
    Task<void> call(Ask ask);
    Task<void> watch_time(Deadline deadline);
    RunTime now() const;

    const Agents& agents_;
    RunOptions options_;
    RunState state_;
    Mailbox mailbox_;
    TaskGroup group_;
    std::map<CallId, TaskGroup::Id> in_flight_;
    Deadline::Clock::time_point began_ = Deadline::Clock::now();
    Deadline deadline_;
};

}  // namespace enough
