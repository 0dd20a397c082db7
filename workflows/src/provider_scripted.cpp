#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "tree_json.hpp"

#include <enough/agents/failure.hpp>

#include <fmt/format.h>
#include <re2/re2.h>
#include <nlohmann/json.hpp>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 4> finish_words{"stop", "length", "filter", "tool_calls"};

std::vector<std::string_view> failure_words() {
    constexpr FailureKind kinds[] = {FailureKind::connect,      FailureKind::tls,          FailureKind::timeout,
                                     FailureKind::unauthorized, FailureKind::rate_limited, FailureKind::overloaded,
                                     FailureKind::server_error, FailureKind::bad_request,  FailureKind::bad_response,
                                     FailureKind::stream_cut,   FailureKind::no_model,     FailureKind::context_full,
                                     FailureKind::script_ended};
    std::vector<std::string_view> words;
    for (const FailureKind kind : kinds)
        words.push_back(name(kind));
    return words;
}

std::optional<std::string> read_pattern(const Value& value) {
    auto pattern = type::Text{}(value);
    if (!pattern) return std::nullopt;
    const re2::RE2 compiled(*pattern, re2::RE2::Quiet);
    if (compiled.ok()) return pattern;
    value.error(fmt::format("not a valid pattern (RE2): {}", compiled.error()));
    return std::nullopt;
}

std::optional<std::string> read_word(const Value& value, std::span<const std::string_view> words) {
    const auto index = type::Word{words}(value);
    return index ? std::optional(std::string(words[*index])) : std::nullopt;
}

/// A call without an `id` is given one when it is made.
std::optional<std::vector<ToolCall>> read_tool_calls(const Value& value) {
    if (!value.is_list() || value.node().items.empty()) return value.expected("a list of tool calls");
    const std::size_t errors_before = value.problems().errors();
    std::vector<ToolCall> calls;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < value.node().items.size(); ++i) {
        Fields fields(value.at(i));
        ToolCall call{{}, {}, "{}"};
        fields.required("name", type::Text{}, call.name);
        fields.optional("id", type::Text{}, call.id);
        if (const auto arguments = fields.take("arguments")) {
            if (arguments->is_map())
                call.arguments = to_json(arguments->node()).dump();
            else if (auto text = type::Text{true}(*arguments))
                call.arguments = *std::move(text);
        }
        if (!call.id.empty() && !ids.insert(call.id).second)
            fields.value().error(fmt::format("there is a call with the id '{}' already", call.id));
        fields.finish();
        calls.push_back(std::move(call));
    }
    if (value.problems().errors() > errors_before) return std::nullopt;
    return calls;
}

std::optional<ScriptedAnswer> read_answer(const Value& value) {
    static const std::vector<std::string_view> failures = failure_words();
    Fields fields(value);
    ScriptedAnswer answer;
    if (!fields.has("error") && !fields.has("tool_calls")) fields.require("text");
    fields.optional("text", type::Text{true}, answer.text);
    fields.optional("reasoning", type::Text{true}, answer.reasoning);
    fields.optional("when", read_pattern, answer.when);
    fields.optional("entropy", type::OneOrList<type::Number>{{.least = 0}, "a number or a list of numbers"},
                    answer.entropy);
    fields.optional("tokens", type::Whole<std::int64_t>{}, answer.tokens);
    fields.optional("input_tokens", type::Whole<std::int64_t>{0}, answer.input_tokens);
    fields.optional(
        "finish_reason", [](const Value& word) { return read_word(word, finish_words); }, answer.finish_reason);
    fields.optional("tool_calls", read_tool_calls, answer.tool_calls);
    if (answer.finish_reason == "tool_calls" && !fields.has("tool_calls"))
        value.at("finish_reason").error("'tool_calls' without any");
    fields.optional("error", [](const Value& word) { return read_word(word, failures); }, answer.error);
    fields.optional("delay", type::Duration{}, answer.delay);
    fields.optional("repeat", type::Boolean{}, answer.repeat);
    return fields.finished(std::move(answer));
}

using Answers = type::List<std::optional<ScriptedAnswer> (*)(const Value&)>;

std::optional<std::vector<ScriptedAnswer>> read_answers(const Value& value) {
    return Answers{read_answer, "a list of answers"}(value);
}

/// The same list from a file of its own, JSON or YAML.
std::optional<std::vector<ScriptedAnswer>> read_answers_file(const Value& name, Loading& loading) {
    const auto text = loading.sources.read_text(name);
    if (!text) return std::nullopt;
    const auto path = resolved(name.mark(), name.node().text);
    const auto source = loading.sources.add(path.string(), path.parent_path());
    const auto root = parse_yaml(*text, source, loading.problems);
    return root ? read_answers(Value(*root, "", loading.problems)) : std::nullopt;
}

}  // namespace

std::optional<ProviderSettings> read_scripted(Fields& fields, Loading& loading) {
    ScriptedSettings settings;
    const auto answers = fields.take("answers");
    const auto file = fields.take("file");
    if (answers && file) {
        fields.value().error("both 'answers' and 'file'; one of them is meant");
    } else if (!answers && !file) {
        fields.require("answers");
    }
    auto read = answers ? read_answers(*answers) : file ? read_answers_file(*file, loading) : std::nullopt;
    if (read) settings.answers = *std::move(read);
    fields.optional("retry", type::Retry{settings.retry}, settings.retry);
    fields.optional("limits", read_rate_limits, settings.limits);
    fields.optional("logprobs", type::Boolean{}, settings.logprobs);
    fields.optional("hedge", read_hedge, settings.hedge);
    return settings;
}

}  // namespace enough
