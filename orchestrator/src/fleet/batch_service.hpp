#pragma once

#include "bell.hpp"
#include "fleet/fleet_messages.hpp"
#include "fleet/job_run.hpp"

#include <enough/async/rate_share.hpp>
#include <enough/async/task_group.hpp>
#include <enough/orchestrator/fleet.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace enough::fleet {

/// The places in which a worker runs jobs, of all batches together.
struct Slots {
    int all = 0;
    int busy = 0;
    int services = 0;  ///< batches that want some
};

/// One batch as a worker serves it: takes jobs while the batch lives and there are free slots.
class BatchService {
public:
    using Clock = std::chrono::steady_clock;

    BatchService(nats::Connection& connection, const FleetWorkerSettings& settings, std::string batch, Slots& slots,
                 asio::any_io_executor executor);

    /// Until the batch is done, cancelled or silent for too long: its runs are then stopped and handed back. Cancelled,
    /// it does the same.
    Task<void> serve();

    void hear(const Beat& beat);

    /// It could be served; false: not by this worker.
    bool served() const { return shop_ != nullptr; }

private:
    Task<bool> open();
    Task<std::optional<std::string>> prepare();
    Task<void> work();
    Task<void> take_jobs(const nats::PullConsumer& consumer);
    Task<void> run(nats::Delivery delivery);
    Task<void> tell();
    Task<void> say(News news);
    News news() const;
    bool alive() const;
    bool listed() const;

    nats::Connection& connection_;
    const FleetWorkerSettings& settings_;
    std::string batch_;
    Slots& slots_;
    asio::any_io_executor executor_;
    std::shared_ptr<RateShare> share_ = std::make_shared<RateShare>();
    std::unique_ptr<Workshop> shop_;
    TaskGroup jobs_;
    Bell bell_;  ///< a beat came, or a slot is free
    Beat beat_;
    Clock::time_point heard_ = Clock::now();
};

/// Why this worker can't run a workflow, in words; absent if it can.
std::optional<std::string> cannot_serve(const Workflow& workflow, const std::vector<std::string>& models);

}  // namespace enough::fleet
