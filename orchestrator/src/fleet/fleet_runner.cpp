#include "fleet/fleet_runner.hpp"

#include "fleet/fleet_names.hpp"
#include "fleet/patience.hpp"
#include "nats/bucket_feed.hpp"

#include <enough/async/gather.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace enough::fleet {
namespace {

constexpr std::chrono::milliseconds between_beats{2'000};
constexpr std::chrono::milliseconds worker_patience{7'000};
constexpr std::chrono::seconds alone_for{10};
constexpr int results_at_once = 256;
constexpr std::chrono::milliseconds look_for_results{2'000};
constexpr std::size_t news_held = 10'000;
constexpr std::chrono::milliseconds call_timeout{5'000};

void must(const nats::Result<void>& result) {
    if (!result.has_value()) throw std::runtime_error(result.error().message);
}

template <class T>
T must(nats::Result<T> result) {
    if (!result.has_value()) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

}  // namespace

/// An item whose result is awaited.
struct FleetRunner::Waiting {
    explicit Waiting(const asio::any_io_executor& executor) : here(executor, asio::steady_timer::time_point::max()) {}

    asio::steady_timer here;
    std::optional<Outcome> outcome;
};

/// Leaves the list when the wait is over, however it ends.
class FleetRunner::Place {
public:
    Place(std::map<std::int64_t, std::shared_ptr<Waiting>>& list, std::int64_t item) : list_(list), item_(item) {}
    ~Place() { list_.erase(item_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    std::map<std::int64_t, std::shared_ptr<Waiting>>& list_;
    std::int64_t item_;
};

FleetRunner::FleetRunner(nats::Connection& connection, Batch& batch, BatchNotice notice, FleetNotice tell,
                         BatchPlaces places, asio::any_io_executor executor)
    : connection_(connection),
      batch_(batch),
      notice_(std::move(notice)),
      tell_(std::move(tell)),
      places_(std::move(places)),
      executor_(executor),
      session_(to_string(boost::uuids::random_generator()())),
      roster_(worker_patience),
      news_(executor) {}

Task<std::unique_ptr<FleetRunner>> FleetRunner::open(nats::Connection& connection, Batch& batch, BatchNotice notice,
                                                     FleetNotice tell) {
    nats::Result<BatchPlaces> places = co_await BatchPlaces::open(connection, notice.id);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::unique_ptr<FleetRunner> runner(
        new FleetRunner(connection, batch, std::move(notice), std::move(tell), must(std::move(places)), executor));
    const nats::Result<void> jobs = co_await open_jobs(runner->places_.streams, runner->notice_);
    must(jobs);
    nats::Result<std::uint64_t> last = co_await runner->places_.results.last_revision();
    runner->from_revision_ = must(std::move(last)) + 1;
    co_await runner->publish_notice();
    if (runner->resumed_) co_await runner->count_waste();
    co_return runner;
}

Task<void> FleetRunner::publish_notice() {
    nats::Result<nats::Bucket> batches = co_await open_batches(connection_);
    const nats::Bucket bucket = must(std::move(batches));
    nats::Result<std::optional<nats::BucketEntry>> known = co_await bucket.get(notice_.id);
    resumed_ = must(std::move(known)).has_value();
    nats::Result<std::string> packed = co_await places_.payloads.pack(to_text(notice_));
    const nats::Result<std::uint64_t> put = co_await bucket.put(notice_.id, must(std::move(packed)));
    if (!put.has_value()) throw std::runtime_error(put.error().message);
}

Task<void> FleetRunner::count_waste() {
    nats::Result<std::vector<std::string>> keys = co_await places_.results.keys();
    for (const std::string& key : must(std::move(keys))) {
        if (!is_waste(key)) continue;
        nats::Result<std::optional<nats::BucketEntry>> entry = co_await places_.results.get(key);
        const std::optional<nats::BucketEntry> found = must(std::move(entry));
        if (found) co_await take(key, found->value);
    }
}

Task<ItemResult> FleetRunner::run(BatchItem item, EventSink& /*record*/) {
    const std::int64_t number = item.number;
    const auto waiting = std::make_shared<Waiting>(executor_);
    waiting_[number] = waiting;
    const Place place(waiting_, number);
    bool offered = false;
    if (resumed_) offered = co_await offered_before(number);
    if (!offered && !waiting->outcome) co_await offer(std::move(item));
    while (!waiting->outcome) {
        boost::system::error_code ignored;
        co_await waiting->here.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::move(waiting->outcome->result);
}

/// Is the item's job in the queue, or its result there?
Task<bool> FleetRunner::offered_before(std::int64_t item) {
    const std::string key = item_key(item);
    nats::Result<std::optional<nats::BucketEntry>> entry = co_await places_.results.get(key);
    const std::optional<nats::BucketEntry> found = must(std::move(entry));
    if (found) {
        co_await take(key, found->value);
        if (!failed(item)) co_return true;
        // It is tried again, like all that have failed.
        const nats::Result<void> removed = co_await places_.results.remove(key);
        must(removed);
    }
    const std::string subject = job_subject(notice_.models, notice_.id, item);
    nats::Result<std::optional<nats::StoredMessage>> stored =
        co_await places_.streams.last_message(jobs_stream(notice_.id), subject);
    co_return must(std::move(stored)).has_value();
}

/// Takes a failure back.
bool FleetRunner::failed(std::int64_t item) {
    std::optional<Outcome>& outcome = waiting_.at(item)->outcome;
    if (!outcome || outcome->result.status != Status::failed) return false;
    outcome.reset();
    return true;
}

Task<void> FleetRunner::offer(BatchItem item) {
    const std::int64_t number = item.number;
    if (!item.recorded.empty()) {
        // Begun on this machine before: whoever gets it goes on from there. One that is there already is further.
        const std::string record = to_text(RunRecord{Holder{"batch", 0}, std::move(item.recorded), 0, true});
        nats::Result<std::string> packed = co_await places_.payloads.pack(record);
        const nats::Result<std::uint64_t> created =
            co_await places_.runs.create(item_key(number), must(std::move(packed)));
        if (!created.has_value() && created.error().kind != nats::ErrorKind::exists)
            throw std::runtime_error(created.error().message);
    }
    const std::string job = to_text(Job{number, std::move(item.id), std::move(item.inputs)});
    nats::Result<std::string> packed = co_await places_.payloads.pack(job);
    const std::string id = fmt::format("{}.{}.{}", notice_.id, number, session_);
    co_await send(job_subject(notice_.models, notice_.id, number), must(std::move(packed)), id);
}

/// Waits as long as the server is away or full: nothing is lost, and nothing piles up here.
Task<void> FleetRunner::send(std::string subject, std::string text, std::string id) {
    const auto attempt = [&] { return places_.streams.publish(subject, text, id); };
    nats::Result<nats::Published> published = co_await patiently<nats::Published>(attempt, Deadline::never());
    if (!published.has_value()) throw std::runtime_error(published.error().message);
}

Task<void> FleetRunner::serve() {
    std::vector<Task<void>> tasks;
    tasks.push_back(beat());
    tasks.push_back(hear_results());
    tasks.push_back(hear_workers());
    co_await gather(std::move(tasks));
}

Task<void> FleetRunner::beat() {
    auto alone_since = Roster::Clock::now();
    bool told = false;
    for (;;) {
        const auto now = Roster::Clock::now();
        for (const std::string& name : roster_.forget_silent(now))
            tell_(fmt::format("worker {} is silent; what it held goes to others", name));
        if (!roster_.empty()) {
            alone_since = now;
            told = false;
        } else if (now - alone_since > alone_for && !told) {
            told = true;
            tell_(fmt::format("no worker serves this batch; start one that has the model(s) {}: enough worker --nats …",
                              fmt::join(notice_.models, ", ")));
        }
        Beat beat{roster_.workers(), false, false};
        co_await say(std::move(beat));
        co_await news_.wait(Deadline::after(between_beats));
    }
}

Task<void> FleetRunner::say(Beat beat) {
    const nats::Result<void> ignored =
        co_await places_.messages.publish(beat_subject(notice_.id), to_text(beat), call_timeout);
    static_cast<void>(ignored);  // while the server is away nobody hears it anyway
}

Task<void> FleetRunner::hear_workers() {
    nats::Result<nats::Subscription> subscribed =
        co_await places_.messages.subscribe(news_subject(notice_.id), news_held, call_timeout);
    nats::Subscription news = must(std::move(subscribed));
    for (;;) {
        nats::Result<nats::Message> message = co_await news.next(Deadline::never());
        if (!message.has_value()) throw std::runtime_error(message.error().message);
        try {
            const std::size_t before = roster_.workers().size();
            const auto said = roster_.hear(read_news(message->payload), Roster::Clock::now());
            if (said) tell_(*said);
            if (roster_.workers().size() != before) news_.ring();
        } catch (const std::invalid_argument& error) {
            tell_(fmt::format("somebody says what no worker would: {}", error.what()));
        }
    }
}

Task<void> FleetRunner::hear_results() {
    nats::BucketFeed feed(places_.results, from_revision_);
    for (;;) {
        nats::Result<std::vector<nats::BucketChange>> changes = co_await feed.next(results_at_once, look_for_results);
        if (!changes.has_value()) {
            if (!passes(changes.error().kind)) throw std::runtime_error(changes.error().message);
            co_await pause(std::chrono::milliseconds(300));
            continue;
        }
        for (const nats::BucketChange& change : *changes)
            if (change.operation == nats::BucketChange::Operation::put) co_await take(change.key, change.value);
    }
}

/// A result or a note of waste. What can't be read is a failed item, not the end of the batch.
Task<void> FleetRunner::take(std::string key, std::string value) {
    const auto unpack = [&] { return places_.payloads.unpack(value); };
    nats::Result<std::string> text = co_await patiently<std::string>(unpack, Deadline::never());
    const std::optional<std::int64_t> item = item_of_key(key);
    std::string fault = text.has_value() ? "" : text.error().message;
    try {
        if (fault.empty() && is_waste(key)) waste(key, read_waste(*text));
        if (fault.empty() && item) take(*item, read_outcome(*text));
    } catch (const std::invalid_argument& error) {
        fault = error.what();
    }
    if (!fault.empty()) tell_(fmt::format("what stands under {} can't be read: {}", key, fault));
    if (!fault.empty() && item) {
        take(*item, Outcome{{}, ItemResult::failed(notice_.workflow, "its result can't be read: " + fault)});
    }
}

void FleetRunner::take(std::int64_t item, Outcome outcome) {
    const auto found = waiting_.find(item);
    if (found == waiting_.end() || found->second->outcome) return;
    found->second->outcome = std::move(outcome);
    found->second->here.cancel();
}

void FleetRunner::waste(const std::string& key, const Waste& waste) {
    if (!waste_.insert(key).second) return;
    batch_.count_waste(key, waste.totals);
}

Task<void> FleetRunner::cancel() {
    Beat beat{roster_.workers(), true, false};
    co_await say(std::move(beat));
}

Task<void> FleetRunner::close() {
    Beat beat{{}, false, true};
    co_await say(std::move(beat));
    const std::string batch = notice_.id;
    const auto remove = [this, batch] { return remove_places(connection_, batch); };
    const nats::Result<void> removed = co_await patiently<void>(remove, Deadline::after(std::chrono::seconds(30)));
    if (!removed.has_value())
        tell_(fmt::format("what the batch kept on the server is still there: {}", removed.error().message));
}

}  // namespace enough::fleet
