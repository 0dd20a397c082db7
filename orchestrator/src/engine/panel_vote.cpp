#include "engine/panel.hpp"

#include <enough/policies/gate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

Ballot ballot_of(const Fold& fold, const Panel& panel, const Seat& seat) {
    Ballot ballot;
    if (!seat.answer) return ballot;
    const CallRecord& call = fold.state.call(*seat.answer);
    ballot.answer = call.answer;
    if (!call.evidence) return ballot;
    ballot.entropy_mean = call.evidence->entropy_mean;
    ballot.confidence_mean = call.evidence->confidence_mean;
    if (panel.deepconf) {
        ballot.own_weight = call.evidence->confidence_lowest_group;
        const auto& bar = fold.state.step(call.place).ladder.panel->bar;
        if (bar && !deepconf_votes(ballot.own_weight, *bar)) ballot.answer.reset();
    }
    const auto fit = panel.calibrations.find(call.agent);
    if (fit != panel.calibrations.end() && ballot.entropy_mean)
        ballot.probability = (*fit->second)(*ballot.entropy_mean);
    return ballot;
}

/// In the order of the seats.
std::vector<Ballot> ballots_of(Fold& fold, Place place) {
    std::vector<Ballot> ballots;
    for (const Seat& seat : fold.panel_state(place).seats)
        ballots.push_back(ballot_of(fold, panel_of(fold, place), seat));
    return ballots;
}

std::vector<PanelOutcome::Answer> votes_of(Fold& fold, Place place, const Tally& tally) {
    const PanelState& state = fold.panel_state(place);
    std::vector<PanelOutcome::Answer> votes(state.seats.size());
    for (std::size_t i = 0; i < state.seats.size(); ++i) {
        if (!state.seats[i].answer) continue;
        votes[i].call = *state.seats[i].answer;
        votes[i].answer = fold.state.call(votes[i].call).answer;
    }
    for (const Tally::Group& group : tally.groups)
        for (const std::size_t ballot : group.ballots) {
            votes[ballot].share = group.share;
            votes[ballot].weight = group.total / static_cast<double>(group.ballots.size());
        }
    return votes;
}

std::size_t answered(const Tally& tally) {
    std::size_t count = 0;
    for (const Tally::Group& group : tally.groups)
        count += group.ballots.size();
    return count;
}

/// No member gave a value: the first text is better than nothing, should the ladder end here.
void remember_any(const Fold& fold, LadderState& ladder) {
    for (const Seat& seat : ladder.panel->seats) {
        if (!seat.exchange.call) continue;
        const CallRecord& call = fold.state.call(*seat.exchange.call);
        if (!call.answered || call.stopped_early() || call.wasted) continue;
        ladder.answers.push_back({call.id, ladder.rung, Signal::agreement, std::nullopt});
        return;
    }
}

std::string with_settled(const PanelState& state, const std::string& words) {
    return state.settled.empty() ? words : fmt::format("{} ({})", words, state.settled);
}

}  // namespace

SameAnswer same_answers(const Fold& fold, Place place) {
    const std::string& agent = panel_of(fold, place).agents.front();
    const ExtractKind kind = fold.workflow(place).agents.at(agent).answer.kind();
    return [kind](std::string_view a, std::string_view b) { return same_answer(kind, a, b); };
}

std::vector<Ballot> arrived_ballots(Fold& fold, Place place) {
    const PanelState& state = fold.panel_state(place);
    std::vector<Ballot> ballots;
    for (const std::size_t seat : state.arrived)
        ballots.push_back(ballot_of(fold, panel_of(fold, place), state.seats[seat]));
    return ballots;
}

Tally tally_of(Fold& fold, Place place) {
    return tally(ballots_of(fold, place), panel_of(fold, place).voting, same_answers(fold, place));
}

PanelState::Round round_of(Fold& fold, Place place, const Tally& tally) {
    PanelState::Round round;
    if (tally.leader) round.leader = tally.groups[*tally.leader].answer;
    round.share = tally.share;
    round.posterior = tally.posterior;
    for (const Seat& seat : fold.panel_state(place).seats)
        round.answers.push_back(seat.answer ? fold.state.call(*seat.answer).answer : std::nullopt);
    return round;
}

std::optional<CallId> winner(Fold& fold, Place place, const Tally& tally) {
    return tally.chosen ? fold.panel_state(place).seats[*tally.chosen].answer : std::nullopt;
}

std::string vote_words(const Panel& panel, const Tally& tally) {
    if (!tally.leader) return "nobody gave an answer";
    const std::string fallback = tally.weight != panel.voting.weight
                                     ? ", unweighted: no member has the evidence that its weight is made of"
                                     : "";
    return fmt::format("{} of {} votes{}{}", tally.groups[*tally.leader].ballots.size(), answered(tally),
                       tally.tied ? ", tied: the first listed leads" : "", fallback);
}

Judgement verdict_on(const Fold& fold, Place place, const Tally& tally) {
    const std::size_t answers = answered(tally);
    const PanelRung& rung = panel_rung(fold, place);
    const ChainPosition alone{1, 1};
    CallFacts facts;
    facts.answer_extracted = tally.leader.has_value();
    if (answers < static_cast<std::size_t>(rung.panel.min_answers)) {
        const std::string few = fmt::format("{} answer{} with a value, min_answers is {}", answers,
                                            answers == 1 ? "" : "s", rung.panel.min_answers);
        return {.verdict = Verdict::escalate, .reason = few, .value = {}, .threshold = {}, .coverage = 0};
    }
    if (!rung.gate) return judge_without_gate(alone, facts);
    const double value = rung.gate->signal == Signal::agreement ? tally.posterior : tally.share;
    return judge_value(*rung.gate, alone, value, "no answer", facts);
}

void decide(Fold& fold, Place place, const Tally& tally, std::optional<CallId> chosen, Judgement judgement,
            const std::string& reason) {
    StepState& step = fold.step(place);
    PanelState& state = fold.panel_state(place);
    const PanelRung& rung = panel_rung(fold, place);
    PanelOutcome outcome{.rung = step.ladder.rung, .aggregate = rung.panel.aggregate};
    PanelDecided& decided = outcome.decided;
    decided.step = fold.state.path(place);
    decided.rung = step.ladder.rung;
    decided.round = state.round;
    decided.reason = reason;
    decided.chosen = chosen;
    if (chosen) decided.answer = fold.state.call(*chosen).answer;
    decided.answers = answered(tally);
    decided.share = tally.share;
    decided.posterior = tally.posterior;
    decided.judgement = judgement;
    if (rung.gate) decided.signal = name(rung.gate->signal);
    outcome.answers = votes_of(fold, place, tally);
    outcome.rounds = state.rounds;
    fold.emit(decided);
    step.panels.push_back(std::move(outcome));

    if (chosen) {
        const CallRecord& call = fold.state.call(*chosen);
        step.ladder.answers.push_back(
            {call.id, step.ladder.rung, rung.gate ? rung.gate->signal : Signal::agreement,
             call.answer ? judgement.value.value_or(tally.posterior) : std::optional<double>()});
        step.ladder.standing = call.id;
        step.ladder.standing_text = call.text;
        const auto seat = std::find_if(state.seats.begin(), state.seats.end(),
                                       [&](const Seat& each) { return each.answer == chosen; });
        step.ladder.conversation = seat == state.seats.end() ? std::vector<Message>() : seat->conversation;
        if (seat == state.seats.end()) {
            step.ladder.conversation.push_back({Role::user, step.ladder.question});
            step.ladder.conversation.push_back({Role::assistant, call.text});
        }
    }
    if (!chosen) remember_any(fold, step.ladder);
    step.ladder.panel.reset();
    switch (judgement.verdict) {
        case Verdict::accept:
            return accept(fold, place, chosen.value(), fmt::format("{}; {}", reason, judgement.reason));
        case Verdict::fail:
            return finish_step(fold, place, Status::failed, judgement.reason);
        case Verdict::refine:
        case Verdict::escalate:
            return climb(fold, place);
    }
}

void decide_by_vote(Fold& fold, Place place, const std::string& why) {
    const Tally result = tally_of(fold, place);
    const std::string votes = with_settled(fold.panel_state(place), vote_words(panel_of(fold, place), result));
    decide(fold, place, result, winner(fold, place, result), verdict_on(fold, place, result),
           why.empty() ? votes : why + "; " + votes);
}

}  // namespace enough
