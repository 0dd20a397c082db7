#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "tree_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace enough {
namespace {

constexpr std::array<std::string_view, 6> extract_words{"text", "number", "boxed", "choice", "json", "regex"};

/// `schema`: written out, or `{file: PATH}` and nothing else.
std::optional<AnswerSchema> read_schema(const Value& value, Loading& loading) {
    if (!value.is_map()) return value.expected("a JSON Schema, or {file: PATH}");
    const Node& node = value.node();
    std::string text;
    if (node.entries.size() == 1 && node.find("file") != nullptr && node.find("file")->kind == NodeKind::scalar) {
        const auto file = loading.sources.read_text(value.at("file"));
        if (!file) return std::nullopt;
        text = *file;
    } else {
        text = to_json(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    try {
        return AnswerSchema::compile(text);
    } catch (const std::invalid_argument& fault) {
        value.error(fault.what());
        return std::nullopt;
    }
}

/// How the value is taken out of an answer, and what it must look like.
struct AnswerRule {
    Extractor extractor;
    std::optional<AnswerSchema> schema;
};

/// The argument of an extraction stands under a key of its own: `pointer` for json, `pattern` for regex.
std::optional<AnswerRule> read_answer_rule(const Value& value, Loading& loading) {
    Fields fields(value);
    std::optional<AnswerSchema> schema;
    std::size_t word = 0;
    const bool known = fields.required("extract", type::Word{extract_words}, word);
    const ExtractKind kind = extract_kind_named(extract_words[word]).value_or(ExtractKind::text);
    std::string pointer;
    std::string pattern;
    const bool has_pointer = fields.optional("pointer", type::Text{true}, pointer);
    const bool has_pattern = fields.optional("pattern", type::Text{}, pattern);
    if (const auto schema_value = fields.take("schema")) {
        if (known && kind != ExtractKind::json)
            value.error("'schema' belongs to 'extract: json'");
        else
            schema = read_schema(*schema_value, loading);
    }
    if (known && has_pointer && kind != ExtractKind::json) value.error("'pointer' belongs to 'extract: json'");
    if (known && has_pattern && kind != ExtractKind::regex) value.error("'pattern' belongs to 'extract: regex'");
    if (known && kind == ExtractKind::regex) fields.require("pattern");
    auto extractor = fields.finished(Extractor{});
    if (!extractor || !known || (kind == ExtractKind::regex && !has_pattern)) return std::nullopt;
    try {
        return AnswerRule{Extractor::make(kind, kind == ExtractKind::json ? pointer : pattern), std::move(schema)};
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
    fields.optional("reasoning_effort", type::Text{}, sampling.reasoning_effort);
    fields.optional("stop", type::OneOrList<type::Text>{{true}, "text or a list of texts"}, sampling.stop);
}

void warn_of_idle_effort(const Fields& fields, const AgentRole& agent, const Loading& loading) {
    const auto model = loading.workflow.models.find(agent.model);
    if (!agent.sampling.reasoning_effort || model == loading.workflow.models.end()) return;
    if (server_settings(model->second.provider) == nullptr)
        fields.value().warning(
            fmt::format("'reasoning_effort' has no effect: model '{}' is not reached over HTTP", agent.model));
}

void read_agent_tools(Fields& fields, AgentRole& agent, const Loading& loading) {
    fields.optional("tools", type::List<type::Reference>{{loading.tools}, "a list of tool servers"}, agent.tools);
    const bool rounds = fields.optional("max_tool_rounds", type::Whole<int>{1, 100}, agent.max_tool_rounds);
    if (rounds && !fields.has("tools")) fields.value().at("max_tool_rounds").warning("no effect without 'tools'");
    if (!fields.has("tools")) return;
    const auto model = loading.workflow.models.find(agent.model);
    if (model != loading.workflow.models.end() && std::holds_alternative<LlamaSettings>(model->second.provider))
        fields.value().at("tools").error(
            fmt::format("model '{}' can't call tools: provider llama has none", agent.model));
}

void read_agent(const std::string& name, const Value& value, Loading& loading) {
    Fields fields(value);
    AgentRole agent;
    fields.take("extends");
    fields.required("model", type::Reference{loading.models}, agent.model);
    fields.optional("system", type::TextOrFile{loading.sources}, agent.system);
    read_sampling(fields, agent.sampling);
    warn_of_idle_effort(fields, agent, loading);
    AnswerRule answer;
    fields.optional("answer", [&](const Value& rule) { return read_answer_rule(rule, loading); }, answer);
    agent.answer = std::move(answer.extractor);
    agent.schema = std::move(answer.schema);
    read_agent_tools(fields, agent, loading);
    if (agent.system && agent.system->find("{{") != std::string::npos)
        value.at("system").warning("'{{ }}' is not filled in here, only in a step's prompt");
    if (auto read = fields.finished(std::move(agent))) loading.workflow.agents.emplace(name, *std::move(read));
}

}  // namespace

void read_agents(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) { read_agent(name, value, loading); });
}

}  // namespace enough
