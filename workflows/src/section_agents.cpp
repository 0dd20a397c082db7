#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 6> extract_words{"text", "number", "boxed", "choice", "json", "regex"};

/// The argument of an extraction stands under a key of its own: `pointer` for json, `pattern` for regex.
std::optional<Extractor> read_extractor(const Value& value) {
    Fields fields(value);
    std::size_t word = 0;
    const bool known = fields.required("extract", type::Word{extract_words}, word);
    const ExtractKind kind = extract_kind_named(extract_words[word]).value_or(ExtractKind::text);
    std::string pointer;
    std::string pattern;
    const bool has_pointer = fields.optional("pointer", type::Text{true}, pointer);
    const bool has_pattern = fields.optional("pattern", type::Text{}, pattern);
    if (known && has_pointer && kind != ExtractKind::json) value.error("'pointer' belongs to 'extract: json'");
    if (known && has_pattern && kind != ExtractKind::regex) value.error("'pattern' belongs to 'extract: regex'");
    if (known && kind == ExtractKind::regex) fields.require("pattern");
    auto extractor = fields.finished(Extractor{});
    if (!extractor || !known || (kind == ExtractKind::regex && !has_pattern)) return std::nullopt;
    try {
        return Extractor::make(kind, kind == ExtractKind::json ? pointer : pattern);
    } catch (const std::invalid_argument& fault) {
        value.error(fault.what());
        return std::nullopt;
    }
}

void read_sampling(Fields& fields, Sampling& sampling) {
    fields.optional("temperature", type::Number{.least = 0, .most = 2}, sampling.temperature);
    fields.optional("top_p", type::Number{.above = 0, .most = 1}, sampling.top_p);
    fields.optional("seed", type::Whole<std::uint64_t>{0}, sampling.seed);
    fields.optional("max_tokens", type::Whole<std::int64_t>{}, sampling.max_tokens);
    fields.optional("stop", type::OneOrList<type::Text>{{true}, "text or a list of texts"}, sampling.stop);
}

void read_agent(const std::string& name, const Value& value, Loading& loading) {
    Fields fields(value);
    AgentRole agent;
    fields.take("extends");
    fields.required("model", type::Reference{loading.models}, agent.model);
    fields.optional("system", type::TextOrFile{loading.sources}, agent.system);
    read_sampling(fields, agent.sampling);
    fields.optional("answer", read_extractor, agent.answer);
    if (agent.system && agent.system->find("{{") != std::string::npos)
        value.at("system").warning("'{{ }}' is not filled in here, only in a step's prompt");
    if (auto read = fields.finished(std::move(agent))) loading.workflow.agents.emplace(name, *std::move(read));
}

}  // namespace

void read_agents(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) { read_agent(name, value, loading); });
}

}  // namespace enough
