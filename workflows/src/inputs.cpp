#include <enough/workflows/inputs.hpp>

#include <enough/json/shallow_json.hpp>
#include "number_text.hpp"
#include "suggest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace enough {
namespace {

using nlohmann::json;

// "a string", as it is called in a message.
std::string_view described(InputType type) {
    switch (type) {
        case InputType::string:
            return "a string";
        case InputType::number:
            return "a number";
        case InputType::integer:
            return "a whole number";
        case InputType::boolean:
            return "true or false";
        case InputType::list:
            return "a list";
        case InputType::object:
            return "an object";
    }
    return {};
}

std::string_view described(const json& value) {
    switch (value.type()) {
        case json::value_t::null:
            return "null";
        case json::value_t::boolean:
            return "a boolean";
        case json::value_t::string:
            return "a string";
        case json::value_t::array:
            return "a list";
        case json::value_t::object:
            return "an object";
        case json::value_t::number_integer:
        case json::value_t::number_unsigned:
        case json::value_t::number_float:
            return "a number";
        case json::value_t::binary:
        case json::value_t::discarded:
            break;
    }
    return "no JSON value";
}

// The range in which every whole number is a double of its own.
constexpr double largest_exact = 9007199254740992.0;

std::optional<json> as_integer(const json& value) {
    if (value.is_number_integer()) return value;
    if (!value.is_number_float()) return std::nullopt;
    const double number = value.get<double>();
    if (std::trunc(number) != number || std::abs(number) > largest_exact) return std::nullopt;
    return json(static_cast<std::int64_t>(number));
}

std::optional<json> as(InputType type, const json& value) {
    switch (type) {
        case InputType::string:
            if (value.is_string()) return value;
            break;
        case InputType::number:
            if (value.is_number_integer() || (value.is_number_float() && std::isfinite(value.get<double>())))
                return value;
            break;
        case InputType::integer:
            return as_integer(value);
        case InputType::boolean:
            if (value.is_boolean()) return value;
            break;
        case InputType::list:
            if (value.is_array()) return value;
            break;
        case InputType::object:
            if (value.is_object()) return value;
            break;
    }
    return std::nullopt;
}

bool is_known(const Workflow& workflow, const std::string& name) {
    return std::any_of(workflow.inputs.begin(), workflow.inputs.end(),
                       [&name](const auto& input) { return input.first == name; });
}

void check_names(const Workflow& workflow, const json& given, std::vector<std::string>& faults) {
    std::vector<std::string> names;
    for (const auto& [name, input] : workflow.inputs)
        names.push_back(name);
    for (const auto& item : given.items()) {
        if (is_known(workflow, item.key())) continue;
        std::string fault = "unknown input '" + item.key() + "'";
        const std::string meant = did_you_mean(item.key(), names);
        if (!meant.empty())
            fault += meant;
        else if (names.empty())
            fault += "; the workflow takes none";
        faults.push_back(std::move(fault));
    }
}

std::optional<std::int64_t> read_integer(std::string_view text) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

json parse_number(std::string_view text) {
    if (const auto integer = read_integer(text)) return json(*integer);
    const auto number = read_number(text);
    if (!number) throw std::invalid_argument("expected a number such as 3.5");
    return json(static_cast<double>(*number));
}

}  // namespace

std::string_view name(InputType type) {
    switch (type) {
        case InputType::string:
            return "string";
        case InputType::number:
            return "number";
        case InputType::integer:
            return "integer";
        case InputType::boolean:
            return "boolean";
        case InputType::list:
            return "list";
        case InputType::object:
            return "object";
    }
    return {};
}

json check_input(const Workflow& workflow, const std::string& input_name, const json& value,
                 std::vector<std::string>& faults) {
    for (const auto& [known, input] : workflow.inputs) {
        if (known != input_name) continue;
        if (auto checked = as(input.type, value)) return *std::move(checked);
        faults.push_back("input '" + input_name + "' must be " + std::string(described(input.type)) + ", not " +
                         std::string(described(value)));
    }
    return nullptr;
}

json check_inputs(const Workflow& workflow, const json& given, std::vector<std::string>& faults) {
    json checked = json::object();
    if (!given.is_object()) {
        faults.push_back("inputs must be an object that maps names to values, not " + std::string(described(given)));
        return checked;
    }
    check_names(workflow, given, faults);
    for (const auto& [input_name, input] : workflow.inputs) {
        const auto found = given.find(input_name);
        if (found != given.end()) {
            checked[input_name] = check_input(workflow, input_name, *found, faults);
        } else if (input.default_value) {
            checked[input_name] = json::parse(*input.default_value);
        } else {
            faults.push_back("input '" + input_name + "' (" + std::string(name(input.type)) +
                             ") is required and was not given");
        }
    }
    return checked;
}

json parse_input(InputType type, const std::string& text) {
    switch (type) {
        case InputType::string:
            return json(text);
        case InputType::number:
            return parse_number(trim(text));
        case InputType::integer:
            if (const auto integer = read_integer(trim(text))) return json(*integer);
            throw std::invalid_argument("expected a whole number such as 3");
        case InputType::boolean:
            if (trim(text) == "true") return json(true);
            if (trim(text) == "false") return json(false);
            throw std::invalid_argument("expected true or false");
        case InputType::list:
        case InputType::object: {
            json value = parse_shallow(text);
            if (as(type, value)) return value;
            throw std::invalid_argument(type == InputType::list ? "expected a JSON list such as [1, 2]"
                                                                : "expected a JSON object such as {\"a\": 1}");
        }
    }
    throw std::invalid_argument("unknown type of input");
}

}  // namespace enough
