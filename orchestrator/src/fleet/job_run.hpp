#pragma once

#include "fleet/batch_places.hpp"
#include "fleet/fleet_messages.hpp"
#include "fleet/run_keeper.hpp"
#include "nats/pull_consumer.hpp"

#include <enough/async/task_group.hpp>
#include <enough/orchestrator/engine.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace enough::fleet {

/// What a worker has to run a batch's jobs with.
struct Workshop {
    BatchNotice notice;
    std::string worker;
    BatchPlaces places;
    std::shared_ptr<const Workflow> workflow;
    std::unique_ptr<Engine> engine;
};

/// One job under lease: run to its end, or handed back. Nothing counts but the result that is created first.
class JobRun {
public:
    /// All must outlive it.
    JobRun(Workshop& shop, nats::Delivery delivery, asio::any_io_executor executor);

    /// Cancelled (`terminal`), it stops the run's calls, keeps what has been answered and hands the job back. Returns
    /// normally all the same.
    Task<void> to_end();

private:
    Task<void> keep_lease();
    Task<void> work();
    Task<void> run(Job job, std::vector<Event> recorded);
    Task<void> run_engine(Job job, std::vector<Event> recorded);
    Task<RunState> begin(Job job, std::vector<Event> recorded, RunOptions options);
    Task<void> conclude();
    Task<void> commit(ItemResult result);
    Task<void> waste(RunTotals totals, std::string reason);
    Task<void> hand_back();
    Task<bool> is_ours(std::string key);
    ItemResult failed(const std::string& why) const;
    std::string given_up() const;
    RunTotals unrecorded() const;

    Workshop& shop_;
    nats::Delivery delivery_;
    std::int64_t item_ = 0;
    Holder holder_;
    RunKeeper keeper_;
    TaskGroup lease_;
    TaskGroup running_;
    std::optional<RunState> state_;
    bool stopped_ = false;  ///< by whoever runs the worker, or because the batch is gone
};

}  // namespace enough::fleet
