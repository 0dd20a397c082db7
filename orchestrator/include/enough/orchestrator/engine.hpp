#pragma once

#include <enough/agents/agent.hpp>
#include <enough/async/task.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>
#include <enough/orchestrator/trace_context.hpp>
#include <enough/tools/tool_server.hpp>
#include <enough/workflows/workflow.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// The models of a workflow, ready to be asked. Shared by all its runs, so that connections, rate limits and loaded
/// files are too.
using Agents = std::map<std::string, std::unique_ptr<Agent>>;

/// Puts its fallbacks around each agent that has some, those of sub-workflows included. Around everything else, so that
/// recordings and caches hold each model's own answers.
Agents with_fallbacks(Agents agents, const Workflow& workflow);

/// Makes the agent of one model, without its fallbacks.
std::unique_ptr<Agent> make_model_agent(const Model& model, asio::any_io_executor executor);

/// Makes an agent for each model of `workflow` and its sub-workflows, by its key. Cheap: nothing is connected or loaded
/// yet.
Agents make_agents(const Workflow& workflow, asio::any_io_executor executor);

/// The servers of tools of a workflow and its sub-workflows, by key: the name, in a sub-workflow after
/// `tool_server_prefix`.
using ToolServers = std::map<std::string, std::unique_ptr<ToolServer>>;

/// Makes a client for each server. Nothing is started or connected yet.
ToolServers make_tool_servers(const Workflow& workflow, asio::any_io_executor executor);

/// A question of an `approve` step.
struct ApprovalQuestion {
    std::string run_id;
    std::string step;
    std::string message;
};

struct ApprovalReply {
    bool approved = false;
    std::string by;  ///< who says so; empty: nobody could be asked
    std::string comment;
};

/// Asks people.
class Approver {
public:
    virtual ~Approver() = default;

    /// May take as long as it likes; is cancelled (`terminal`) when nobody waits any more. Throws only then.
    virtual Task<ApprovalReply> ask(ApprovalQuestion question) = 0;
};

struct RunOptions {
    std::string run_id;             ///< empty: a new random one
    std::vector<EventSink*> sinks;  ///< must outlive the run
    std::optional<RunTrace> trace;  ///< what the servers of its calls are told; absent: nothing
    Approver* approver = nullptr;   ///< must outlive the run; null: nobody can be asked, and nothing is approved
    Sampling sampling;              ///< in the place of the agents' own; only what `Workflow::allowed` allows counts
    RunAllowance allowance;
    /// The run is suspended rather than make more calls than this in all; see `orchestrator/call_by_call.hpp`. Absent:
    /// as many as it likes. Only for workflows that `why_not_call_by_call` has nothing against, others throw.
    std::optional<int> granted_calls;
    /// Of a suspended run that is gone on with: why no further call is granted, so that it ends with what it has.
    /// Empty: it may be.
    std::string calls_ended;
};

/// Runs one workflow any number of times, also at the same time.
///
/// A run lives on the executor that awaits it. All runs of an engine share its connections, so they must share one
/// strand, or a context run by one thread: the one the engine was made for. The engine must outlive its runs.
class Engine {
public:
    /// Makes the models' agents and the servers of tools itself.
    Engine(std::shared_ptr<const Workflow> workflow, asio::any_io_executor executor);
    /// Uses the given ones: for tests, decorators and callers with agents of their own. Every model must be there, by
    /// its key, and every server of tools.
    Engine(std::shared_ptr<const Workflow> workflow, Agents agents, ToolServers tools = {});

    /// Runs to the end and returns the final state; `report(state)` makes the run report of it. What goes wrong in a
    /// run is in the state, not an exception; inputs that do not fit throw `std::invalid_argument` before anything is
    /// asked.
    ///
    /// With `granted_calls` it may come back suspended: `awaits_call(state)`, its status `running`. Nothing of it is
    /// left running then either; `resume` goes on with it.
    ///
    /// Cancelling it (`terminal`) closes every socket of the run, joins its calls and returns normally, with the status
    /// `cancelled`. When it returns, nothing of the run is left running.
    Task<RunState> run(nlohmann::json inputs, RunOptions options = {});

    /// Goes on with a run that was interrupted (a crash, a power cut), from its events in order, as far as they were
    /// recorded; a torn last conclusion does no harm. Otherwise like `run`.
    ///
    /// What is recorded is not done again: an answer is never asked, nor paid, twice. Calls of models and tools and
    /// questions to people whose outcome is not among the events are made anew; a call that had been requested counts
    /// as an attempt that failed, with its prompt's tokens (as far as anybody can know), so that limits and usage hold
    /// for both parts together. The sinks see the events that follow the recorded ones, numbered on without a gap. The
    /// run's clock goes on from the last fact: the time in between counts for no limit, and its id stays what it was.
    ///
    /// A run that was begun with `granted_calls` goes on if the options grant more than it was granted so far, ends if
    /// they end its calls, and is suspended again otherwise.
    ///
    /// Throws before anything is asked: `std::invalid_argument` if the events are none of this workflow's (another
    /// hash, gaps, another run's), `AuditError` if they hold other decisions than this version makes. A run that has
    /// ended is given back as it is.
    Task<RunState> resume(std::vector<Event> recorded, RunOptions options = {});

    /// Ends the programs of tools that were started and waits for them. To be awaited after the last run where the
    /// workflow has tools.
    Task<void> close();

    const Workflow& workflow() const { return *workflow_; }

private:
    std::shared_ptr<const Workflow> workflow_;
    Agents agents_;
    ToolServers tools_;
};

}  // namespace enough
