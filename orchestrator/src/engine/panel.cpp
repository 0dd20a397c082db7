#include "engine/fold.hpp"

#include <enough/policies/gate.hpp>
#include <enough/policies/panel.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace enough {
namespace {

const PanelRung& rung_of(const Fold& fold, Place place) {
    return std::get<PanelRung>(fold.ladder(place).rungs.at(fold.state.step(place).ladder.rung));
}

const Panel& panel_of(const Fold& fold, Place place) {
    return rung_of(fold, place).panel;
}

/// How answers are compared: as the first agent extracts them.
SameAnswer same_answers(const Fold& fold, Place place) {
    const std::string& agent = panel_of(fold, place).agents.front();
    const ExtractKind kind = fold.workflow(place).agents.at(agent).answer.kind();
    return [kind](std::string_view a, std::string_view b) { return same_answer(kind, a, b); };
}

bool weighs_evidence(const Panel& panel) {
    return panel.voting.weight != VoteWeight::one || panel.deepconf || panel.debate;
}

std::optional<SignalSettings> evidence_of(const Panel& panel) {
    if (panel.debate && panel.debate->skip_gate) return panel.debate->skip_gate->settings;
    if (!weighs_evidence(panel)) return std::nullopt;
    SignalSettings settings;
    if (panel.deepconf) settings.window = panel.deepconf->window;
    return settings;
}

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
    if (fit != panel.calibrations.end() && ballot.entropy_mean) ballot.probability = (*fit->second)(*ballot.entropy_mean);
    return ballot;
}

/// In the order of the seats.
std::vector<Ballot> ballots_of(Fold& fold, Place place) {
    std::vector<Ballot> ballots;
    for (const Seat& seat : fold.panel_state(place).seats)
        ballots.push_back(ballot_of(fold, panel_of(fold, place), seat));
    return ballots;
}

std::vector<Ballot> arrived_ballots(Fold& fold, Place place) {
    const PanelState& state = fold.panel_state(place);
    std::vector<Ballot> ballots;
    for (const std::size_t seat : state.arrived)
        ballots.push_back(ballot_of(fold, panel_of(fold, place), state.seats[seat]));
    return ballots;
}

bool takes_part(const PanelState& state, const Seat& seat) {
    return state.round == 1 || seat.answer.has_value();
}

std::size_t outstanding(const PanelState& state) {
    return static_cast<std::size_t>(std::count_if(state.seats.begin(), state.seats.end(), [&](const Seat& seat) {
        return takes_part(state, seat) && !seat.done;
    }));
}

std::size_t in_flight(const PanelState& state) {
    return static_cast<std::size_t>(std::count_if(state.seats.begin(), state.seats.end(),
                                                  [](const Seat& seat) { return seat.asked && !seat.done; }));
}

/// How sure a member was, for its peers.
std::string sureness_words(const CallRecord& call) {
    if (!call.evidence || !call.evidence->entropy_mean) return "confidence unknown";
    return fmt::format("mean entropy {:.2f} bits, lower is surer", *call.evidence->entropy_mean);
}

std::vector<Message> debate_turn(Fold& fold, Place place, std::size_t at) {
    const PanelState& state = fold.panel_state(place);
    std::string peers;
    std::size_t number = 0;
    for (std::size_t i = 0; i < state.seats.size(); ++i) {
        if (i == at || !state.seats[i].answer) continue;
        const CallRecord& call = fold.state.call(*state.seats[i].answer);
        peers += fmt::format("{}Agent {} ({}):\n{}", peers.empty() ? "" : "\n\n", ++number, sureness_words(call), call.text);
    }
    const CallRecord& own = fold.state.call(state.seats[at].answer.value());
    const std::string prompt = panel_of(fold, place).debate->prompt.render(
        {{"question", fold.ladder_state(place).question}, {"own", own.text}, {"peers", peers}});
    return next_turn(state.seats[at].conversation, prompt);
}

/// False: the budget does not allow it, and the panel may be no more.
bool seat_asked(Fold& fold, Place place, std::size_t at) {
    const Panel& panel = panel_of(fold, place);
    PanelState& state = fold.panel_state(place);
    Seat& seat = state.seats[at];
    std::vector<Message> messages = state.round == 1
                                        ? first_turn(fold, place, seat.agent, rung_of(fold, place).handover)
                                        : debate_turn(fold, place, at);
    seat.asked = true;
    seat.exchange = {};
    CallOrder order{.place = place, .agent = seat.agent, .member = at, .evidence = evidence_of(panel)};
    order.chain_step = state.round;
    order.chain_length = panel.debate ? panel.debate->rounds : 1;
    return ask(fold, order, std::move(messages));
}

bool may_start(const Panel& panel, const PanelState& state, std::size_t at) {
    if (panel.max_parallel && in_flight(state) >= static_cast<std::size_t>(*panel.max_parallel)) return false;
    // DeepConf: the later traces wait for the bar.
    const bool after_warmup = panel.deepconf && at >= static_cast<std::size_t>(panel.deepconf->warmup);
    return !after_warmup || state.bar || outstanding(state) <= state.seats.size() - static_cast<std::size_t>(panel.deepconf->warmup);
}

void start_seats(Fold& fold, Place place) {
    const std::size_t rung = fold.ladder_state(place).rung;
    for (std::size_t i = 0; i < fold.panel_state(place).seats.size(); ++i) {
        const PanelState& state = fold.panel_state(place);
        const Seat& seat = state.seats[i];
        if (seat.asked || !takes_part(state, seat)) continue;
        if (!may_start(panel_of(fold, place), state, i) || !seat_asked(fold, place, i)) return;
        if (fold.ladder_state(place).rung != rung || !fold.ladder_state(place).panel) return;
    }
}

Judgement verdict_on(const Fold& fold, Place place, const Tally& tally, std::size_t answers) {
    const PanelRung& rung = rung_of(fold, place);
    const ChainPosition alone{1, 1};
    CallFacts facts;
    facts.answer_extracted = tally.leader.has_value();
    facts.has_text = tally.leader.has_value();
    if (answers < static_cast<std::size_t>(rung.panel.min_answers)) {
        const std::string few = fmt::format("{} answer{} with a value, min_answers is {}", answers,
                                            answers == 1 ? "" : "s", rung.panel.min_answers);
        return {.verdict = Verdict::escalate, .reason = few, .value = {}, .threshold = {}, .coverage = 0};
    }
    if (!rung.gate) return judge_without_gate(alone, facts);
    const double value = rung.gate->signal == Signal::agreement ? tally.posterior : tally.share;
    return judge_value(*rung.gate, alone, value, "no answer", facts);
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

/// Says what the panel came to, and goes on from there.
void decide(Fold& fold, Place place, const Tally& tally, std::optional<CallId> chosen, Judgement judgement,
            const std::string& reason) {
    StepState& step = fold.step(place);
    PanelState& state = fold.panel_state(place);
    const PanelRung& rung = rung_of(fold, place);
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
        step.ladder.answers.push_back({call.id, step.ladder.rung,
                                       rung.gate ? rung.gate->signal : Signal::agreement,
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

std::optional<CallId> winner(Fold& fold, Place place, const Tally& tally) {
    return tally.chosen ? fold.panel_state(place).seats[*tally.chosen].answer : std::nullopt;
}

std::string vote_words(const Panel& panel, const Tally& tally) {
    if (!tally.leader) return "nobody gave an answer";
    const std::string fallback =
        tally.weight != panel.voting.weight ? ", unweighted: no member has the evidence that its weight is made of" : "";
    return fmt::format("{} of {} votes{}{}", tally.groups[*tally.leader].ballots.size(), answered(tally),
                       tally.tied ? ", tied: the first listed leads" : "", fallback);
}

Tally tally_of(Fold& fold, Place place) {
    return tally(ballots_of(fold, place), panel_of(fold, place).voting, same_answers(fold, place));
}

std::string with_settled(const PanelState& state, const std::string& words) {
    return state.settled.empty() ? words : fmt::format("{} ({})", words, state.settled);
}

void decide_by_vote(Fold& fold, Place place, const std::string& why) {
    const Tally result = tally_of(fold, place);
    const std::string votes = with_settled(fold.panel_state(place), vote_words(panel_of(fold, place), result));
    decide(fold, place, result, winner(fold, place, result), verdict_on(fold, place, result, answered(result)),
           why.empty() ? votes : why + "; " + votes);
}

std::string candidates_text(Fold& fold, Place place) {
    std::string text;
    std::size_t number = 0;
    for (const Seat& seat : fold.panel_state(place).seats)
        if (seat.answer)
            text += fmt::format("{}[{}]\n{}", text.empty() ? "" : "\n\n", ++number, fold.state.call(*seat.answer).text);
    return text;
}

void ask_referee(Fold& fold, Place place) {
    const Panel& panel = panel_of(fold, place);
    PanelState& state = fold.panel_state(place);
    const Referee& referee = *panel.referee;
    state.refereed = true;
    const std::string prompt = referee.prompt.render(
        {{"question", fold.ladder_state(place).question}, {"candidates", candidates_text(fold, place)}});
    CallOrder order{.place = place, .agent = referee.agent};
    order.purpose = panel.aggregate == Aggregate::fuse ? CallPurpose::fuse : CallPurpose::judge;
    if (referee.gate) {
        order.signal = name(referee.gate->signal);
        order.evidence = referee.gate->settings;
    }
    ask(fold, order, sole_turn(fold, place, referee.agent, prompt));
}

/// Is there anything to debate? Absent: yes.
std::optional<std::string> no_debate(Fold& fold, Place place, const Tally& tally) {
    const PanelState& state = fold.panel_state(place);
    const Debate& debate = *panel_of(fold, place).debate;
    if (!tally.leader) return "nobody gave an answer";
    if (state.round >= debate.rounds) return fmt::format("after {} rounds", state.round);
    if (tally.share >= debate.skip_agreement) return fmt::format("agreed in round {}", state.round);
    if (!debate.skip_gate) return std::nullopt;
    const bool all_sure = std::all_of(state.seats.begin(), state.seats.end(), [&](const Seat& seat) {
        if (!seat.answer) return true;
        const auto& evidence = fold.state.call(*seat.answer).evidence;
        const auto value = evidence ? evidence->value(debate.skip_gate->signal) : std::nullopt;
        return value && at_least_as_sure(debate.skip_gate->signal, *value, debate.skip_gate->accept.front());
    });
    return all_sure ? std::optional(fmt::format("all were sure in round {}", state.round)) : std::nullopt;
}

void next_round(Fold& fold, Place place) {
    PanelState& state = fold.panel_state(place);
    ++state.round;
    state.arrived.clear();
    state.settled.clear();
    for (Seat& seat : state.seats)
        seat.asked = seat.done = false;
    start_seats(fold, place);
}

/// All answers that are waited for are there.
void round_done(Fold& fold, Place place) {
    const Panel& panel = panel_of(fold, place);
    const Tally result = tally_of(fold, place);
    PanelState& state = fold.panel_state(place);
    state.rounds.push_back(round_of(fold, place, result));
    const bool anybody = std::any_of(state.seats.begin(), state.seats.end(), [](const Seat& seat) { return seat.answer.has_value(); });
    if (!anybody && in_flight(state) == 0) {
        const bool failed = std::none_of(state.seats.begin(), state.seats.end(), [&](const Seat& seat) {
            return seat.exchange.call && fold.state.call(*seat.exchange.call).answered;
        });
        if (failed) {
            const std::string reason = fmt::format("all {} members of the panel failed: {}", state.seats.size(),
                                                   fold.state.call(*state.seats.front().exchange.call).reason);
            state.rounds.clear();
            fold.ladder_state(place).panel.reset();
            return rung_failed(fold, place, reason);
        }
    }
    switch (panel.aggregate) {
        case Aggregate::judge:
        case Aggregate::fuse: {
            const bool unanimous = panel.aggregate == Aggregate::judge && result.groups.size() == 1;
            if (!result.leader || unanimous) return decide_by_vote(fold, place, unanimous ? "all agree, no judge asked" : "");
            return ask_referee(fold, place);
        }
        case Aggregate::debate:
            if (const auto why = no_debate(fold, place, result)) return decide_by_vote(fold, place, *why);
            return next_round(fold, place);
        case Aggregate::majority:
        case Aggregate::weighted_vote:
        case Aggregate::borda:
        case Aggregate::best:
            return decide_by_vote(fold, place, "");
    }
}

/// The others can't change anything any more.
void release_the_others(Fold& fold, Place place) {
    PanelState& state = fold.panel_state(place);
    for (Seat& seat : state.seats) {
        if (!takes_part(state, seat) || seat.done) continue;
        seat.asked = seat.done = true;
        if (seat.exchange.call) set_aside(fold, fold.state.call(*seat.exchange.call), "the panel is decided: " + state.settled);
    }
}

void set_bar(const Fold& fold, const Panel& panel, PanelState& state) {
    if (!panel.deepconf || state.bar) return;
    std::vector<double> lowest;
    for (int i = 0; i < panel.deepconf->warmup; ++i) {
        const Seat& seat = state.seats.at(static_cast<std::size_t>(i));
        if (!seat.done) return;
        const auto& call = seat.exchange.call;
        const auto& evidence = call ? fold.state.call(*call).evidence : std::nullopt;
        if (evidence && evidence->confidence_lowest_group) lowest.push_back(*evidence->confidence_lowest_group);
    }
    state.bar = deepconf_bar(*panel.deepconf, std::move(lowest));
}

/// Why no more answers are needed.
std::optional<std::string> early_end(Fold& fold, Place place) {
    const Panel& panel = panel_of(fold, place);
    const PanelState& state = fold.panel_state(place);
    if (panel.deepconf && !state.bar) return std::nullopt;
    PanelStop stop = panel.stop;
    // A gate reads how much they agree, not only on what: those to come would still change that.
    if (rung_of(fold, place).gate) stop.decided = false;
    return settled(stop, panel.aggregate, arrived_ballots(fold, place), outstanding(state), same_answers(fold, place));
}

std::string member_words(const CallRecord& call) {
    if (call.stopped_early()) return "cut: its confidence fell below the panel's bar; it does not vote";
    if (call.finish_reason == FinishReason::length) return "cut at max_tokens; it does not vote";
    if (!call.whole()) return "no answer in it; it does not vote";
    return "member of a panel";
}

/// The referee's number, as a member.
std::optional<std::size_t> choice_of(const PanelState& state, const CallRecord& call) {
    const auto text = Extractor::make(ExtractKind::number)(call.text);
    if (!text || text->empty() || text->size() > 4 || text->find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const std::size_t number = std::stoul(*text);
    std::size_t seen = 0;
    for (std::size_t i = 0; i < state.seats.size(); ++i)
        if (state.seats[i].answer && ++seen == number) return i;
    return std::nullopt;
}

Judgement judge_referee(const Fold& fold, Place place, const CallRecord& call, const Answer& answer) {
    const auto& gate = panel_of(fold, place).referee->gate;
    CallFacts facts = facts_of(call, answer);
    if (panel_of(fold, place).aggregate == Aggregate::judge) facts.answer_extracted = true;
    if (!gate) return judge_without_gate({1, 1}, facts);
    return judge(*gate, {1, 1}, call.evidence.value_or(EvidenceSummary{}), facts);
}

}  // namespace

void begin_panel(Fold& fold, Place place) {
    const Panel& panel = panel_of(fold, place);
    PanelState state;
    for (const std::string& agent : panel.agents)
        for (int i = 0; i < panel.samples; ++i)
            state.seats.emplace_back().agent = agent;
    fold.ladder_state(place).panel = std::move(state);
    start_seats(fold, place);
}

void on_member_done(Fold& fold, CallRecord& call, const Answer* answer) {
    const Place place = call.place;
    PanelState& state = fold.panel_state(place);
    const std::size_t at = call.member.value();
    Seat& seat = state.seats.at(at);
    seat.done = true;
    state.arrived.push_back(at);
    if (answer) {
        call.reason = member_words(call);
        if (!call.whole()) call.answer.reset();
        if (call.whole()) {
            seat.answer = call.id;
            seat.conversation = std::move(seat.exchange.messages);
            seat.conversation.push_back({Role::assistant, call.text});
        }
        fold.emit(BallotCast{call.id, call.answer, call.reason});
        if (broke_a_limit(fold, call)) return;
    }
    const Panel& panel = panel_of(fold, place);
    set_bar(fold, panel, state);
    if (auto reason = early_end(fold, place)) {
        state.settled = *std::move(reason);
        release_the_others(fold, place);
    }
    if (outstanding(state) == 0) return round_done(fold, place);
    start_seats(fold, place);
}

void on_referee_done(Fold& fold, CallRecord& call, const Answer* answer) {
    const Place place = call.place;
    const Tally result = tally_of(fold, place);
    if (!answer) {
        Judgement judgement{.verdict = Verdict::escalate, .reason = call.reason, .value = {}, .threshold = {}, .coverage = 0};
        return decide(fold, place, result, winner(fold, place, result), std::move(judgement),
                      fmt::format("the {} failed; {}", name(call.purpose), vote_words(panel_of(fold, place), result)));
    }
    call.judgement = judge_referee(fold, place, call, *answer);
    call.reason = call.judgement->reason;
    std::optional<CallId> chosen = call.id;
    std::string words = "fused";
    if (call.purpose == CallPurpose::judge) {
        const auto choice = choice_of(fold.panel_state(place), call);
        chosen = choice ? fold.panel_state(place).seats[*choice].answer : std::nullopt;
        words = choice ? fmt::format("the judge chose member {}", *choice) : "the judge chose none of the candidates";
        if (!choice) call.judgement->verdict = Verdict::escalate;
        if (!choice) call.judgement->reason = call.reason = words;
    }
    fold.emit(CallJudged{call.id, *call.judgement, call.signal, call.answer});
    if (broke_a_limit(fold, call)) return;
    if (call.judgement->verdict != Verdict::accept) {
        const auto majority = winner(fold, place, result);
        words += "; " + vote_words(panel_of(fold, place), result);
        return decide(fold, place, result, majority, *call.judgement, words);
    }
    Judgement judgement = verdict_on(fold, place, result, answered(result));
    if (!rung_of(fold, place).gate && judgement.verdict == Verdict::accept) judgement = *call.judgement;
    decide(fold, place, result, chosen, std::move(judgement), words);
}

std::optional<EarlyStop> member_stop(const Fold& fold, const CallRecord& call) {
    const auto& panel = fold.state.step(call.place).ladder.panel;
    if (!panel || !panel->bar) return std::nullopt;
    return GroupConfidenceStop(*panel->bar);
}

}  // namespace enough
