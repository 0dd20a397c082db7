#pragma once

#include "engine/fold.hpp"

#include <enough/policies/panel.hpp>

#include <optional>
#include <string>
#include <vector>

// What the parts of a panel's rung share. A panel is the rung that its step's ladder stands on.

namespace enough {

const PanelRung& panel_rung(const Fold& fold, Place place);
const Panel& panel_of(const Fold& fold, Place place);

/// Of members, where votes or debates weigh it.
std::optional<SignalSettings> evidence_of(const Panel& panel);

// engine/panel_vote.cpp: what the answers come to

/// How answers are compared: as the first agent extracts them.
SameAnswer same_answers(const Fold& fold, Place place);
/// Of those that have answered in this round, in the order in which they did.
std::vector<Ballot> arrived_ballots(Fold& fold, Place place);
/// Of all members that have an answer, in the order of their seats.
Tally tally_of(Fold& fold, Place place);
PanelState::Round round_of(Fold& fold, Place place, const Tally& tally);
/// The member's answer that the vote chose.
std::optional<CallId> winner(Fold& fold, Place place, const Tally& tally);
std::string vote_words(const Panel& panel, const Tally& tally);
/// The verdict of the panel's own gate, or of none.
Judgement verdict_on(const Fold& fold, Place place, const Tally& tally);
/// Says what the panel came to, and goes on from there.
void decide(Fold& fold, Place place, const Tally& tally, std::optional<CallId> chosen, Judgement judgement,
            const std::string& reason);
/// By vote alone; `why` stands before the count.
void decide_by_vote(Fold& fold, Place place, const std::string& why);

// engine/panel_referee.cpp: `judge` and `fuse`

void ask_referee(Fold& fold, Place place);

// engine/panel_debate.cpp

/// What a member is told in a later round.
std::vector<Message> debate_turn(Fold& fold, Place place, std::size_t at);
/// Why there is nothing to debate (any more); absent: there is.
std::optional<std::string> no_debate(Fold& fold, Place place, const Tally& tally);

}  // namespace enough
