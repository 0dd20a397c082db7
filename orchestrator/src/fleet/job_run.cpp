#include "fleet/job_run.hpp"

#include "fleet/fleet_names.hpp"
#include "fleet/patience.hpp"
#include "nats/subject_names.hpp"

#include <enough/orchestrator/step.hpp>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

namespace enough::fleet {
namespace {

constexpr std::chrono::seconds to_keep_what_was_answered{20};
constexpr std::chrono::minutes to_tell_a_result{10};

RunTotals less(RunTotals whole, const RunTotals& part) {
    whole.calls -= part.calls;
    whole.input_tokens -= part.input_tokens;
    whole.cached_input_tokens -= part.cached_input_tokens;
    whole.output_tokens -= part.output_tokens;
    whole.usd -= part.usd;
    return whole;
}

}  // namespace

JobRun::JobRun(Workshop& shop, nats::Delivery delivery, asio::any_io_executor executor)
    : shop_(shop),
      delivery_(std::move(delivery)),
      item_(number_of(delivery_.subject()).value_or(0)),
      holder_{shop.worker, delivery_.times_delivered()},
      keeper_(shop.places, item_, holder_, executor, [this] { running_.cancel(); }),
      lease_(executor),
      running_(executor) {}

Task<void> JobRun::to_end() {
    lease_.spawn(keep_lease());
    std::exception_ptr fault;
    try {
        co_await work();
    } catch (const boost::system::system_error&) {
        stopped_ = true;
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (stopped_) co_await hand_back();
    lease_.cancel();
    co_await lease_.join();
    if (fault) std::rethrow_exception(fault);
}

ItemResult JobRun::failed(const std::string& why) const {
    return ItemResult::failed(shop_.workflow->name, why);
}

std::string JobRun::given_up() const {
    return fmt::format("given up: {} workers took this item and none told its end; they died, or were silent for {} ms",
                       keeper_.failures(), shop_.notice.lease.count());
}

Task<void> JobRun::keep_lease() {
    for (;;) {
        co_await pause(shop_.notice.lease / 3);
        delivery_.in_progress();
    }
}

Task<void> JobRun::work() {
    const std::string key = item_key(item_);
    const auto look = [&] { return shop_.places.results.get(key); };
    nats::Result<std::optional<nats::BucketEntry>> known =
        co_await patiently<std::optional<nats::BucketEntry>>(look, Deadline::after(to_keep_what_was_answered));
    if (!known.has_value()) co_return;  // the lease will end, and another try be made
    if (*known) {
        const nats::Result<void> ignored = co_await delivery_.ack();
        static_cast<void>(ignored);
        co_return;
    }
    nats::Result<std::string> text = co_await shop_.places.payloads.unpack(delivery_.payload());
    if (!text.has_value() && passes(text.error().kind)) co_return;
    std::optional<Job> job;
    std::string fault = text.has_value() ? "" : text.error().message;
    try {
        if (text.has_value()) job = read_job(*text);
    } catch (const std::invalid_argument& error) {
        fault = error.what();
    }
    if (!job) {
        co_await commit(failed("the job can't be read: " + fault));
        co_return;
    }
    nats::Result<std::vector<Event>> recorded = co_await keeper_.take_over();
    if (!recorded.has_value()) co_return;  // somebody else has it, or the server is away
    if (keeper_.failures() >= shop_.notice.max_deliveries) {
        co_await commit(failed(given_up()));
        co_return;
    }
    co_await run(std::move(*job), std::move(*recorded));
    co_await conclude();
}

/// The run and the keeping of its events side by side; whoever loses the run ends both.
Task<void> JobRun::run(Job job, std::vector<Event> recorded) {
    TaskGroup keeping(co_await asio::this_coro::executor);
    keeping.spawn(keeper_.write());
    running_.spawn(run_engine(std::move(job), std::move(recorded)));
    std::exception_ptr fault;
    try {
        co_await running_.join();
    } catch (const boost::system::system_error&) {
        stopped_ = true;
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    keeper_.stop();
    co_await keeping.join();
    if (fault) std::rethrow_exception(fault);
}

Task<void> JobRun::run_engine(Job job, std::vector<Event> recorded) {
    RunOptions options;
    options.sinks.push_back(&keeper_);
    if (!recorded.empty()) {
        bool unusable = false;
        try {
            state_ = co_await shop_.engine->resume(std::move(recorded), options);
        } catch (const boost::system::system_error&) {
            throw;
        } catch (const std::exception&) {
            unusable = true;  // another version recorded them
        }
        if (!unusable) co_return;
        keeper_.begin_anew();
    }
    std::string fault;
    try {
        state_ = co_await shop_.engine->run(std::move(job.inputs), options);
    } catch (const std::invalid_argument& error) {
        fault = error.what();
    }
    if (!fault.empty()) co_await commit(failed(fault));
}

Task<void> JobRun::conclude() {
    if (!state_) co_return;
    if (keeper_.lost()) {
        co_await waste(unrecorded(), "another worker has taken the item over");
    } else if (state_->status == Status::cancelled) {
        stopped_ = true;
    } else {
        co_await commit(ItemResult::of(*state_));
    }
}

/// The first result counts. A worker that was taken for dead has worked in vain, if another was faster.
Task<void> JobRun::commit(ItemResult result) {
    const std::string key = item_key(item_);
    const RunTotals totals = result.totals;
    const std::string text = to_text(Outcome{holder_, std::move(result)});
    const auto pack = [&] { return shop_.places.payloads.pack(text); };
    const Deadline deadline = Deadline::after(to_tell_a_result);
    nats::Result<std::string> packed = co_await patiently<std::string>(pack, deadline);
    if (!packed.has_value()) co_return;
    const auto create = [&] { return shop_.places.results.create(key, *packed); };
    nats::Result<std::uint64_t> created = co_await patiently<std::uint64_t>(create, deadline);
    bool ours = created.has_value();
    if (!ours && created.error().kind == nats::ErrorKind::exists) ours = co_await is_ours(key);
    if (!created.has_value() && created.error().kind != nats::ErrorKind::exists) co_return;
    if (!ours) {
        const RunTotals spent = state_ ? unrecorded() : totals;
        co_await waste(spent, "another worker was faster");
    } else {
        co_await keeper_.remove();
    }
    const nats::Result<void> ignored = co_await delivery_.ack();
    static_cast<void>(ignored);  // it would be delivered again, and the result found
}

/// A creation that timed out may have been carried out.
Task<bool> JobRun::is_ours(std::string key) {
    nats::Result<std::optional<nats::BucketEntry>> entry = co_await shop_.places.results.get(std::move(key));
    if (!entry.has_value() || !*entry) co_return false;
    nats::Result<std::string> text = co_await shop_.places.payloads.unpack((*entry)->value);
    if (!text.has_value()) co_return false;
    bool ours = false;
    try {
        ours = read_outcome(*text).holder == holder_;
    } catch (const std::invalid_argument&) {
        // Nothing of ours.
    }
    co_return ours;
}

/// What this worker spent that stands in no record that others go on from.
RunTotals JobRun::unrecorded() const {
    const RunTotals all = totals_of(*state_);
    const std::vector<Event> written = keeper_.written();
    if (written.empty()) return all;
    try {
        return less(all, totals_of(fold(shop_.workflow, written)));
    } catch (const std::exception&) {
        return all;
    }
}

Task<void> JobRun::waste(RunTotals totals, std::string reason) {
    if (totals == RunTotals()) co_return;
    const std::string key = waste_key(item_, nats::subject_token(shop_.worker), holder_.delivery);
    const std::string text = to_text(Waste{holder_, totals, std::move(reason)});
    const auto put = [&] { return shop_.places.results.put(key, text); };
    const nats::Result<std::uint64_t> ignored =
        co_await patiently<std::uint64_t>(put, Deadline::after(to_keep_what_was_answered));
    static_cast<void>(ignored);
}

Task<void> JobRun::hand_back() {
    const bool kept = co_await keeper_.hand_back(Deadline::after(to_keep_what_was_answered));
    if (!kept && keeper_.lost() && state_) co_await waste(unrecorded(), "another worker has taken the item over");
    if (keeper_.lost()) co_return;
    const nats::Result<void> ignored = co_await delivery_.nak(std::chrono::milliseconds(0));
    static_cast<void>(ignored);  // its lease ends by itself
}

}  // namespace enough::fleet
