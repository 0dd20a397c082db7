#include "engine/panel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

bool weighs_evidence(const Panel& panel) {
    return panel.voting.weight != VoteWeight::one || panel.deepconf || panel.debate;
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

/// False: the budget does not allow it, and the panel may be no more.
bool seat_asked(Fold& fold, Place place, std::size_t at) {
    const Panel& panel = panel_of(fold, place);
    PanelState& state = fold.panel_state(place);
    Seat& seat = state.seats[at];
    std::vector<Message> messages = state.round == 1
                                        ? first_turn(fold, place, seat.agent, panel_rung(fold, place).handover)
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
    return !after_warmup || state.bar ||
           outstanding(state) <= state.seats.size() - static_cast<std::size_t>(panel.deepconf->warmup);
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
    const bool anybody =
        std::any_of(state.seats.begin(), state.seats.end(), [](const Seat& seat) { return seat.answer.has_value(); });
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
            if (!result.leader || unanimous)
                return decide_by_vote(fold, place, unanimous ? "all agree, no judge asked" : "");
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
        abandon(fold, seat.exchange);
        if (seat.exchange.call)
            set_aside(fold, fold.state.call(*seat.exchange.call), "the panel is decided: " + state.settled);
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
    const auto has_answer = [](const Seat& seat) { return seat.answer.has_value(); };
    if (std::count_if(state.seats.begin(), state.seats.end(), has_answer) < panel.min_answers) return std::nullopt;
    return settled(panel.stop, panel.aggregate, arrived_ballots(fold, place), outstanding(state),
                   same_answers(fold, place));
}

/// DeepConf: a trace too short to be cut may end below the bar all the same.
bool below_bar(const PanelState& state, const CallRecord& call) {
    if (!state.bar) return false;
    return !deepconf_votes(call.evidence ? call.evidence->confidence_lowest_group : std::nullopt, state.bar);
}

std::string member_words(const PanelState& state, const CallRecord& call) {
    if (call.stopped_early()) return "cut: its confidence fell below the panel's bar; it does not vote";
    if (call.finish_reason == FinishReason::length) return "cut at max_tokens; it does not vote";
    if (!call.whole()) return "no answer in it; it does not vote";
    if (below_bar(state, call)) return "its confidence is below the panel's bar; it does not vote";
    return "member of a panel";
}

}  // namespace

const PanelRung& panel_rung(const Fold& fold, Place place) {
    return std::get<PanelRung>(fold.ladder(place).rungs.at(fold.state.step(place).ladder.rung));
}

const Panel& panel_of(const Fold& fold, Place place) {
    return panel_rung(fold, place).panel;
}

std::optional<SignalSettings> evidence_of(const Panel& panel) {
    if (panel.debate && panel.debate->skip_gate) return panel.debate->skip_gate->settings;
    if (!weighs_evidence(panel)) return std::nullopt;
    SignalSettings settings;
    if (panel.deepconf) settings.window = panel.deepconf->window;
    return settings;
}

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
        call.reason = member_words(state, call);
        if (!call.whole() || below_bar(state, call)) call.answer.reset();
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

std::optional<EarlyStop> member_stop(const Fold& fold, const CallRecord& call) {
    const auto& panel = fold.state.step(call.place).ladder.panel;
    if (!panel || !panel->bar) return std::nullopt;
    return GroupConfidenceStop(*panel->bar);
}

}  // namespace enough
