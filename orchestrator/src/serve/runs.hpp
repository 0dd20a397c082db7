#pragma once

#include "serve/approvals.hpp"
#include "serve/clients.hpp"
#include "serve/run_store.hpp"
#include "serve/served_run.hpp"

#include <enough/orchestrator/telemetry.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

class StoringSink;

/// A run that has been admitted and whose inputs have been checked.
struct RunOrder {
    std::shared_ptr<ServedWorkflow> served;
    nlohmann::json inputs;
    Sampling sampling;
    Grant grant;
    std::optional<TraceContext> parent = {};  ///< the span that asks for it
};

/// The runs that a server has in memory: those in flight, and the latest that have ended and stand in no store. All on
/// one strand.
class Runs {
public:
    struct Limits {
        std::size_t in_flight = 1'000;
        std::size_t kept = 1'000;  ///< that have ended
    };

    /// `store` must outlive it; null: what has ended is kept in memory. With a store a run has ended for whoever looks
    /// at it when it stands there, or can't.
    Runs(asio::any_io_executor executor, Limits limits, RunStore* store = nullptr);

    bool full() const { return tasks_.size() >= limits_.in_flight; }
    std::size_t in_flight() const { return tasks_.size(); }

    /// Every run to come is watched by it. It must outlive them.
    void watch(RunObserver& observer) { observers_.push_back(&observer); }

    /// Gives runs to come traces of their own; without it they pass on that of whoever asks for them, if any.
    void trace_with(const Tracing& tracing) { tracing_ = &tracing; }

    /// Starts a run, which goes on whoever watches it. Its first event comes after the caller's next wait: until then
    /// followers miss nothing.
    std::shared_ptr<ServedRun> start(RunOrder order);

    /// Goes on with a run that was interrupted and stands in the store. Its events must fold. Without a grant it is on
    /// nobody's books.
    std::shared_ptr<ServedRun> resume(std::shared_ptr<ServedWorkflow> served, std::vector<Event> recorded,
                                      WallTime created, std::optional<Grant> grant);

    /// Null: there is none by that id in memory.
    std::shared_ptr<ServedRun> find(const std::string& id) const;

    /// What its calls have written; null: there is no run by that id, or it was too long ago.
    std::shared_ptr<const RunText> text(const std::string& id) const { return texts_.find(id); }

    /// Those in memory that are wanted, the newest first.
    std::vector<std::shared_ptr<ServedRun>> list(const std::function<bool(const ServedRun&)>& wanted) const;

    /// Ends a run that is in flight: every socket of it is closed at once. False if it has ended already.
    bool cancel(const std::string& id);

    Approvals& approvals() { return approvals_; }

    /// Waits for those in flight; they are cancelled at the deadline.
    Task<void> drain(Deadline deadline);

private:
    using Running = std::shared_ptr<ServedRun>;
    /// What a run is begun with, and who is told of it while it lasts.
    struct Outfit {
        RunOptions options;
        std::vector<std::unique_ptr<EventSink>> watching;
    };
    Running enter(Running run, Task<void> running);
    Task<void> run(Running run, RunOrder order);
    Task<void> go_on(Running run, std::shared_ptr<ServedWorkflow> served, std::vector<Event> recorded,
                     std::optional<Grant> grant);
    ObservedRun observed(const ServedRun& run, const std::shared_ptr<ServedWorkflow>& served,
                         const std::optional<TraceContext>& parent) const;
    Outfit outfit(const ObservedRun& observed, StoringSink& sink);
    Task<void> end(Running run, RunState state, std::optional<Event> last);
    void forget_oldest();
    void forget(const ServedRun& run);

    asio::any_io_executor executor_;
    Limits limits_;
    Approvals approvals_;
    RunStore* store_;
    TaskGroup tasks_;
    std::vector<RunObserver*> observers_;
    const Tracing* tracing_ = nullptr;
    std::map<std::string, TaskGroup::Id> in_flight_;
    std::map<std::string, std::shared_ptr<ServedRun>> by_id_;
    RunTexts texts_;
    WallTime latest_{};                             ///< when the last run began
    std::deque<std::shared_ptr<ServedRun>> order_;  ///< the oldest first
};

}  // namespace enough
