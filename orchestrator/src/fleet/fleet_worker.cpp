#include "fleet/batch_service.hpp"
#include "fleet/fleet_connection.hpp"
#include "fleet/fleet_names.hpp"
#include "nats/messages.hpp"

#include <enough/orchestrator/fleet.hpp>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace enough {
namespace fleet {
namespace {

constexpr std::size_t beats_held = 10'000;
constexpr std::chrono::milliseconds call_timeout{5'000};
constexpr std::chrono::minutes before_another_look{1};

/// Hears the beats of all batches and serves those it can.
class Worker {
public:
    Worker(nats::Connection& connection, FleetWorkerSettings settings, asio::any_io_executor executor)
        : connection_(connection),
          settings_(std::move(settings)),
          executor_(executor),
          slots_{settings_.slots, 0, 0},
          services_(executor) {}

    Task<void> work() {
        std::exception_ptr fault;
        try {
            co_await listen();
        } catch (const std::exception&) {
            fault = std::current_exception();
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        services_.cancel();
        co_await services_.join();
        if (fault) std::rethrow_exception(fault);
    }

private:
    using Clock = std::chrono::steady_clock;

    Task<void> listen() {
        nats::Result<nats::Subscription> subscribed =
            co_await nats::Messages(connection_).subscribe(every_beat, beats_held, call_timeout);
        if (!subscribed.has_value()) throw std::runtime_error(subscribed.error().message);
        nats::Subscription beats = std::move(*subscribed);
        for (;;) {
            nats::Result<nats::Message> message = co_await beats.next(Deadline::never());
            if (!message.has_value()) throw std::runtime_error(message.error().message);
            hear(*message);
        }
    }

    void hear(const nats::Message& message) {
        const std::string batch = batch_of_beat(message.subject);
        Beat beat;
        try {
            beat = read_beat(message.payload);
        } catch (const std::invalid_argument&) {
            return;  // no batch of ours
        }
        const auto served = serving_.find(batch);
        if (served != serving_.end()) return served->second->hear(beat);
        const auto refused = refused_.find(batch);
        const bool wait = refused != refused_.end() && Clock::now() - refused->second < before_another_look;
        if (!beat.cancelled && !beat.done && !wait) services_.spawn(serve(batch, beat));
    }

    Task<void> serve(std::string batch, Beat beat) {
        auto service = std::make_shared<BatchService>(connection_, settings_, batch, slots_, executor_);
        serving_[batch] = service;
        service->hear(beat);
        std::string fault;
        bool cancelled = false;
        const Clock::time_point began = Clock::now();
        try {
            co_await service->serve();
        } catch (const boost::system::system_error& error) {
            cancelled = error.code() == asio::error::operation_aborted;
            fault = error.what();
        } catch (const std::exception& error) {
            fault = error.what();
        }
        serving_.erase(batch);
        refused_[batch] = service->served() ? Clock::now() - before_another_look : began;
        if (!fault.empty() && !cancelled) settings_.notice(fmt::format("batch {}: {}", batch, fault));
    }

    nats::Connection& connection_;
    FleetWorkerSettings settings_;
    asio::any_io_executor executor_;
    Slots slots_;
    std::map<std::string, std::shared_ptr<BatchService>> serving_;
    std::map<std::string, Clock::time_point> refused_;
    TaskGroup services_;
};

std::string own_name() {
    std::string host(256, '\0');
    if (::gethostname(host.data(), host.size() - 1) != 0) host = "worker";
    return fmt::format("{}-{}", host.c_str(), ::getpid());
}

}  // namespace
}  // namespace fleet

Task<void> work_for_fleet(FleetWorkerSettings settings) {
    if (settings.name.empty()) settings.name = fleet::own_name();
    const FleetNotice notice = settings.notice;
    std::unique_ptr<nats::Connection> connection =
        co_await fleet::connect(settings.server, "enough worker " + settings.name, notice);
    notice(fmt::format("worker {} is connected to {} and waits for batches", settings.name, connection->server()));
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::exception_ptr fault;
    {
        fleet::Worker worker(*connection, std::move(settings), executor);
        try {
            co_await worker.work();
        } catch (const std::exception&) {
            fault = std::current_exception();
        }
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await connection->close();
    if (fault) std::rethrow_exception(fault);
}

}  // namespace enough
