#pragma once

#include "bell.hpp"
#include "fleet/batch_places.hpp"
#include "fleet/fleet_messages.hpp"

#include <enough/async/deadline.hpp>
#include <enough/orchestrator/event.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough::fleet {

/// Keeps the events of one run on the server as they happen, so that whoever gets the job next goes on from there.
/// Every write names the one before it: a worker whose job has been given to another finds out, and stops.
class RunKeeper final : public EventSink {
public:
    /// `on_lost` is called once when somebody else has taken the run over. `places` must outlive it.
    RunKeeper(const BatchPlaces& places, std::int64_t item, Holder holder, asio::any_io_executor executor,
              std::function<void()> on_lost);

    /// Takes the run over: the events recorded so far. A run that others may have held is claimed at once, so that a
    /// former holder's next write fails.
    Task<nats::Result<std::vector<Event>>> take_over();

    /// How many held the run before and neither told its end nor handed it back.
    int failures() const { return failures_; }

    /// Forgets what was recorded: the run begins anew.
    void begin_anew() {
        events_.clear();
        written_ = 0;
    }

    void on(const Event& event) override;

    /// Writes what comes until `stop`; to be awaited beside the run.
    Task<void> write();
    void stop();

    /// After `write` has returned: writes what is not written yet, and that the run is handed back, if it is still
    /// ours.
    Task<bool> hand_back(Deadline deadline);

    /// Removes the record; the run's result is known.
    Task<void> remove();

    bool lost() const { return lost_; }

    /// What is safely on the server.
    std::vector<Event> written() const;

private:
    Task<nats::Result<void>> write_once();
    Task<nats::Result<void>> settle(nats::Error error, std::size_t count);
    void take(const std::string& record);
    void lose();

    const BatchPlaces& places_;
    std::string key_;
    Holder holder_;
    std::function<void()> on_lost_;
    Bell bell_;
    std::vector<Event> events_;
    std::size_t written_ = 0;  ///< events that the server has
    bool paid_ = false;        ///< among those that it has not is one that must not happen again
    bool over_ = false;        ///< the run has ended: its result is what counts now
    int failures_ = 0;
    bool handed_back_ = false;
    std::optional<std::uint64_t> revision_;
    std::string packed_;  ///< as it was written last
    bool cut_ = false;    ///< the run is being cancelled: what comes now is no part of what it goes on with
    bool stopped_ = false;
    bool lost_ = false;
};

}  // namespace enough::fleet
