#include "engine/fold.hpp"

#include <enough/orchestrator/call_by_call.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

CallRecord& in_flight(Fold& fold, CallId id) {
    if (id == 0 || id > fold.state.calls.size() || !fold.state.call(id).in_flight)
        throw std::logic_error(fmt::format("run {}: call {} is not in flight", fold.state.run_id, id));
    return fold.state.call(id);
}

std::optional<Price> price_of(const Fold& fold, const CallRecord& call) {
    const Workflow& workflow = fold.workflow(call.place);
    const std::string& model = workflow.agents.at(call.agent).model;
    return call.fell_back ? dearest_price(workflow, model) : workflow.models.at(model).price;
}

Usage difference(const Usage& all, const Usage& part) {
    const auto less = [](std::int64_t a, std::int64_t b) { return std::max<std::int64_t>(a - b, 0); };
    return {less(all.input_tokens, part.input_tokens), less(all.cached_input_tokens, part.cached_input_tokens),
            less(all.output_tokens, part.output_tokens), less(all.reasoning_tokens, part.reasoning_tokens),
            all.estimated};
}

/// A call has come back, one way or another: book what it used beyond what its failed attempts were booked with.
void settle(Fold& fold, CallRecord& call, const Usage& usage) {
    RunState& run = fold.state;
    call.in_flight = false;
    --run.in_flight;
    call.usage = usage;
    call.usd = cost_usd(usage, price_of(fold, call));
    for (int i = 0; i < call.reserved_attempts; ++i)
        run.purses.release(call.purse, call.reservation);
    run.purses.commit(call.purse, difference(usage, call.booked), std::max(call.usd - call.booked_usd, 0.0));
    if (!call.wasted) return;
    run.wasted += usage;
    ++run.wasted_calls;
    run.wasted_usd += call.usd;
}

bool ending(const Fold& fold) {
    return fold.state.ending != Status::running;
}

/// Does anybody still wait for what a call says?
bool awaited(const Fold& fold, const CallRecord& call) {
    return !ending(fold) && !call.abort_requested && fold.state.step(call.place).status == Status::running;
}

void explain_if_silent(CallRecord& call, const std::string& reason) {
    if (call.reason.empty()) call.reason = reason;
}

RunLimits smaller(RunLimits limits, const RunAllowance& allowance) {
    if (allowance.usd) limits.usd = std::min(limits.usd.value_or(*allowance.usd), *allowance.usd);
    if (allowance.tokens) limits.tokens = std::min(limits.tokens.value_or(*allowance.tokens), *allowance.tokens);
    return limits;
}

/// What each fact means.
struct Apply {
    Fold& fold;

    void operator()(const RunStarted& fact) {
        RunState& run = fold.state;
        run.status = Status::running;
        run.started = fact.started;
        run.tools = fact.tools;
        run.sampling = fact.sampling;
        run.purses = Purses(smaller(run.workflow->limits, fact.allowance));
        run.granted_calls = fact.granted_calls;
        run.root().context = {{"inputs", fact.inputs}, {"steps", nlohmann::json::object()}};
        fold.touched.push_back(0);
        if (fact.tools_error) end_run(fold, Status::failed, *fact.tools_error);
        if (const auto why = why_not_call_by_call(*run.workflow); fact.granted_calls && why && !ending(fold))
            end_run(fold, Status::failed, *why);
    }

    void operator()(const CallAnswered& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        if (!fact.answer.answered_by.empty()) call.fell_back = true;
        settle(fold, call, fact.answer.usage);
        call.answered = true;
        call.answered_by = fact.answer.answered_by;
        call.cached = fact.answer.from_cache;
        call.finish_reason = fact.answer.finish_reason;
        call.latency = fact.answer.latency;
        call.first_token = fact.answer.first_token;
        call.evidence = fact.evidence;
        if (!awaited(fold, call)) return explain_if_silent(call, "nobody waited for it any more");
        call.text = fact.answer.text;
        on_answer(fold, call, fact);
    }

    void operator()(const CallFailed& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        settle(fold, call, fact.spent);
        call.latency = fold.state.now - call.requested;
        if (!awaited(fold, call)) return explain_if_silent(call, fact.message);
        on_failure(fold, call, fact.message);
    }

    void operator()(const CallAborted& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        settle(fold, call, fact.spent);
        call.latency = fold.state.now - call.requested;
        explain_if_silent(call, "aborted");
        if (!call.abort_requested) throw std::logic_error(fmt::format("call {} aborted by nobody", fact.call));
    }

    void operator()(const TimeExpired&) {
        const auto& time = fold.state.budget().limits().time;
        if (!ending(fold) && time) end_run(fold, Status::over_budget, time_spent(*time));
    }

    void operator()(const CancelRequested&) {
        if (!ending(fold)) end_run(fold, Status::cancelled, "cancelled");
    }

    void operator()(const AttemptRequested& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        Purses& purses = fold.state.purses;
        const double usd = cost_usd(fact.spent, price_of(fold, call));
        purses.commit(call.purse, fact.spent, usd);
        call.booked += fact.spent;
        call.booked_usd += usd;
        if (fact.kind != AttemptKind::hedge) {
            purses.release(call.purse, call.reservation);
            --call.reserved_attempts;
        }
        AttemptDecided decided{call.id, false, "nobody waits for it any more"};
        if (awaited(fold, call)) {
            decided.granted = purses.reserve_again(call.purse, call.reservation);
            decided.reason = decided.granted ? "" : "the limits leave no room for another attempt";
        }
        if (decided.granted) {
            ++call.reserved_attempts;
            ++call.attempts;
            if (fact.kind == AttemptKind::fallback) call.fell_back = true;
        }
        fold.emit(decided);
    }

    void operator()(const ToolReturned& fact) {
        const auto& uses = fold.state.tool_uses;
        if (fact.use == 0 || fact.use > uses.size())
            throw std::logic_error(fmt::format("there is no tool use {}", fact.use));
        if (!ending(fold) && uses[fact.use - 1].open) on_tool_result(fold, fact.use, fact.result);
    }

    void operator()(const ApprovalGiven& fact) {
        const auto& approvals = fold.state.approvals;
        if (fact.approval == 0 || fact.approval > approvals.size())
            throw std::logic_error(fmt::format("there is no approval {}", fact.approval));
        if (!ending(fold) && approvals[fact.approval - 1].open) on_approval(fold, fact);
    }

    void operator()(const TimerFired& fact) {
        if (fact.timer == 0 || fact.timer > fold.state.timers.size())
            throw std::logic_error(fmt::format("there is no timer {}", fact.timer));
        if (!ending(fold)) on_timer(fold, fact.timer);
    }

    void operator()(const CallsGranted& fact) {
        if (!ending(fold)) on_calls_granted(fold, fact.calls);
    }

    void operator()(const CallsEnded& fact) {
        if (!ending(fold)) on_calls_ended(fold, fact.reason);
    }

    template <class Conclusion>
    void operator()(const Conclusion&) {
        throw std::logic_error("a conclusion is not a fact");
    }
};

}  // namespace

void Fold::emit(EventBody body) {
    actions_.push_back(Emit{Event{state.run_id, ++state.events, state.now, std::move(body)}});
}

std::vector<Action> step(RunState& state, RunTime at, EventBody fact) {
    if (is_final(state.status)) throw std::logic_error(fmt::format("run {} has ended", state.run_id));
    if ((state.status == Status::queued) != std::holds_alternative<RunStarted>(fact))
        throw std::logic_error(fmt::format("run {} must start once, and first", state.run_id));
    std::vector<Action> actions;
    Fold fold(state, actions);
    state.now = at;
    fold.emit(fact);
    std::visit(Apply{fold}, fact);
    advance(fold);
    finish_if_ended(fold);
    return actions;
}

}  // namespace enough
