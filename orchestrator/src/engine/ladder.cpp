#include "engine/fold.hpp"

#include <algorithm>

namespace enough {
namespace {

void begin_rung(Fold& fold, Place place) {
    const Rung& rung = fold.ladder(place).rungs.at(fold.ladder_state(place).rung);
    if (std::holds_alternative<PanelRung>(rung))
        begin_panel(fold, place);
    else
        begin_chain(fold, place);
}

/// The surest answer of the latest rung that has one; without any, the last answer.
std::optional<CallId> best_answer(const std::vector<RungAnswer>& answers) {
    const RungAnswer* best = nullptr;
    for (const RungAnswer& answer : answers) {
        if (best && best->sureness) {
            if (!answer.sureness) continue;
            const bool same_rung = best->rung == answer.rung;
            if (same_rung && at_least_as_sure(answer.signal, *best->sureness, *answer.sureness)) continue;
        }
        best = &answer;
    }
    return best ? std::optional(best->call) : std::nullopt;
}

bool on_last_rung(const Fold& fold, Place place) {
    return fold.state.step(place).ladder.rung + 1 == fold.ladder(place).rungs.size();
}

}  // namespace

void begin_ladder(Fold& fold, Place place) {
    LadderState& ladder = fold.ladder_state(place);
    ladder = {};
    ladder.question = fold.ladder(place).prompt.render(fold.context(place));
    begin_rung(fold, place);
}

void climb(Fold& fold, Place place) {
    if (on_last_rung(fold, place)) return exhausted(fold, place, "no rung was accepted");
    ++fold.ladder_state(place).rung;
    begin_rung(fold, place);
}

void exhausted(Fold& fold, Place place, const std::string& reason) {
    const auto& answers = fold.ladder_state(place).answers;
    switch (fold.ladder(place).on_exhausted) {
        case OnExhausted::fail:
            return finish_step(fold, place, Status::failed, reason);
        case OnExhausted::best:
            fold.step(place).chosen = best_answer(answers);
            break;
        case OnExhausted::last:
            if (!answers.empty()) fold.step(place).chosen = answers.back().call;
            break;
    }
    finish_step(fold, place, Status::unresolved, reason);
}

void accept(Fold& fold, Place place, CallId chosen, const std::string& reason) {
    fold.step(place).chosen = chosen;
    finish_step(fold, place, Status::accepted, reason);
}

void rung_failed(Fold& fold, Place place, const std::string& reason) {
    if (on_last_rung(fold, place)) return finish_step(fold, place, Status::failed, reason);
    climb(fold, place);
}

}  // namespace enough
