#pragma once

#include "serve/approvals.hpp"
#include "serve/clients.hpp"
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

/// A run that has been admitted and whose inputs have been checked.
struct RunOrder {
    std::shared_ptr<ServedWorkflow> served;
    nlohmann::json inputs;
    Sampling sampling;
    Grant grant;
    std::optional<TraceContext> parent = {};  ///< the span that asks for it
};

/// All runs of a server: those in flight, and the latest that have ended. All on one strand.
class Runs {
public:
    struct Limits {
        std::size_t in_flight = 1'000;
        std::size_t kept = 1'000;  ///< that have ended
    };

    Runs(asio::any_io_executor executor, Limits limits);

    bool full() const { return tasks_.size() >= limits_.in_flight; }
    std::size_t in_flight() const { return tasks_.size(); }

    /// Every run to come is watched by it. It must outlive them.
    void watch(RunObserver& observer) { observers_.push_back(&observer); }

    /// Gives runs to come traces of their own; without it they pass on that of whoever asks for them, if any.
    void trace_with(const Tracing& tracing) { tracing_ = &tracing; }

    /// Starts a run, which goes on whoever watches it. Its first event comes after the caller's next wait: until then
    /// followers miss nothing.
    std::shared_ptr<ServedRun> start(RunOrder order);

    /// Null: there is none by that id, or it was too long ago.
    std::shared_ptr<ServedRun> find(const std::string& id) const;

    /// Those wanted, the newest first, `count` at most; only those before `before` (an id) if it is known.
    std::vector<std::shared_ptr<ServedRun>> list(std::size_t count, const std::string& before,
                                                 const std::function<bool(const ServedRun&)>& wanted) const;

    /// Ends a run that is in flight: every socket of it is closed at once. False if it has ended already.
    bool cancel(const std::string& id);

    Approvals& approvals() { return approvals_; }

    /// Waits for those in flight; they are cancelled at the deadline.
    Task<void> drain(Deadline deadline);

private:
    Task<void> run(std::shared_ptr<ServedRun> run, RunOrder order);
    ObservedRun observed(const std::string& id, const RunOrder& order) const;
    void forget_oldest();

    asio::any_io_executor executor_;
    Limits limits_;
    Approvals approvals_;
    TaskGroup tasks_;
    std::vector<RunObserver*> observers_;
    const Tracing* tracing_ = nullptr;
    std::map<std::string, TaskGroup::Id> in_flight_;
    std::map<std::string, std::shared_ptr<ServedRun>> by_id_;
    std::deque<std::shared_ptr<ServedRun>> order_;  ///< the oldest first
};

}  // namespace enough
