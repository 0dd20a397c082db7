#pragma once

#include "field_types.hpp"
#include "loading.hpp"

#include <enough/workflows/workflow.hpp>

#include <optional>
#include <string>
#include <vector>

namespace enough {

// The parts of `panel:`, each from its own key.

std::optional<PanelStop> read_panel_stop(const Value& value);
std::optional<DeepConf> read_deepconf(const Value& value);
std::optional<Debate> read_debate(Fields& fields, const Panel& panel, const RungPlace& place, Loading& loading);

/// `judge: AGENT`, or `{agent, prompt, gate}`. `fuse`: what it is asked unless it says so itself.
std::optional<Referee> read_referee(const Value& value, Aggregate aggregate, Loading& loading);

/// A gate that judges one answer of one of these agents by its token probabilities: a referee's, or a debate's.
std::optional<Gate> read_answer_gate(const Value& value, const std::vector<std::string>& agents,
                                     const std::string& question, Loading& loading);

/// `weight`, `temperature`, `power` and `calibrations`.
void read_voting(Fields& fields, Panel& panel, const RungPlace& place, Loading& loading);

}  // namespace enough
