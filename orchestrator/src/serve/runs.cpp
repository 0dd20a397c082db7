#include "serve/runs.hpp"

#include <enough/async/with_deadline.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <utility>

namespace enough {

Runs::Runs(asio::any_io_executor executor, Limits limits)
    : executor_(executor), limits_(limits), approvals_(executor), tasks_(executor) {}

std::shared_ptr<ServedRun> Runs::start(RunOrder order) {
    auto run =
        std::make_shared<ServedRun>(to_string(boost::uuids::random_generator()()), order.served, order.grant.client());
    by_id_.emplace(run->id(), run);
    order_.push_back(run);
    forget_oldest();
    in_flight_[run->id()] = tasks_.spawn(this->run(run, std::move(order)));
    return run;
}

ObservedRun Runs::observed(const std::string& id, const RunOrder& order) const {
    ObservedRun observed{id, order.served->workflow, std::nullopt, order.grant.client()};
    if (tracing_)
        observed.trace = tracing_->begin(id, order.parent);
    else if (order.parent)
        observed.trace = RunTrace{*order.parent, "", false};
    return observed;
}

Task<void> Runs::run(std::shared_ptr<ServedRun> run, RunOrder order) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::post(executor_, asio::use_awaitable);  // whoever started it has a moment to follow it
    const ObservedRun observed = this->observed(run->id(), order);
    RunOptions options;
    options.run_id = run->id();
    options.trace = observed.trace;
    options.sinks = std::vector<EventSink*>(1, run.get());
    std::vector<std::unique_ptr<EventSink>> watching;
    for (RunObserver* observer : observers_) {
        auto sink = observer->follow(observed);
        if (!sink) continue;
        options.sinks.push_back(sink.get());
        watching.push_back(std::move(sink));
    }
    options.approver = &approvals_;
    options.sampling = std::move(order.sampling);
    options.allowance = order.grant.allowance();
    RunState state = co_await order.served->engine->run(std::move(order.inputs), std::move(options));
    const Usage& used = state.budget().used();
    order.grant.settle(used.input_tokens + used.output_tokens, state.budget().used_usd());
    in_flight_.erase(run->id());
}

std::shared_ptr<ServedRun> Runs::find(const std::string& id) const {
    const auto known = by_id_.find(id);
    return known == by_id_.end() ? nullptr : known->second;
}

std::vector<std::shared_ptr<ServedRun>> Runs::list(std::size_t count, const std::string& before,
                                                   const std::function<bool(const ServedRun&)>& wanted) const {
    std::vector<std::shared_ptr<ServedRun>> listed;
    auto next = order_.rbegin();
    if (by_id_.contains(before)) {
        next = std::find_if(next, order_.rend(), [&](const auto& run) { return run->id() == before; });
        ++next;
    }
    for (; next != order_.rend() && listed.size() < count; ++next)
        if (wanted(**next)) listed.push_back(*next);
    return listed;
}

bool Runs::cancel(const std::string& id) {
    const auto known = in_flight_.find(id);
    return known != in_flight_.end() && tasks_.cancel(known->second);
}

Task<void> Runs::drain(Deadline deadline) {
    try {
        co_await with_deadline(tasks_.join(), deadline);
    } catch (const DeadlineExceeded&) {
        // `join` has cancelled and awaited what was left.
    }
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

}  // namespace enough
