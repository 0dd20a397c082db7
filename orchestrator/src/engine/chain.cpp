#include "engine/fold.hpp"

#include <enough/policies/gate.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace enough {
namespace {

const AgentRung& rung_of(const Fold& fold, Place place, std::size_t rung) {
    return std::get<AgentRung>(fold.ladder(place).rungs.at(rung));
}

int chain_length(const AgentRung& rung) {
    return rung.refine ? rung.refine->max_steps : 1;
}

ChainPosition position_of(const CallRecord& call) {
    return {call.chain_step, call.chain_length};
}

/// The thresholds that apply at this place of the chain: `until: all` judges the first step and, where it has a
/// threshold of its own, the last.
Gate gate_at(const AgentRung& rung, ChainPosition position) {
    Gate gate = *rung.gate;
    const bool runs_all = rung.refine && rung.refine->until == RefineUntil::all;
    if (runs_all && position.step > 1 && !position.is_last()) gate.accept.resize(1);
    return gate;
}

Handover handover_of(const Rung& rung) {
    return std::visit([](const auto& each) { return each.handover; }, rung);
}

/// Could anybody still want the text of an answer that will be escalated? Then its call must not be cut short.
bool text_needed(const Fold& fold, const Ladder& ladder, std::size_t rung) {
    const bool may_be_the_last = fold.state.granted_calls.has_value();  // whose calls may be ended after any of them
    if (may_be_the_last || rung + 1 == ladder.rungs.size()) return ladder.on_exhausted != OnExhausted::fail;
    return handover_of(ladder.rungs[rung + 1]) != Handover::fresh;
}

void ask_agent(Fold& fold, Place place, const AgentRung& rung, std::vector<Message> messages) {
    LadderState& ladder = fold.ladder_state(place);
    ladder.exchange = {};
    CallOrder order{.place = place, .agent = rung.agent};
    order.chain_step = ladder.chain_step;
    order.chain_length = chain_length(rung);
    if (rung.gate) {
        order.signal = name(rung.gate->signal);
        if (needs_logprobs(rung.gate->signal)) order.evidence = rung.gate->settings;
    }
    ask(fold, order, std::move(messages));
}

std::optional<double> as_number(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    const nlohmann::json value = nlohmann::json::parse(*text, nullptr, false);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// A stated number between `min` and `max` as 0..1; absent outside.
std::optional<double> scaled(std::optional<double> number, double min, double max) {
    if (!number || *number < std::min(min, max) || *number > std::max(min, max)) return std::nullopt;
    return (*number - min) / (max - min);
}

/// What a judgement leads to.
void conclude(Fold& fold, CallRecord& call, Judgement judgement) {
    const Place place = call.place;
    LadderState& ladder = fold.ladder_state(place);
    call.judgement = std::move(judgement);
    call.reason = call.judgement->reason;
    fold.emit(CallJudged{call.id, *call.judgement, call.signal, call.answer});
    if (!call.stopped_early())
        ladder.answers.push_back({call.id, call.rung, signal_named(call.signal).value_or(Signal::entropy_mean),
                                  call.whole() ? call.judgement->value : std::nullopt});

    if (broke_a_limit(fold, call)) return;
    switch (call.judgement->verdict) {
        case Verdict::accept:
            return accept(fold, place, call.id, call.reason);
        case Verdict::refine: {
            ++ladder.chain_step;
            const AgentRung& rung = rung_of(fold, place, call.rung);
            return ask_agent(fold, place, rung, next_turn(ladder.conversation, rung.refine->prompt));
        }
        case Verdict::escalate:
            return climb(fold, place);
        case Verdict::fail:
            return finish_step(fold, place, Status::failed, call.reason);
    }
}

void conclude_stated(Fold& fold, CallRecord& call, const Answer& answer, std::optional<double> value,
                     const std::string& absent) {
    const AgentRung& rung = rung_of(fold, call.place, call.rung);
    const ChainPosition position = position_of(call);
    conclude(fold, call, judge_value(gate_at(rung, position), position, value, absent, facts_of(fold, call, answer)));
}

void ask_judge(Fold& fold, CallRecord& call, const JudgeSignal& judge) {
    LadderState& ladder = fold.ladder_state(call.place);
    ladder.verdict = {};
    ladder.weighed = call.id;
    const std::string prompt = judge.prompt.render({{"question", ladder.question}, {"answer", call.text}});
    CallOrder order{.place = call.place, .agent = judge.agent, .purpose = CallPurpose::gate};
    order.chain_step = call.chain_step;
    order.chain_length = call.chain_length;
    ask(fold, order, sole_turn(fold, call.place, judge.agent, prompt));
}

/// The facts of an answer whose fact is long past.
Answer remembered(const CallRecord& call) {
    Answer answer;
    answer.text = call.text;
    answer.finish_reason = call.finish_reason;
    return answer;
}

}  // namespace

void begin_chain(Fold& fold, Place place) {
    LadderState& ladder = fold.ladder_state(place);
    const AgentRung& rung = rung_of(fold, place, ladder.rung);
    ladder.chain_step = 1;
    std::vector<Message> messages = first_turn(fold, place, rung.agent, rung.handover);
    ladder.conversation.clear();
    ask_agent(fold, place, rung, std::move(messages));
}

void on_chain_answer(Fold& fold, CallRecord& call, const Answer& answer) {
    const AgentRung& rung = rung_of(fold, call.place, call.rung);
    LadderState& ladder = fold.ladder_state(call.place);
    if (!call.stopped_early() && !call.text.empty()) {
        ladder.conversation = std::move(ladder.exchange.messages);
        ladder.conversation.push_back({Role::assistant, call.text});
        ladder.standing = call.id;
        ladder.standing_text = call.text;
    }
    const ChainPosition position = position_of(call);
    if (!rung.gate) return conclude(fold, call, judge_without_gate(position, facts_of(fold, call, answer)));
    if (needs_logprobs(rung.gate->signal))
        return conclude(fold, call,
                        judge(gate_at(rung, position), position, call.evidence.value_or(EvidenceSummary{}),
                              facts_of(fold, call, answer)));
    if (rung.verbalized) {
        const Verbalized& stated = *rung.verbalized;
        return conclude_stated(fold, call, answer, scaled(as_number(stated.value(call.text)), stated.min, stated.max),
                               fmt::format("the answer states no confidence from {} to {}", stated.min, stated.max));
    }
    const bool to_be_judged = gate_at(rung, position).threshold(position.step).has_value();
    if (rung.judge && call.whole() && to_be_judged) {
        if (!broke_a_limit(fold, call)) ask_judge(fold, call, *rung.judge);
        return;
    }
    conclude_stated(fold, call, answer, std::nullopt, "nothing to be judged");
}

void on_gate_answer(Fold& fold, CallRecord& call) {
    CallRecord& weighed = fold.state.call(fold.ladder_state(call.place).weighed.value());
    const JudgeSignal& judge = rung_of(fold, call.place, weighed.rung).judge.value();
    const bool cut = call.finish_reason == FinishReason::length;  // its last number need not be its verdict
    const auto number = cut ? std::nullopt : as_number(Extractor::make(ExtractKind::number)(call.text));
    const auto value = scaled(number, judge.min, judge.max);
    call.reason = value ? fmt::format("gives it {:.4g}", *value)
                  : cut ? "was cut at max_tokens"
                        : fmt::format("gave no number from {} to {}", judge.min, judge.max);
    fold.emit(BallotCast{call.id, call.answer, call.reason});
    conclude_stated(fold, weighed, remembered(weighed), value, fmt::format("judge '{}' {}", judge.agent, call.reason));
}

void on_gate_failure(Fold& fold, CallRecord& call, const std::string& message) {
    CallRecord& weighed = fold.state.call(fold.ladder_state(call.place).weighed.value());
    conclude_stated(fold, weighed, remembered(weighed), std::nullopt,
                    fmt::format("judge '{}' failed: {}", call.agent, message));
}

std::optional<EarlyStop> chain_stop(const Fold& fold, const CallRecord& call) {
    if (call.purpose != CallPurpose::answer) return std::nullopt;
    const Ladder& ladder = fold.ladder(call.place);
    const AgentRung& rung = rung_of(fold, call.place, call.rung);
    if (!rung.gate || text_needed(fold, ladder, call.rung)) return std::nullopt;
    return early_stop(gate_at(rung, position_of(call)), position_of(call), call.max_tokens);
}

}  // namespace enough
