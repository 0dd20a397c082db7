#include "fleet/fleet_connection.hpp"
#include "fleet/fleet_runner.hpp"
#include "wall_time.hpp"

#include <enough/async/task_group.hpp>
#include <enough/orchestrator/fleet.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace enough {
namespace fleet {
namespace {

BatchNotice notice_of(const Batch& batch, const Workflow& workflow, const WorkflowBundle& bundle,
                      const FleetBatchSettings& settings) {
    BatchNotice notice;
    notice.id = batch.id();
    notice.workflow = workflow.name;
    for (const auto& [key, model] : models_in(workflow))
        notice.models.push_back(key);
    notice.bundle = to_json(bundle);
    notice.lease = settings.lease;
    notice.silence = settings.silence;
    notice.max_deliveries = settings.max_deliveries;
    notice.begun = rfc3339(wall_time_now());
    return notice;
}

/// The batch and what looks after the fleet, side by side: when one ends, so does the other.
class SideBySide {
public:
    SideBySide(Batch& batch, FleetRunner& runner, asio::any_io_executor executor)
        : batch_(batch), runner_(runner), group_(executor, TaskGroup::OnError::cancel_others) {}

    Task<void> run() {
        group_.spawn(runner_.serve());
        group_.spawn(work());
        co_await group_.join();
    }

    std::optional<BatchEnd> end() const { return end_; }

private:
    Task<void> work() {
        end_ = co_await batch_.run(runner_);
        group_.cancel();
    }

    Batch& batch_;
    FleetRunner& runner_;
    TaskGroup group_;
    std::optional<BatchEnd> end_;
};

}  // namespace
}  // namespace fleet

Task<BatchEnd> run_on_fleet(Batch& batch, const Workflow& workflow, WorkflowBundle bundle,
                            FleetBatchSettings settings) {
    if (!settings.notice) settings.notice = [](const std::string&) {};
    fleet::BatchNotice notice = fleet::notice_of(batch, workflow, bundle, settings);
    std::unique_ptr<nats::Connection> connection =
        co_await fleet::connect(settings.server, "enough batch " + notice.id, settings.notice);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::exception_ptr fault;
    std::unique_ptr<fleet::FleetRunner> runner;
    std::optional<BatchEnd> end;
    try {
        runner = co_await fleet::FleetRunner::open(*connection, batch, std::move(notice), settings.notice);
        fleet::SideBySide both(batch, *runner, executor);
        co_await both.run();
        end = both.end();
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    const bool over = !fault && batch.counts().ended() == batch.counts().items;
    if (runner && over) co_await runner->close();
    if (runner && !over) co_await runner->cancel();
    runner.reset();
    co_await connection->close();
    if (fault) std::rethrow_exception(fault);
    co_return end.value_or(BatchEnd::complete);
}

}  // namespace enough
