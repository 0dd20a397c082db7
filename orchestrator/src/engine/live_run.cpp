#include "engine/live_run.hpp"

#include "engine/call_watch.hpp"

#include <enough/orchestrator/call_by_call.hpp>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <string>

namespace enough {
namespace {

// The run's own clock comes first, so that a call in flight at the end of `limits.time` is aborted, not failed.
constexpr std::chrono::milliseconds after_the_run{100};

Usage sum(Usage usage, const Usage& other) {
    usage += other;
    return usage;
}

/// `before`: what the call used up before the run was interrupted.
EventBody fact_of(CallId call, Result<Answer> result, const CallWatch& watch, const Usage& before) {
    if (result.has_value()) {
        result->usage += before;
        return CallAnswered{call, std::move(*result), watch.evidence()};
    }
    Failure failure = std::move(result).error();
    return CallFailed{call, failure.kind, std::move(failure.message), sum(failure.spent, before)};
}

/// What an agent asks before it sends a request once more.
class AttemptsOfCall final : public Attempts {
public:
    AttemptsOfCall(LiveRun& run, CallId call) : run_(run), call_(call) {}

    bool another(AttemptKind kind, const Usage& spent, std::string_view reason) override {
        return run_.another_attempt(call_, kind, spent, reason);
    }

private:
    LiveRun& run_;
    CallId call_;
};

bool was_cancelled(const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
}

}  // namespace

LiveRun::LiveRun(std::shared_ptr<const Workflow> workflow, const Agents& agents, const ToolServers& tools,
                 RunOptions options, asio::any_io_executor executor)
    : agents_(agents),
      tools_(tools),
      options_(std::move(options)),
      state_(std::move(workflow), options_.run_id),
      mailbox_(executor),
      group_(executor),
      owner_(std::hash<std::string>()(options_.run_id)) {}

Task<void> LiveRun::to_end(RunStarted start, bool cancelled) {
    co_await asio::this_coro::throw_if_cancelled(false);
    limit_time();
    co_await list_tools(start);
    feed(std::move(start));
    co_await live(cancelled);
}

Task<void> LiveRun::to_end(Unfinished left, bool cancelled) {
    co_await asio::this_coro::throw_if_cancelled(false);
    take_up(std::move(left));
    co_await live(cancelled);
}

Task<void> LiveRun::live(bool cancelled) {
    bool told = false;
    while (!is_final(state_.status) && !awaits_call(state_)) {
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        cancelled = cancelled || cancellation.cancelled() != asio::cancellation_type::none;
        if (cancelled && !told) {
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

void LiveRun::limit_time() {
    const auto time = state_.budget().limits().time;
    if (!time || state_.ending != Status::running) return;
    group_.spawn(watch_time(Deadline(began_ + *time)));
    deadline_ = Deadline(began_ + *time + after_the_run);
}

/// The run's clock goes on from its last fact: the time in which nothing ran does not count.
void LiveRun::take_up(Unfinished left) {
    state_ = std::move(left.state);
    samples_ = std::move(left.samples);
    began_ = Deadline::Clock::now() - std::chrono::duration_cast<Deadline::Clock::duration>(state_.now);
    for (const Event& event : left.untold)
        tell(event);
    if (is_final(state_.status)) return;
    limit_time();
    for (auto& [id, call] : left.calls)
        take_up(std::move(call));
    for (auto& [id, wish] : left.tool_uses)
        perform(std::move(wish));
    for (auto& [id, question] : left.approvals)
        perform(std::move(question));
    for (const auto& [id, wait] : left.timers)
        perform(wait);
    if (!options_.calls_ended.empty())
        feed(CallsEnded{options_.calls_ended});
    else if (options_.granted_calls && *options_.granted_calls > state_.granted_calls.value_or(*options_.granted_calls))
        feed(CallsGranted{*options_.granted_calls});
}

/// What was sent may have cost something although its answer never came: its prompt at least is booked, as of a failed
/// attempt, and asking once more is another attempt.
void LiveRun::take_up(Unfinished::Call call) {
    const CallId id = call.ask.call;
    const CallRecord& record = state_.call(id);
    const Usage lost = call.requested ? CallWatch(call.ask, options_.sinks).spent_so_far() : Usage();
    if (record.abort_requested) {
        mailbox_.post(CallAborted{id, sum(record.booked, lost)});
    } else if (!call.requested) {
        in_flight_[id] = group_.spawn(this->call(std::move(call.ask), call.sample, record.booked));
    } else if (another_attempt(id, AttemptKind::retry, lost, "the run was interrupted")) {
        in_flight_[id] = group_.spawn(this->call(std::move(call.ask), call.sample, record.booked));
    } else {
        const auto why = "the run was interrupted, and the limits leave no room to ask again";
        in_flight_[id] = group_.spawn(post(CallFailed{id, FailureKind::server_error, why, record.booked}));
    }
}

/// What the servers of tools offer.
Task<void> LiveRun::list_tools(RunStarted& start) {
    try {
        for (const auto& [key, server] : tools_) {
            Result<std::vector<ToolSpec>> listed = co_await server->list(deadline_);
            if (listed.has_value())
                start.tools[key] = std::move(*listed);
            else if (!start.tools_error)
                start.tools_error = fmt::format("tools '{}': {}", key, listed.error().message);
        }
    } catch (const boost::system::system_error& error) {
        // Cancelled: the run sees that by itself as soon as it has begun.
        if (!was_cancelled(error)) start.tools_error = error.what();
    }
}

void LiveRun::feed(EventBody fact) {
    for (Action& action : step(state_, now(), std::move(fact)))
        to_do_.push_back(std::move(action));
    if (performing_) return;
    performing_ = true;
    while (!to_do_.empty()) {
        Action action = std::move(to_do_.front());
        to_do_.pop_front();
        perform(std::move(action));
    }
    performing_ = false;
}

void LiveRun::perform(Action action) {
    if (Emit* emit = std::get_if<Emit>(&action)) {
        tell(emit->event);
    } else if (Ask* ask = std::get_if<Ask>(&action)) {
        const CallId id = ask->call;
        const int sample = samples_.next(*ask);
        in_flight_[id] = group_.spawn(call(std::move(*ask), sample, Usage()));
    } else if (const Abort* abort = std::get_if<Abort>(&action)) {
        group_.cancel(in_flight_.at(abort->call));
    } else if (CallTool* wish = std::get_if<CallTool>(&action)) {
        const ToolUseId id = wish->use;
        tool_uses_[id] = group_.spawn(use_tool(std::move(*wish)));
    } else if (AskApproval* question = std::get_if<AskApproval>(&action)) {
        const ApprovalId id = question->approval;
        approvals_[id] = group_.spawn(ask_person(std::move(*question)));
    } else if (const Sleep* wait = std::get_if<Sleep>(&action)) {
        group_.spawn(sleep(*wait));
    } else if (const Forget* forgotten = std::get_if<Forget>(&action)) {
        forget(*forgotten);
    }
}

void LiveRun::tell(const Event& event) const {
    for (EventSink* sink : options_.sinks)
        sink->on(event);
}

void LiveRun::forget(const Forget& forgotten) {
    for (const ToolUseId id : forgotten.tool_uses)
        group_.cancel(tool_uses_.at(id));
    for (const ApprovalId id : forgotten.approvals)
        group_.cancel(approvals_.at(id));
}

bool LiveRun::another_attempt(CallId call, AttemptKind kind, const Usage& spent, std::string_view reason) {
    const int before = state_.call(call).attempts;
    feed(AttemptRequested{call, kind, spent, std::string(reason)});
    return state_.call(call).attempts > before;
}

Task<void> LiveRun::post(EventBody fact) {
    mailbox_.post(std::move(fact));
    co_return;
}

/// Asks, and posts exactly one fact about how it went.
Task<void> LiveRun::call(Ask ask, int sample, Usage before) {
    CallWatch watch(ask, options_.sinks);
    AttemptsOfCall attempts(*this, ask.call);
    Request request;
    request.messages = std::move(ask.messages);
    request.sampling = std::move(ask.sampling);
    request.top_logprobs = ask.evidence ? ask.evidence->top_k : 0;
    request.tools = std::move(ask.tools);
    request.tools_forbidden = ask.tools_forbidden;
    request.sample = sample;
    request.run = owner_;
    if (options_.trace) {
        TraceContext context = call_context(*options_.trace, options_.run_id, ask.call);
        request.traceparent = traceparent(context);
        request.tracestate = std::move(context.state);
    }
    request.deadline = deadline_;
    request.sink = &watch;
    request.attempts = &attempts;
    try {
        Result<Answer> result = co_await agents_.at(ask.model)->ask(std::move(request));
        mailbox_.post(fact_of(ask.call, std::move(result), watch, before));
    } catch (const boost::system::system_error& error) {
        if (was_cancelled(error))
            mailbox_.post(CallAborted{ask.call, sum(watch.spent_so_far(), before)});
        else
            mailbox_.post(
                CallFailed{ask.call, FailureKind::server_error, error.what(), sum(watch.spent_so_far(), before)});
    } catch (const std::exception& error) {
        // A bug in an agent must not hang the run that waits for it.
        mailbox_.post(CallFailed{ask.call, FailureKind::server_error, error.what(), sum(watch.spent_so_far(), before)});
    }
}

Task<void> LiveRun::use_tool(CallTool wish) {
    ToolReturned returned{wish.use, {}};
    try {
        Result<ToolResult> result = co_await tools_.at(wish.server)->call(wish.tool, wish.arguments, deadline_);
        returned.result = result.has_value() ? std::move(*result) : ToolResult{result.error().message, true};
    } catch (const boost::system::system_error& error) {
        if (was_cancelled(error)) co_return;
        returned.result = ToolResult{error.what(), true};
    } catch (const std::exception& error) {
        returned.result = ToolResult{error.what(), true};
    }
    mailbox_.post(std::move(returned));
}

Task<void> LiveRun::ask_person(AskApproval question) {
    ApprovalGiven given{question.approval, false, "", "there is nobody to ask"};
    if (options_.approver) {
        ApprovalQuestion asked{options_.run_id, question.step, question.message};
        Task<ApprovalReply> asking = options_.approver->ask(std::move(asked));
        ApprovalReply reply = co_await std::move(asking);
        given = ApprovalGiven{question.approval, reply.approved, std::move(reply.by), std::move(reply.comment)};
    }
    mailbox_.post(std::move(given));
}

Task<void> LiveRun::sleep(Sleep sleep) {
    const auto until = std::chrono::duration_cast<Deadline::Clock::duration>(sleep.until);
    asio::steady_timer timer(co_await asio::this_coro::executor, began_ + until);
    co_await timer.async_wait(asio::use_awaitable);
    mailbox_.post(TimerFired{sleep.timer});
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
