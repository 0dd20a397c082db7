#include "fleet/batch_places.hpp"
#include "fleet/fleet_connection.hpp"
#include "fleet/fleet_names.hpp"
#include "nats/messages.hpp"

#include <enough/orchestrator/fleet.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {
namespace fleet {
namespace {

constexpr std::chrono::milliseconds listen_for{2'500};
constexpr std::chrono::milliseconds call_timeout{5'000};
constexpr std::size_t beats_held = 10'000;

/// The last beat of each batch that is heard in a while.
Task<std::map<std::string, Beat>> listen(const nats::Connection& connection) {
    nats::Result<nats::Subscription> beats =
        co_await nats::Messages(connection).subscribe(every_beat, beats_held, call_timeout);
    if (!beats.has_value()) throw std::runtime_error(beats.error().message);
    std::map<std::string, Beat> heard;
    for (const Deadline until = Deadline::after(listen_for); !until.expired();) {
        nats::Result<nats::Message> message = co_await beats->next(until);
        if (!message.has_value()) break;
        try {
            heard[batch_of_beat(message->subject)] = read_beat(message->payload);
        } catch (const std::invalid_argument&) {
            // No batch of ours.
        }
    }
    co_return heard;
}

Task<FleetBatchView> view_of(const nats::Connection& connection, std::string id, std::string packed) {
    FleetBatchView view;
    view.id = id;
    nats::Result<BatchPlaces> places = co_await BatchPlaces::open(connection, id);
    if (!places.has_value()) throw std::runtime_error(places.error().message);
    nats::Result<std::string> text = co_await places->payloads.unpack(std::move(packed));
    if (!text.has_value()) throw std::runtime_error(text.error().message);
    const BatchNotice notice = read_notice(*text);
    view.workflow = notice.workflow;
    view.begun = notice.begun;
    view.models = notice.models;
    nats::Result<nats::StreamInfo> jobs = co_await places->streams.stream_info(jobs_stream(id));
    if (jobs.has_value()) view.waiting = static_cast<std::int64_t>(jobs->messages);
    nats::Result<std::vector<std::string>> runs = co_await places->runs.keys();
    if (runs.has_value()) view.under_way = static_cast<std::int64_t>(runs->size());
    co_return view;
}

Task<std::vector<FleetBatchView>> look(const nats::Connection& connection) {
    const std::map<std::string, Beat> heard = co_await listen(connection);
    nats::Result<nats::Bucket> batches = co_await open_batches(connection);
    if (!batches.has_value()) throw std::runtime_error(batches.error().message);
    nats::Result<std::vector<std::string>> ids = co_await batches->keys();
    if (!ids.has_value()) throw std::runtime_error(ids.error().message);
    std::vector<FleetBatchView> views;
    for (const std::string& id : *ids) {
        nats::Result<std::optional<nats::BucketEntry>> entry = co_await batches->get(id);
        if (!entry.has_value() || !*entry) continue;
        FleetBatchView view = co_await view_of(connection, id, (*entry)->value);
        const auto beat = heard.find(id);
        view.alive = beat != heard.end() && !beat->second.cancelled && !beat->second.done;
        if (view.alive) view.workers = beat->second.workers;
        views.push_back(std::move(view));
    }
    co_return views;
}

}  // namespace
}  // namespace fleet

Task<std::vector<FleetBatchView>> fleet_status(FleetServer server) {
    const FleetNotice quiet = [](const std::string&) {};
    std::unique_ptr<nats::Connection> connection =
        co_await fleet::connect(std::move(server), "enough batch --status", quiet);
    std::vector<FleetBatchView> views;
    std::exception_ptr fault;
    try {
        views = co_await fleet::look(*connection);
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await connection->close();
    if (fault) std::rethrow_exception(fault);
    co_return views;
}

}  // namespace enough
