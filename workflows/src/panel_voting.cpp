#include "panel_reader.hpp"
#include "scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::string_view, 4> weight_words{"inverse_entropy", "confidence", "softmax", "calibrated"};
constexpr std::array weights{VoteWeight::inverse_entropy, VoteWeight::confidence, VoteWeight::softmax,
                             VoteWeight::calibrated};

/// A file, or `{calibration: FILE, allow_stale: true}`. The file alone is read as such a map.
std::optional<CalibrationRef> read_vote_calibration(const Value& value) {
    if (!value.is_map()) {
        if (!type::Text{}(value)) return std::nullopt;
        return CalibrationRef{value, std::nullopt, false};
    }
    Fields fields(value);
    CalibrationRef ref{value, std::nullopt, false};
    std::string file;
    fields.required("calibration", type::Text{}, file);
    fields.optional("allow_stale", type::Boolean{}, ref.allow_stale);
    return fields.finished(std::move(ref));
}

void read_calibrations(const Value& value, Panel& panel, const RungPlace& place, Loading& loading) {
    if (!value.is_map()) {
        value.expected("a map of agents to calibration files");
        return;
    }
    for (const Node::Entry& entry : value.node().entries) {
        if (is_extension(entry.key)) continue;
        const Value at = value.at(entry);
        if (std::find(panel.agents.begin(), panel.agents.end(), entry.key) == panel.agents.end() &&
            !panel.agents.empty()) {
            value.problems().error(entry.mark, at.path(),
                                   fmt::format("agent {} is not in the panel", in_quotes(entry.key)));
            continue;
        }
        const auto ref = read_vote_calibration(at);
        if (!ref) continue;
        if (auto fit = bind_vote_calibration(*ref, entry.key, place.question, loading))
            panel.calibrations.emplace(entry.key, std::move(fit));
    }
    for (const std::string& agent : panel.agents)
        if (value.node().find(agent) == nullptr && !value.node().incomplete)
            value.error(fmt::format("the calibration of agent '{}' is missing", agent));
}

VoteWeight weight_of(Aggregate aggregate) {
    switch (aggregate) {
        case Aggregate::weighted_vote:
            return VoteWeight::inverse_entropy;
        case Aggregate::borda:
            return VoteWeight::rank;
        case Aggregate::best:
            return VoteWeight::best;
        case Aggregate::majority:
        case Aggregate::judge:
        case Aggregate::fuse:
        case Aggregate::debate:
            break;
    }
    return VoteWeight::one;
}

}  // namespace

void read_voting(Fields& fields, Panel& panel, const RungPlace& place, Loading& loading) {
    Voting& voting = panel.voting;
    voting.weight = weight_of(panel.aggregate);
    std::size_t word = 0;
    if (fields.optional("weight", type::Word{weight_words}, word)) {
        if (panel.aggregate == Aggregate::weighted_vote)
            voting.weight = weights.at(word);
        else
            fields.value().at("weight").error("'weight' belongs to 'aggregate: weighted_vote'");
    }
    fields.optional("temperature", type::Number{.above = 0}, voting.temperature);
    if (fields.has("temperature") && voting.weight != VoteWeight::softmax)
        fields.value().at("temperature").error("'temperature' belongs to 'weight: softmax'");
    fields.optional("power", type::Number{.above = 0}, voting.power);
    if (fields.has("power") && panel.aggregate != Aggregate::borda)
        fields.value().at("power").error("'power' belongs to 'aggregate: borda'");
    const auto calibrations = fields.take("calibrations");
    if (voting.weight == VoteWeight::calibrated) fields.require("calibrations");
    if (calibrations && voting.weight != VoteWeight::calibrated)
        calibrations->error("'calibrations' belongs to 'weight: calibrated'");
    else if (calibrations)
        read_calibrations(*calibrations, panel, place, loading);
    if (voting.weight == VoteWeight::one || !fields.usable()) return;
    const char* key = fields.has("weight") ? "weight" : "aggregate";
    for (const std::string& agent : panel.agents)
        check_gives_logprobs(fields.value().at(key), agent, "aggregate: majority, judge, fuse or debate", loading);
}

}  // namespace enough
