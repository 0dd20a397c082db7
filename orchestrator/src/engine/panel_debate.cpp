#include "engine/panel.hpp"

#include <enough/policies/gate.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace enough {
namespace {

/// How sure a member was, for its peers.
std::string sureness_words(const CallRecord& call) {
    if (!call.evidence || !call.evidence->entropy_mean) return "confidence unknown";
    return fmt::format("mean entropy {:.2f} bits, lower is surer", *call.evidence->entropy_mean);
}

/// Would the gate accept it? Missing or corrupt evidence is no reason to leave out a debate.
bool is_sure(const Fold& fold, const CallRecord& call, const Gate& gate) {
    Answer answer;
    answer.text = call.text;
    answer.finish_reason = call.finish_reason;
    const ChainPosition alone{1, 1};
    CallFacts facts = facts_of(fold, call, answer);
    if (facts.pin) facts.pin->usage = false;  // what the server counted is not kept
    return judge(gate, alone, call.evidence.value_or(EvidenceSummary{}), facts).verdict == Verdict::accept;
}

}  // namespace

std::vector<Message> debate_turn(Fold& fold, Place place, std::size_t at) {
    const PanelState& state = fold.panel_state(place);
    std::string peers;
    std::size_t number = 0;
    for (std::size_t i = 0; i < state.seats.size(); ++i) {
        if (i == at || !state.seats[i].answer) continue;
        const CallRecord& call = fold.state.call(*state.seats[i].answer);
        peers +=
            fmt::format("{}Agent {} ({}):\n{}", peers.empty() ? "" : "\n\n", ++number, sureness_words(call), call.text);
    }
    const CallRecord& own = fold.state.call(state.seats[at].answer.value());
    const std::string prompt =
        panel_of(fold, place)
            .debate->prompt.render(
                {{"question", fold.ladder_state(place).question}, {"own", own.text}, {"peers", peers}});
    return next_turn(state.seats[at].conversation, prompt);
}

std::optional<std::string> no_debate(Fold& fold, Place place, const Tally& tally) {
    const PanelState& state = fold.panel_state(place);
    const Debate& debate = *panel_of(fold, place).debate;
    if (!tally.leader) return "nobody gave an answer";
    const auto has_answer = [](const Seat& seat) { return seat.answer.has_value(); };
    if (std::count_if(state.seats.begin(), state.seats.end(), has_answer) < 2) return "only one member has an answer";
    if (state.round >= debate.rounds) return fmt::format("after {} rounds", state.round);
    if (tally.share >= debate.skip_agreement) return fmt::format("agreed in round {}", state.round);
    if (!debate.skip_gate) return std::nullopt;
    const bool all_sure = std::all_of(state.seats.begin(), state.seats.end(), [&](const Seat& seat) {
        if (!seat.answer) return true;
        return is_sure(fold, fold.state.call(*seat.answer), *debate.skip_gate);
    });
    return all_sure ? std::optional(fmt::format("all were sure in round {}", state.round)) : std::nullopt;
}

}  // namespace enough
