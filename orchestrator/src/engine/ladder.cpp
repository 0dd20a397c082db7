#include "engine/fold.hpp"

#include <enough/policies/gate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

const Ladder& ladder_of(const Fold& fold, std::size_t step) {
    return std::get<Ladder>(fold.definition(step).body);
}

const AgentRung& rung_of(const Fold& fold, std::size_t step, std::size_t rung) {
    return std::get<AgentRung>(ladder_of(fold, step).rungs.at(rung));
}

int chain_length(const AgentRung& rung) {
    return rung.refine ? rung.refine->max_steps : 1;
}

/// Could anybody still want the text of an answer that will be escalated? Then its call must not be cut short.
bool text_needed(const Fold& fold, std::size_t step, std::size_t rung) {
    const Ladder& ladder = ladder_of(fold, step);
    if (rung + 1 == ladder.rungs.size()) return ladder.on_exhausted != OnExhausted::fail;
    return rung_of(fold, step, rung + 1).handover != Handover::fresh;
}

/// The thresholds that apply at this place of the chain: `until: all` judges the first step and, where it has a
/// threshold of its own, the last.
Gate gate_at(const AgentRung& rung, ChainPosition position) {
    Gate gate = *rung.gate;
    const bool runs_all = rung.refine && rung.refine->until == RefineUntil::all;
    if (runs_all && position.step > 1 && !position.is_last()) gate.accept.resize(1);
    return gate;
}

Ask make_ask(const Fold& fold, const CallRecord& call, const AgentRung& rung, Sampling sampling,
             std::vector<Message> messages) {
    Ask ask{.call = call.id, .model = call.model, .messages = std::move(messages), .sampling = std::move(sampling)};
    if (!rung.gate) return ask;
    ask.evidence = rung.gate->settings;
    const ChainPosition position{call.chain_step, call.chain_length};
    if (!text_needed(fold, call.step, call.rung))
        ask.stop_early = early_stop(gate_at(rung, position), position, call.max_tokens);
    return ask;
}

CallRecord& new_call(Fold& fold, std::size_t step, const AgentRung& rung) {
    RunState& run = fold.state;
    StepState& state = run.steps.at(step);
    CallRecord& call = run.calls.emplace_back();
    call.id = static_cast<CallId>(run.calls.size());
    call.step = step;
    call.agent = rung.agent;
    call.model = fold.workflow().agents.at(rung.agent).model;
    call.rung = state.ladder.rung;
    call.chain_step = state.ladder.chain_step;
    call.chain_length = chain_length(rung);
    call.requested = run.now;
    if (rung.gate) call.signal = name(rung.gate->signal);
    state.calls.push_back(call.id);
    return call;
}

/// Sends the next call of a ladder if the budget lets it.
void request_call(Fold& fold, std::size_t step, std::vector<Message> messages) {
    RunState& run = fold.state;
    StepState& state = run.steps.at(step);
    const AgentRung& rung = rung_of(fold, step, state.ladder.rung);
    const AgentRole& role = fold.workflow().agents.at(rung.agent);
    const auto& price = fold.workflow().models.at(role.model).price;

    const auto& time = run.budget.limits().time;
    if (time && run.now >= *time) return end_run(fold, Status::over_budget, time_spent(*time));
    auto admission = run.budget.reserve(messages, role.sampling.max_tokens, price);
    if (!admission.reservation) {
        const std::string why = fmt::format("step '{}': {}", fold.definition(step).id, admission.refusal);
        return end_run(fold, Status::over_budget, why);
    }

    CallRecord& call = new_call(fold, step, rung);
    call.reservation = *admission.reservation;
    call.max_tokens = call.reservation.max_tokens;
    Sampling sampling = role.sampling;
    sampling.max_tokens = call.max_tokens;
    state.ladder.asked = messages;

    fold.emit(CallRequested{call.id, fold.definition(step).id, call.agent, call.model, call.rung, call.chain_step,
                            call.chain_length, messages, sampling});
    fold.act(make_ask(fold, call, rung, std::move(sampling), std::move(messages)));
}

/// How sure a whole answer is; absent for one that is truncated, has no value or no sound evidence.
std::optional<double> sureness(const CallRecord& call) {
    const bool whole = call.finish_reason == FinishReason::stop && call.answer;
    return whole && call.judgement ? call.judgement->value : std::nullopt;
}

/// The surest answer of the latest rung that has one; without any, the last answer.
std::optional<CallId> best_call(const Fold& fold, std::size_t step) {
    const CallRecord* best = nullptr;
    for (const CallId id : fold.state.steps.at(step).calls) {
        const CallRecord& call = fold.state.call(id);
        if (!call.answered || call.stopped_early()) continue;
        if (best && sureness(*best)) {
            if (!sureness(call)) continue;
            const Signal signal = signal_named(call.signal).value_or(Signal::entropy_mean);
            const bool same_rung = best->rung == call.rung;
            if (same_rung && at_least_as_sure(signal, *sureness(*best), *sureness(call))) continue;
        }
        best = &call;
    }
    return best ? std::optional(best->id) : std::nullopt;
}

std::optional<CallId> last_call(const Fold& fold, std::size_t step) {
    const auto& calls = fold.state.steps.at(step).calls;
    const auto whole = [&](CallId id) { return fold.state.call(id).answered && !fold.state.call(id).stopped_early(); };
    const auto found = std::find_if(calls.rbegin(), calls.rend(), whole);
    return found == calls.rend() ? std::nullopt : std::optional(*found);
}

void exhausted(Fold& fold, std::size_t step) {
    const std::string reason = "no rung was accepted";
    switch (ladder_of(fold, step).on_exhausted) {
        case OnExhausted::fail:
            return finish_step(fold, step, Status::failed, reason);
        case OnExhausted::best:
            fold.state.steps.at(step).chosen = best_call(fold, step);
            break;
        case OnExhausted::last:
            fold.state.steps.at(step).chosen = last_call(fold, step);
            break;
    }
    finish_step(fold, step, Status::unresolved, reason);
}

void climb(Fold& fold, std::size_t step) {
    LadderState& ladder = fold.state.steps.at(step).ladder;
    if (ladder.rung + 1 == ladder_of(fold, step).rungs.size()) return exhausted(fold, step);
    ++ladder.rung;
    ladder.chain_step = 1;
    request_call(fold, step, first_turn(fold, step, rung_of(fold, step, ladder.rung)));
}

void refine(Fold& fold, std::size_t step) {
    LadderState& ladder = fold.state.steps.at(step).ladder;
    ++ladder.chain_step;
    request_call(fold, step, refine_turn(ladder, rung_of(fold, step, ladder.rung).refine->prompt));
}

Judgement judge_call(const AgentRung& rung, const CallRecord& call, const CallAnswered& fact) {
    const ChainPosition position{call.chain_step, call.chain_length};
    CallFacts facts;
    facts.finish_reason = fact.answer.finish_reason;
    facts.reported_output_tokens = fact.answer.reported_output_tokens;
    if (fact.answer.usage.reasoning_tokens > 0) facts.reported_reasoning_tokens = fact.answer.usage.reasoning_tokens;
    facts.has_text = !fact.answer.text.empty();
    facts.answer_extracted = call.answer.has_value();
    facts.logprobs_refused = fact.answer.logprobs_refused;
    facts.max_tokens = call.max_tokens;
    facts.model = fact.answer.model;
    facts.fingerprint = fact.answer.fingerprint;
    if (!rung.gate) return judge_without_gate(position, facts);
    return judge(gate_at(rung, position), position, fact.evidence.value_or(EvidenceSummary{}), facts);
}

}  // namespace

void begin_ladder(Fold& fold, std::size_t step) {
    StepState& state = fold.state.steps.at(step);
    state.ladder.question = ladder_of(fold, step).prompt.render(fold.state.context);
    request_call(fold, step, first_turn(fold, step, rung_of(fold, step, 0)));
}

void on_answer(Fold& fold, CallRecord& call, const CallAnswered& fact) {
    const std::size_t step = call.step;
    const AgentRung& rung = rung_of(fold, step, call.rung);
    LadderState& ladder = fold.state.steps.at(step).ladder;
    if (!call.stopped_early()) call.answer = fold.workflow().agents.at(rung.agent).answer(call.text);
    if (!call.stopped_early() && !call.text.empty()) {
        ladder.conversation = std::move(ladder.asked);
        ladder.conversation.push_back({Role::assistant, call.text});
    }
    call.judgement = judge_call(rung, call, fact);
    call.reason = call.judgement->reason;
    fold.emit(CallJudged{call.id, *call.judgement, call.signal, call.answer});

    if (const auto broken = fold.state.budget.broken()) return end_run(fold, Status::over_budget, *broken);
    switch (call.judgement->verdict) {
        case Verdict::accept:
            fold.state.steps.at(step).chosen = call.id;
            return finish_step(fold, step, Status::accepted, call.reason);
        case Verdict::refine:
            return refine(fold, step);
        case Verdict::escalate:
            return climb(fold, step);
        case Verdict::fail:
            return finish_step(fold, step, Status::failed, call.reason);
    }
}

void on_failure(Fold& fold, CallRecord& call, const std::string& message) {
    const std::size_t step = call.step;
    const bool last = call.rung + 1 == ladder_of(fold, step).rungs.size();
    call.reason = message;
    fold.emit(CallGivenUp{call.id, message});
    if (const auto broken = fold.state.budget.broken()) return end_run(fold, Status::over_budget, *broken);
    if (last) return finish_step(fold, step, Status::failed, message);
    climb(fold, step);
}

}  // namespace enough
