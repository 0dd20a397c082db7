#include "engine/fold.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

CallRecord& in_flight(Fold& fold, CallId id) {
    if (id == 0 || id > fold.state.calls.size() || !fold.state.call(id).in_flight)
        throw std::logic_error(fmt::format("run {}: call {} is not in flight", fold.state.run_id, id));
    return fold.state.call(id);
}

/// A call has come back, one way or another: book what it used.
void settle(Fold& fold, CallRecord& call, const Usage& usage) {
    call.in_flight = false;
    call.usage = usage;
    call.usd = cost_usd(usage, fold.workflow().models.at(call.model).price);
    fold.state.budget.commit(call.reservation, usage, call.usd);
}

bool ending(const Fold& fold) {
    return fold.state.ending != Status::running;
}

/// What each fact means.
struct Apply {
    Fold& fold;

    void operator()(const RunStarted& fact) {
        fold.state.status = Status::running;
        fold.state.started = fact.started;
        fold.state.context = {{"inputs", fact.inputs}, {"steps", nlohmann::json::object()}};
    }

    void operator()(const CallAnswered& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        settle(fold, call, fact.answer.usage);
        call.answered = true;
        call.text = fact.answer.text;
        call.finish_reason = fact.answer.finish_reason;
        call.latency = fact.answer.latency;
        call.first_token = fact.answer.first_token;
        call.evidence = fact.evidence;
        if (ending(fold))
            call.reason = "the run had ended before it answered";
        else
            on_answer(fold, call, fact);
    }

    void operator()(const CallFailed& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        settle(fold, call, fact.spent);
        call.latency = fold.state.now - call.requested;
        if (ending(fold))
            call.reason = fact.message;
        else
            on_failure(fold, call, fact.message);
    }

    void operator()(const CallAborted& fact) {
        CallRecord& call = in_flight(fold, fact.call);
        settle(fold, call, fact.spent);
        call.latency = fold.state.now - call.requested;
        call.reason = "aborted";
        if (!ending(fold)) throw std::logic_error(fmt::format("call {} aborted by nobody", fact.call));
    }

    void operator()(const TimeExpired&) {
        const auto& time = fold.state.budget.limits().time;
        if (!ending(fold) && time) end_run(fold, Status::over_budget, time_spent(*time));
    }

    void operator()(const CancelRequested&) {
        if (!ending(fold)) end_run(fold, Status::cancelled, "cancelled");
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
    Fold fold{state, actions};
    state.now = at;
    fold.emit(fact);
    std::visit(Apply{fold}, fact);
    if (!ending(fold)) advance(fold);
    if (ending(fold)) finish_if_ended(fold);
    return actions;
}

}  // namespace enough
