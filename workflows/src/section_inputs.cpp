#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "tree_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace enough {
namespace {

constexpr std::array<std::string_view, 6> type_words{"string", "number", "integer", "boolean", "list", "object"};

/// The default as JSON text.
std::optional<std::string> read_default(const Value& value, InputType type) {
    switch (type) {
        case InputType::string:
            if (const auto text = type::Text{true}(value)) return nlohmann::json(*text).dump();
            return std::nullopt;
        case InputType::number:
            if (type::Number{}(value)) return to_json(value.node()).dump();
            return std::nullopt;
        case InputType::integer:
            if (const auto number = type::Whole<std::int64_t>{-type::largest_count}(value))
                return nlohmann::json(*number).dump();
            return std::nullopt;
        case InputType::boolean:
            if (const auto boolean = type::Boolean{}(value)) return nlohmann::json(*boolean).dump();
            return std::nullopt;
        case InputType::list:
            if (value.is_list()) return to_json(value.node()).dump();
            return value.expected("a list");
        case InputType::object:
            if (value.is_map()) return to_json(value.node()).dump();
            return value.expected("a map");
    }
    return std::nullopt;
}

void read_input(const std::string& name, const Value& value, Loading& loading) {
    Fields fields(value);
    Input input;
    fields.optional("description", type::Text{true}, input.description);
    const bool typed = !fields.has("type") || fields.optional("type", type::Choice<InputType>{type_words}, input.type);
    fields.take("type");
    if (const auto preset = fields.take("default"); preset && typed)
        input.default_value = read_default(*preset, input.type);
    fields.finish();
    loading.workflow.inputs.emplace_back(name, std::move(input));
}

}  // namespace

bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_inputs(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) {
        if (!is_identifier(name))
            value.error(in_quotes(name) + " is no name that an expression can use; use letters, digits and '_'");
        read_input(name, value, loading);
    });
}

}  // namespace enough
