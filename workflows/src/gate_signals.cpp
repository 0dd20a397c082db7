// What a gate needs for a signal that is not made from an answer's evidence.
#include "gate_signals.hpp"

#include "built_in_prompts.hpp"
#include "expression_reader.hpp"
#include "field_types.hpp"
#include "loading.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 2> score_names{"question", "answer"};

/// The ends of the scale on which a number is given.
void read_scale(Fields& fields, double& min, double& max) {
    fields.optional("min", type::Number{}, min);
    fields.optional("max", type::Number{}, max);
    if (min >= max) fields.value().error(fmt::format("'max' ({}) must be above 'min' ({})", max, min));
}

std::optional<Extractor> read_pattern(const Value& value) {
    const auto pattern = type::Text{}(value);
    if (!pattern) return std::nullopt;
    try {
        Extractor extractor = Extractor::make(ExtractKind::regex, *pattern);
        if (re2::RE2(*pattern).NumberOfCapturingGroups() > 0) return extractor;
        value.error("the pattern needs a group around the number");
    } catch (const std::invalid_argument& fault) {
        value.error(fault.what());
    }
    return std::nullopt;
}

std::optional<Verbalized> read_verbalized(const Value& value) {
    Fields fields(value);
    Verbalized verbalized;
    fields.optional("pattern", read_pattern, verbalized.value);
    read_scale(fields, verbalized.min, verbalized.max);
    return fields.finished(std::move(verbalized));
}

std::optional<JudgeSignal> read_judge(const Value& value, Loading& loading) {
    JudgeSignal judge;
    std::string text = fmt::format(built_in::score_prompt, judge.min, judge.max);
    if (value.is_scalar()) {
        const auto agent = type::Reference{loading.agents}(value);
        if (!agent) return std::nullopt;
        judge.agent = *agent;
        judge.prompt = Template::parse(text);
        return judge;
    }
    if (!value.is_map()) return value.expected("the name of an agent, or a map with 'agent'");
    Fields fields(value);
    fields.required("agent", type::Reference{loading.agents}, judge.agent);
    read_scale(fields, judge.min, judge.max);
    text = fmt::format(built_in::score_prompt, judge.min, judge.max);
    const bool own = fields.optional("prompt", type::TextOrFile{loading.sources}, text);
    auto prompt = read_closed_template(own ? value.at("prompt") : value, text, score_names);
    if (prompt) judge.prompt = *std::move(prompt);
    return fields.finished(std::move(judge));
}

/// Is the key there, and allowed with this signal? An error if it is there and not allowed.
std::optional<Value> take_of(Fields& fields, std::string_view key, bool allowed, std::string_view signals) {
    auto value = fields.take(key);
    if (value && !allowed) value->error(fmt::format("'{}' belongs to 'signal: {}'", key, signals));
    return allowed ? value : std::nullopt;
}

}  // namespace

void read_signal_keys(Fields& fields, WrittenGate& written, Loading& loading) {
    const Signal signal = written.gate.signal;
    const bool agreement = compares_answers(signal);
    if (const auto value = take_of(fields, "samples", agreement, "agreement' or 'agreement.share"))
        written.samples = type::Whole<int>{2, 1000}(*value);
    if (signal == Signal::verbalized) {
        written.verbalized.emplace();
        written.verbalized->value = Extractor::make(ExtractKind::regex, std::string(built_in::confidence_pattern));
    }
    if (const auto value = take_of(fields, "verbalized", signal == Signal::verbalized, "verbalized")) {
        if (auto verbalized = read_verbalized(*value)) {
            const bool own = value->node().find("pattern") != nullptr;
            if (!own) verbalized->value = written.verbalized->value;
            written.verbalized = *std::move(verbalized);
        }
    }
    if (signal == Signal::judge) fields.require("judge");
    if (const auto value = take_of(fields, "judge", signal == Signal::judge, "judge"))
        written.judge = read_judge(*value, loading);
}

}  // namespace enough
