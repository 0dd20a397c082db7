#include "engine/live_run.hpp"

#include "engine/call_watch.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>

namespace enough {
namespace {

// The run's own clock comes first, so that a call in flight at the end of `limits.time` is aborted, not failed.
constexpr std::chrono::milliseconds after_the_run{100};

EventBody fact_of(CallId call, Result<Answer> result, const CallWatch& watch) {
    if (result.has_value()) return CallAnswered{call, std::move(*result), watch.evidence()};
    Failure failure = std::move(result).error();
    return CallFailed{call, failure.kind, std::move(failure.message), failure.spent};
}

}  // namespace

LiveRun::LiveRun(std::shared_ptr<const Workflow> workflow, const Agents& agents, RunOptions options,
                 asio::any_io_executor executor)
    : agents_(agents),
      options_(std::move(options)),
      state_(std::move(workflow), options_.run_id),
      mailbox_(executor),
      group_(executor) {}

Task<void> LiveRun::to_end(RunStarted start) {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (const auto time = state_.budget.limits().time) {
        group_.spawn(watch_time(Deadline(began_ + *time)));
        deadline_ = Deadline(began_ + *time + after_the_run);
    }
    feed(std::move(start));
    bool told = false;
    while (!is_final(state_.status)) {
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none && !told) {
            told = true;
            feed(CancelRequested());
            continue;
        }
        std::optional<EventBody> fact = co_await mailbox_.next();
        if (fact) feed(std::move(*fact));
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    group_.cancel();
    co_await group_.join();
}

void LiveRun::feed(EventBody fact) {
    for (Action& action : step(state_, now(), std::move(fact)))
        perform(std::move(action));
}

void LiveRun::perform(Action action) {
    if (Emit* emit = std::get_if<Emit>(&action)) {
        for (EventSink* sink : options_.sinks)
            sink->on(emit->event);
    } else if (Ask* ask = std::get_if<Ask>(&action)) {
        const CallId id = ask->call;
        in_flight_[id] = group_.spawn(call(std::move(*ask)));
    } else if (const Abort* abort = std::get_if<Abort>(&action)) {
        group_.cancel(in_flight_.at(abort->call));
    }
}

/// Asks, and posts exactly one fact about how it went.
Task<void> LiveRun::call(Ask ask) {
    CallWatch watch(ask, options_.sinks);
    Request request;
    request.messages = std::move(ask.messages);
    request.sampling = std::move(ask.sampling);
    request.top_logprobs = ask.evidence ? ask.evidence->top_k : 0;
    request.deadline = deadline_;
    request.sink = &watch;
    try {
        Result<Answer> result = co_await agents_.at(ask.model)->ask(std::move(request));
        mailbox_.post(fact_of(ask.call, std::move(result), watch));
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted)
            mailbox_.post(CallFailed{ask.call, FailureKind::server_error, error.what(), watch.spent_so_far()});
        else
            mailbox_.post(CallAborted{ask.call, watch.spent_so_far()});
    } catch (const std::exception& error) {
        // A bug in an agent must not hang the run that waits for it.
        mailbox_.post(CallFailed{ask.call, FailureKind::server_error, error.what(), watch.spent_so_far()});
    }
}

Task<void> LiveRun::watch_time(Deadline deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at());
    co_await timer.async_wait(asio::use_awaitable);
    mailbox_.post(TimeExpired());
}

RunTime LiveRun::now() const {
    return Deadline::Clock::now() - began_;
}

}  // namespace enough
