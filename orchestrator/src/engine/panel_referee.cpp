#include "engine/panel.hpp"

#include <enough/policies/gate.hpp>

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

std::string candidates_text(Fold& fold, Place place) {
    std::string text;
    std::size_t number = 0;
    for (const Seat& seat : fold.panel_state(place).seats)
        if (seat.answer)
            text += fmt::format("{}[{}]\n{}", text.empty() ? "" : "\n\n", ++number, fold.state.call(*seat.answer).text);
    return text;
}

/// The referee's number, as a member.
std::optional<std::size_t> choice_of(const PanelState& state, const CallRecord& call) {
    const auto text = Extractor::make(ExtractKind::number)(call.text);
    if (!text || text->empty() || text->size() > 4 || text->find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    const std::size_t number = std::stoul(*text);
    std::size_t seen = 0;
    for (std::size_t i = 0; i < state.seats.size(); ++i)
        if (state.seats[i].answer && ++seen == number) return i;
    return std::nullopt;
}

Judgement judge_referee(const Fold& fold, Place place, const CallRecord& call, const Answer& answer) {
    const auto& gate = panel_of(fold, place).referee->gate;
    CallFacts facts = facts_of(fold, call, answer);
    if (panel_of(fold, place).aggregate == Aggregate::judge) facts.answer_extracted = true;
    if (!gate) return judge_without_gate({1, 1}, facts);
    return judge(*gate, {1, 1}, call.evidence.value_or(EvidenceSummary{}), facts);
}

}  // namespace

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

void on_referee_done(Fold& fold, CallRecord& call, const Answer* answer) {
    const Place place = call.place;
    const Tally result = tally_of(fold, place);
    if (!answer) {
        Judgement judgement{
            .verdict = Verdict::escalate, .reason = call.reason, .value = {}, .threshold = {}, .coverage = 0};
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
        words = choice ? fmt::format("the judge chose member {}", *choice) : "";
        if (!choice) call.judgement->verdict = Verdict::escalate;
        if (!choice) call.judgement->reason = call.reason = "the judge chose none of the candidates";
    }
    fold.emit(CallJudged{call.id, *call.judgement, call.signal, call.answer});
    if (broke_a_limit(fold, call)) return;
    if (call.judgement->verdict != Verdict::accept) {
        const auto majority = winner(fold, place, result);
        words += (words.empty() ? "" : "; ") + vote_words(panel_of(fold, place), result);
        return decide(fold, place, result, majority, *call.judgement, words);
    }
    Judgement judgement = verdict_on(fold, place, result);
    if (!panel_rung(fold, place).gate && judgement.verdict == Verdict::accept) judgement = *call.judgement;
    decide(fold, place, result, chosen, std::move(judgement), words);
}

}  // namespace enough
