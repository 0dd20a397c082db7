#include "built_in_prompts.hpp"
#include "expression_reader.hpp"
#include "gate_signals.hpp"
#include "panel_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::string_view, 2> referee_names{"question", "candidates"};
constexpr std::array<std::string_view, 3> debate_names{"question", "own", "peers"};

const type::Number share{.above = 0, .most = 1};

/// Text of `key`, or what is built in; it sees these names only.
std::optional<Template> read_prompt(Fields& fields, std::string_view built_in, std::span<const std::string_view> names,
                                    Loading& loading) {
    std::string text(built_in);
    const bool own = fields.optional("prompt", type::TextOrFile{loading.sources}, text);
    return read_closed_template(own ? fields.value().at("prompt") : fields.value(), text, names);
}

/// `skip`: when a debate is not needed.
void read_skip(const Value& value, Debate& debate, const Panel& panel, const RungPlace& place, Loading& loading) {
    Fields fields(value);
    if (fields.usable() && !fields.has("agreement") && !fields.has("gate"))
        value.error("one of 'agreement', 'gate' is missing");
    fields.optional("agreement", share, debate.skip_agreement);
    if (const auto gate = fields.take("gate"))
        debate.skip_gate = read_answer_gate(*gate, panel.agents, place.question, loading);
    fields.finish();
}

}  // namespace

std::optional<PanelStop> read_panel_stop(const Value& value) {
    Fields fields(value);
    PanelStop stop;
    fields.optional("agreement", share, stop.agreement);
    fields.optional("share", share, stop.share);
    fields.optional("window", type::Whole<int>{2, 1000}, stop.window);
    fields.optional("min", type::Whole<int>{1, 1000}, stop.min_answers);
    fields.optional("decided", type::Boolean{}, stop.decided);
    return fields.finished(stop);
}

std::optional<DeepConf> read_deepconf(const Value& value) {
    Fields fields(value);
    DeepConf deepconf;
    fields.optional("warmup", type::Whole<int>{1, 999}, deepconf.warmup);
    fields.optional("keep", share, deepconf.keep);
    fields.optional("window", type::Whole<std::size_t>{}, deepconf.window);
    return fields.finished(deepconf);
}

std::optional<Gate> read_answer_gate(const Value& value, const std::vector<std::string>& agents,
                                     const std::string& question, Loading& loading) {
    std::string gate_name;
    const auto written = read_gate_in_use(value, gate_name, loading);
    if (!written) return std::nullopt;
    if (!needs_logprobs(written->gate.signal)) {
        value.error(fmt::format("signal '{}' has no place here; this gate reads an answer's token probabilities",
                                name(written->gate.signal)));
        return std::nullopt;
    }
    std::optional<Gate> gate;
    for (const std::string& agent : std::set<std::string>(agents.begin(), agents.end())) {
        check_gives_logprobs(value, agent, "a panel without this gate", loading, &written->gate);
        WrittenGate bound = *written;
        AgentRung rung;
        rung.agent = agent;
        bind_calibrations(bound, rung, {question, true}, loading);
        gate = std::move(bound.gate);
    }
    return gate;
}

std::optional<Referee> read_referee(const Value& value, Aggregate aggregate, Loading& loading) {
    const std::string_view built_in = aggregate == Aggregate::fuse ? built_in::fuse_prompt : built_in::judge_prompt;
    Referee referee;
    if (value.is_scalar()) {
        const auto agent = type::Reference{loading.agents}(value);
        if (!agent) return std::nullopt;
        referee.agent = *agent;
        referee.prompt = Template::parse(built_in);
        return referee;
    }
    if (!value.is_map()) return value.expected("the name of an agent, or a map with 'agent'");
    Fields fields(value);
    const bool named = fields.required("agent", type::Reference{loading.agents}, referee.agent);
    if (auto prompt = read_prompt(fields, built_in, referee_names, loading)) referee.prompt = *std::move(prompt);
    if (const auto gate = fields.take("gate"); gate && named)
        referee.gate = read_answer_gate(*gate, {referee.agent}, referee.prompt.text(), loading);
    return fields.finished(std::move(referee));
}

std::optional<Debate> read_debate(Fields& fields, const Panel& panel, const RungPlace& place, Loading& loading) {
    Debate debate;
    fields.optional("rounds", type::Whole<int>{2, 10}, debate.rounds);
    if (auto prompt = read_prompt(fields, built_in::debate_prompt, debate_names, loading))
        debate.prompt = *std::move(prompt);
    if (const auto skip = fields.take("skip")) read_skip(*skip, debate, panel, place, loading);
    return debate;
}

}  // namespace enough
