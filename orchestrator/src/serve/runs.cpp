#include "serve/runs.hpp"

#include "serve/served_report.hpp"
#include "serve/storing_sink.hpp"

#include <enough/async/join_by.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

StoredRun record_of(const ServedRun& run) {
    StoredRun record;
    record.id = run.id();
    record.workflow = run.workflow().name;
    record.workflow_hash = run.workflow().hash;
    record.created = run.created();
    return record;
}

/// Enters what a run has used in the books of whoever started it.
void settle(Grant& grant, const RunState& state) {
    const Usage& used = state.budget().used();
    grant.settle(used.input_tokens + used.output_tokens, state.budget().used_usd());
}

}  // namespace

Runs::Runs(asio::any_io_executor executor, Limits limits, RunStore* store)
    : executor_(executor), limits_(limits), approvals_(executor), store_(store), tasks_(executor) {}

std::shared_ptr<ServedRun> Runs::start(RunOrder order) {
    // No two begin at the same time: a list has them in the order in which they began.
    latest_ = std::max(wall_time_now(), latest_ + std::chrono::microseconds(1));
    auto run = std::make_shared<ServedRun>(to_string(boost::uuids::random_generator()()), latest_, order.served,
                                           order.grant.client());
    if (store_) store_->begin(record_of(*run));
    return enter(run, this->run(run, std::move(order)));
}

std::shared_ptr<ServedRun> Runs::resume(std::shared_ptr<ServedWorkflow> served, std::vector<Event> recorded,
                                        WallTime created, std::optional<Grant> grant) {
    auto run = std::make_shared<ServedRun>(recorded, created, served, grant ? grant->client() : std::string());
    if (store_) store_->reopen(run->id());
    return enter(run, go_on(run, std::move(served), std::move(recorded), std::move(grant)));
}

Runs::Running Runs::enter(Running run, Task<void> running) {
    run->keep_text(texts_.open(run->id()));
    by_id_.emplace(run->id(), run);
    order_.push_back(run);
    forget_oldest();
    in_flight_[run->id()] = tasks_.spawn(std::move(running));
    return run;
}

ObservedRun Runs::observed(const ServedRun& run, const std::shared_ptr<ServedWorkflow>& served,
                           const std::optional<TraceContext>& parent) const {
    ObservedRun observed{run.id(), served->workflow, std::nullopt, run.client()};
    if (tracing_)
        observed.trace = tracing_->begin(run.id(), parent);
    else if (parent)
        observed.trace = RunTrace{*parent, "", false};
    return observed;
}

Runs::Outfit Runs::outfit(const ObservedRun& observed, StoringSink& sink) {
    Outfit outfit;
    outfit.options.run_id = observed.id;
    outfit.options.trace = observed.trace;
    outfit.options.approver = &approvals_;
    outfit.options.sinks.push_back(&sink);
    for (RunObserver* observer : observers_) {
        auto watching = observer->follow(observed);
        if (!watching) continue;
        outfit.options.sinks.push_back(watching.get());
        outfit.watching.push_back(std::move(watching));
    }
    return outfit;
}

Task<void> Runs::run(Running run, RunOrder order) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::post(executor_, asio::use_awaitable);  // whoever started it has a moment to follow it
    StoringSink sink(*run, store_);
    const ObservedRun observed = this->observed(*run, order.served, order.parent);
    const Outfit outfit = this->outfit(observed, sink);
    RunOptions options = outfit.options;
    options.sampling = std::move(order.sampling);
    options.allowance = order.grant.allowance();
    RunState state = co_await order.served->engine->run(std::move(order.inputs), std::move(options));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    settle(order.grant, state);
    co_await end(std::move(run), std::move(state), sink.last());
}

Task<void> Runs::go_on(Running run, std::shared_ptr<ServedWorkflow> served, std::vector<Event> recorded,
                       std::optional<Grant> grant) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::post(executor_, asio::use_awaitable);
    StoringSink sink(*run, store_);
    const ObservedRun observed = this->observed(*run, served, std::nullopt);
    const Outfit outfit = this->outfit(observed, sink);
    RunOptions options = outfit.options;
    RunState state = co_await served->engine->resume(std::move(recorded), std::move(options));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (grant) settle(*grant, state);
    co_await end(std::move(run), std::move(state), sink.last());
}

/// Clients are told of the end when the store has it.
Task<void> Runs::end(Running run, RunState state, std::optional<Event> last) {
    bool stored = false;
    if (store_ && last) {
        auto text =
            served_report(state, run->events()).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        stored = co_await store_->end(run->id(), *last, totals_of(state), std::move(text));
    }
    in_flight_.erase(run->id());
    if (last) run->on(*last);
    if (stored) forget(*run);
}

std::shared_ptr<ServedRun> Runs::find(const std::string& id) const {
    const auto known = by_id_.find(id);
    return known == by_id_.end() ? nullptr : known->second;
}

std::vector<std::shared_ptr<ServedRun>> Runs::list(const std::function<bool(const ServedRun&)>& wanted) const {
    std::vector<Running> listed;
    for (const Running& run : order_)
        if (wanted(*run)) listed.push_back(run);
    std::sort(listed.begin(), listed.end(), [](const Running& a, const Running& b) { return b->key() < a->key(); });
    return listed;
}

bool Runs::cancel(const std::string& id) {
    const auto known = in_flight_.find(id);
    return known != in_flight_.end() && tasks_.cancel(known->second);
}

Task<void> Runs::drain(Deadline deadline) {
    co_await join_by(tasks_, deadline);
}

/// Those in flight are never forgotten.
void Runs::forget_oldest() {
    for (auto run = order_.begin(); order_.size() > limits_.kept + in_flight_.size() && run != order_.end();) {
        if (in_flight_.contains((*run)->id())) {
            ++run;
            continue;
        }
        by_id_.erase((*run)->id());
        run = order_.erase(run);
    }
}

void Runs::forget(const ServedRun& run) {
    by_id_.erase(run.id());
    std::erase_if(order_, [&](const Running& each) { return each.get() == &run; });
}

}  // namespace enough
