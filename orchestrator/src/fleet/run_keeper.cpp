#include "fleet/run_keeper.hpp"

#include "fleet/fleet_names.hpp"
#include "fleet/patience.hpp"

#include <exception>
#include <utility>

namespace enough::fleet {
namespace {

constexpr std::chrono::seconds between_tries{1};

/// Would it have to be paid, or asked of people, once more? What the run concludes from it comes by itself.
bool costs_to_repeat(const EventBody& fact) {
    return std::holds_alternative<CallAnswered>(fact) || std::holds_alternative<CallFailed>(fact) ||
           std::holds_alternative<CallAborted>(fact) || std::holds_alternative<ToolReturned>(fact) ||
           std::holds_alternative<ApprovalGiven>(fact);
}

}  // namespace

RunKeeper::RunKeeper(const BatchPlaces& places, std::int64_t item, Holder holder, asio::any_io_executor executor,
                     std::function<void()> on_lost)
    : places_(places),
      key_(item_key(item)),
      holder_(std::move(holder)),
      on_lost_(std::move(on_lost)),
      bell_(executor) {}

Task<nats::Result<std::vector<Event>>> RunKeeper::take_over() {
    nats::Result<std::optional<nats::BucketEntry>> entry = co_await places_.runs.get(key_);
    if (!entry.has_value()) co_return entry.error();
    if (*entry) {
        packed_ = (*entry)->value;
        revision_ = (*entry)->revision;
        nats::Result<std::string> text = co_await places_.payloads.unpack(packed_);
        if (!text.has_value()) co_return text.error();
        take(*text);
    } else if (holder_.delivery > 1) {
        failures_ = 1;
    }
    if (!revision_ && holder_.delivery == 1) co_return events_;
    nats::Result<void> claimed = co_await write_once();
    if (!claimed.has_value()) co_return claimed.error();
    co_return events_;
}

void RunKeeper::take(const std::string& record) {
    try {
        RunRecord before = read_record(record);
        failures_ = before.failures + (before.handed_back ? 0 : 1);
        events_ = std::move(before.events);
    } catch (const std::exception&) {
        failures_ = 1;  // another version's: the run begins anew
    }
}

void RunKeeper::on(const Event& event) {
    cut_ = cut_ || std::holds_alternative<CancelRequested>(event.body);
    if (cut_) return;
    events_.push_back(event);
    over_ = over_ || std::holds_alternative<RunFinished>(event.body);
    if (!costs_to_repeat(event.body)) return;
    paid_ = true;
    bell_.ring();
}

void RunKeeper::stop() {
    stopped_ = true;
    bell_.ring();
}

Task<void> RunKeeper::write() {
    while (!stopped_ && !lost_) {
        co_await bell_.wait(Deadline::never());
        while (!stopped_ && !lost_ && paid_ && !over_) {
            const nats::Result<void> done = co_await write_once();
            if (!done.has_value() && !lost_) co_await bell_.wait(Deadline::after(between_tries));
        }
    }
}

Task<bool> RunKeeper::hand_back(Deadline deadline) {
    handed_back_ = true;
    while (!lost_) {
        const nats::Result<void> done = co_await write_once();
        if (done.has_value() && written_ == events_.size()) co_return true;
        if (!done.has_value() && (!passes(done.error().kind) || deadline.expired())) co_return false;
        if (!done.has_value()) co_await pause(between_tries);
    }
    co_return false;
}

Task<nats::Result<void>> RunKeeper::write_once() {
    const std::size_t count = events_.size();
    const std::string before = packed_;
    paid_ = false;
    std::string text = to_text(RunRecord{holder_, events_, failures_, handed_back_});
    nats::Result<std::string> packed = co_await places_.payloads.pack(std::move(text));
    if (!packed.has_value()) {
        paid_ = true;
        co_return packed.error();
    }
    nats::Result<std::uint64_t> revision = nats::Error();
    if (revision_)
        revision = co_await places_.runs.update(key_, *packed, *revision_);
    else
        revision = co_await places_.runs.create(key_, *packed);
    if (!revision.has_value()) {
        paid_ = true;
        nats::Result<void> settled = co_await settle(revision.error(), count);
        co_return settled;
    }
    revision_ = *revision;
    packed_ = *packed;
    written_ = count;
    if (before != packed_) co_await places_.payloads.remove(before);
    co_return nats::Result<void>();
}

/// A write that timed out may have been carried out: then it is our own that stands in the way of the next.
Task<nats::Result<void>> RunKeeper::settle(nats::Error error, std::size_t count) {
    const bool conflict = error.kind == nats::ErrorKind::exists || error.kind == nats::ErrorKind::wrong_revision;
    if (!conflict) co_return error;
    nats::Result<std::optional<nats::BucketEntry>> entry = co_await places_.runs.get(key_);
    if (!entry.has_value()) co_return entry.error();
    if (*entry) {
        nats::Result<std::string> text = co_await places_.payloads.unpack((*entry)->value);
        if (!text.has_value()) co_return text.error();
        std::optional<RunRecord> record;
        try {
            record = read_record(*text);
        } catch (const std::exception&) {
            // Nothing of ours.
        }
        if (record && record->holder == holder_) {
            revision_ = (*entry)->revision;
            packed_ = (*entry)->value;
            written_ = std::min(record->events.size(), count);
            co_return nats::Result<void>();
        }
    }
    lose();
    co_return error;
}

void RunKeeper::lose() {
    if (std::exchange(lost_, true)) return;
    on_lost_();
}

Task<void> RunKeeper::remove() {
    if (!revision_) co_return;
    const nats::Result<void> ignored = co_await places_.runs.remove(key_);
    static_cast<void>(ignored);
    co_await places_.payloads.remove(packed_);
}

std::vector<Event> RunKeeper::written() const {
    return {events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(written_)};
}

}  // namespace enough::fleet
