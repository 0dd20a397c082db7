#pragma once

#include "bell.hpp"
#include "fleet/batch_places.hpp"
#include "fleet/fleet_messages.hpp"
#include "fleet/roster.hpp"

#include <enough/orchestrator/fleet.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace enough::fleet {

/// Runs items on workers: puts each into the queue and waits for its result.
class FleetRunner final : public ItemRunner {
public:
    /// Finds or makes what the batch needs on the server. Throws `std::runtime_error` in words. `batch` and
    /// `connection` must outlive it.
    static Task<std::unique_ptr<FleetRunner>> open(nats::Connection& connection, Batch& batch, BatchNotice notice,
                                                   FleetNotice tell);

    Task<ItemResult> run(BatchItem item, EventSink& record) override;

    /// Says that the batch lives, and hears of results and workers; until it is cancelled. Throws `std::runtime_error`
    /// when the server has lost what the batch kept there.
    Task<void> serve();

    /// The workers are to stop.
    Task<void> cancel();

    /// The workers have nothing left to do, and all that is on the server goes.
    Task<void> close();

private:
    struct Waiting;
    class Place;

    FleetRunner(nats::Connection& connection, Batch& batch, BatchNotice notice, FleetNotice tell, BatchPlaces places,
                asio::any_io_executor executor);

    Task<void> publish_notice();
    Task<void> count_waste();
    Task<bool> offered_before(std::int64_t item);
    bool failed(std::int64_t item);
    Task<void> offer(BatchItem item);
    Task<void> send(std::string subject, std::string text, std::string id);
    Task<void> beat();
    Task<void> hear_results();
    Task<void> hear_workers();
    Task<void> say(Beat beat);
    Task<void> take(std::string key, std::string value);
    void take(std::int64_t item, Outcome outcome);
    void waste(const std::string& key, const Waste& waste);

    nats::Connection& connection_;
    Batch& batch_;
    BatchNotice notice_;
    FleetNotice tell_;
    BatchPlaces places_;
    asio::any_io_executor executor_;
    std::uint64_t from_revision_ = 0;
    bool resumed_ = false;  ///< the batch was on the server before: items may have been offered, and have ended
    std::map<std::int64_t, std::shared_ptr<Waiting>> waiting_;
    std::set<std::string> waste_;  ///< keys that have been counted
    std::string session_;          ///< of this process: its messages bear it, so that sending one again is harmless
    Roster roster_;
    Bell news_;
};

}  // namespace enough::fleet
