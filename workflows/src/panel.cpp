#include "panel_reader.hpp"

#include "gate_signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::string_view, 7> aggregate_words{"majority", "weighted_vote", "borda", "best",
                                                          "judge",    "fuse",          "debate"};
constexpr std::size_t most_members = 1000;

class PanelReader {
public:
    PanelReader(const Value& value, const RungPlace& place, Loading& loading)
        : fields_(value), place_(place), loading_(loading) {}

    std::optional<Panel> read() {
        fields_.optional("aggregate", type::Choice<Aggregate>{aggregate_words}, panel_.aggregate);
        read_members();
        read_voting(fields_, panel_, place_, loading_);
        fields_.optional("max_parallel", type::Whole<int>{1, 1000}, panel_.max_parallel);
        read_stop();
        if (fields_.optional("min_answers", type::Whole<int>{1, 1000}, panel_.min_answers) && known_members_ &&
            std::cmp_greater(panel_.min_answers, panel_.members()))
            at("min_answers").error(fmt::format("the panel has {} members only", panel_.members()));
        read_referee_of("judge", Aggregate::judge);
        read_referee_of("fuse", Aggregate::fuse);
        read_debate_keys();
        read_deepconf_key();
        for (const char* key : {"gate", "handover"})
            fields_.hint(key, "it stands beside 'panel'");
        return fields_.finished(std::move(panel_));
    }

private:
    Value at(std::string_view key) const { return fields_.value().at(key); }

    void read_members() {
        const bool one = fields_.has("agent");
        if (one && fields_.has("agents")) fields_.value().error("both 'agent' and 'agents'; one of them is meant");
        if (!one) fields_.require("agents");
        fields_.optional("agents", type::List<type::Reference>{{loading_.agents}, "a list of agents"}, panel_.agents);
        if (std::string agent;
            fields_.optional("agent", type::Reference{loading_.agents}, agent) && panel_.agents.empty())
            panel_.agents.push_back(std::move(agent));
        const bool sampled =
            !fields_.has("samples") || fields_.optional("samples", type::Whole<int>{1, 1000}, panel_.samples);
        fields_.take("samples");
        known_members_ = sampled && !panel_.agents.empty();
        if (known_members_ && panel_.members() > most_members)
            fields_.value().error(fmt::format("a panel of {} answers; at most {}", panel_.members(), most_members));
        for (const std::string& agent : panel_.agents)
            if (panel_.samples > 1) warn_of_equal_samples(fields_.value(), agent, loading_);
        if (known_members_ && panel_.members() == 1 && panel_.aggregate != Aggregate::fuse)
            fields_.value().warning("a panel of one answer; add 'samples' or more agents");
    }

    void read_stop() {
        if (!fields_.optional("stop", read_panel_stop, panel_.stop)) return;
        const PanelStop& stop = panel_.stop;
        const bool any = stop.agreement || stop.share;
        if (known_members_ && any && std::cmp_greater(stop.min_answers, panel_.members()))
            at("stop").warning(fmt::format("'min' is never reached: the panel has {} members only", panel_.members()));
        if (known_members_ && stop.window && std::cmp_greater(*stop.window, panel_.members()))
            at("stop").warning(fmt::format("'window' has no effect: the panel has {} members only", panel_.members()));
        const bool asked = at("stop").is_map() && at("stop").node().find("decided") != nullptr;
        if (asked && stop.decided && panel_.aggregate != Aggregate::majority)
            at("stop").warning(
                fmt::format("'decided' has no effect on {}: it is known for 'majority' only", name(panel_.aggregate)));
    }

    void read_referee_of(const char* key, Aggregate aggregate) {
        if (panel_.aggregate == aggregate) fields_.require(key);
        const auto value = fields_.take(key);
        if (!value) return;
        if (panel_.aggregate != aggregate)
            value->error(fmt::format("'{0}' belongs to 'aggregate: {0}'", key));
        else
            panel_.referee = read_referee(*value, aggregate, loading_);
    }

    void read_debate_keys() {
        if (panel_.aggregate == Aggregate::debate) {
            panel_.debate = read_debate(fields_, panel_, place_, loading_);
            return;
        }
        for (const char* key : {"rounds", "prompt", "skip"})
            if (fields_.take(key)) at(key).error(fmt::format("'{}' belongs to 'aggregate: debate'", key));
    }

    void read_deepconf_key() {
        const auto value = fields_.take("deepconf");
        if (!value) return;
        panel_.deepconf = read_deepconf(*value);
        const bool votes = panel_.aggregate == Aggregate::majority || panel_.aggregate == Aggregate::weighted_vote;
        if (!votes)
            value->error(
                fmt::format("'deepconf' votes by group confidence and does not go with 'aggregate: {}'; use "
                            "majority or weighted_vote",
                            name(panel_.aggregate)));
        if (fields_.has("weight"))
            value->warning("'weight' has no effect: with 'deepconf' votes weigh a trace's lowest group confidence");
        if (panel_.deepconf && known_members_ && std::cmp_greater_equal(panel_.deepconf->warmup, panel_.members()))
            value->error(fmt::format("'warmup' ({}) must be below the panel's {} members; nothing would be cut",
                                     panel_.deepconf->warmup, panel_.members()));
        for (const std::string& agent : panel_.agents)
            check_gives_logprobs(*value, agent, "a panel without deepconf", loading_);
    }

    Fields fields_;
    const RungPlace& place_;
    Loading& loading_;
    Panel panel_;
    bool known_members_ = false;
};

/// A panel's own gate reads how far its answers agree; other signals are about one answer.
bool check_panel_gate(const Value& gate, const WrittenGate& written, const Panel& panel) {
    const Signal signal = written.gate.signal;
    if (!compares_answers(signal)) {
        if (panel.aggregate == Aggregate::judge || panel.aggregate == Aggregate::fuse)
            gate.error(
                fmt::format("signal '{}' is about one answer; put this gate on the referee: {}: {{agent: …, "
                            "gate: …}}",
                            name(signal), name(panel.aggregate)));
        else
            gate.error(fmt::format("signal '{}' is about one answer; a panel's gate reads agreement or agreement.share",
                                   name(signal)));
        return false;
    }
    if (written.samples) gate.error("'samples' belongs to a gate on one agent; a panel has its own");
    if (written.gate.accept.size() > 1) gate.warning("a panel has one step; only the first threshold counts");
    if (written.gate.escalate) gate.warning("'escalate' has no effect: a panel is not refined");
    return true;
}

}  // namespace

std::optional<PanelRung> read_panel_rung(Fields& fields, const RungPlace& place, Loading& loading) {
    PanelRung rung;
    const Value value = *fields.take("panel");
    auto panel = PanelReader(value, place, loading).read();
    fields.hint("refine", "a panel is not refined");
    fields.hint("agent", "it belongs into 'panel'");
    fields.hint("agents", "it belongs into 'panel'");
    const auto gate = fields.take("gate");
    auto written = gate ? read_gate_in_use(*gate, rung.gate_name, loading) : std::nullopt;
    if (!panel) return std::nullopt;
    rung.panel = *std::move(panel);
    if (written && check_panel_gate(*gate, *written, rung.panel)) {
        rung.gate = std::move(written->gate);
        // A majority that can't change any more may still grow, and the gate asks by how much it leads.
        const Node* stop = value.node().find("stop");
        if (stop == nullptr || stop->find("decided") == nullptr) rung.panel.stop.decided = false;
    }
    return rung;
}

}  // namespace enough
