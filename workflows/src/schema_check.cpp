#include "schema_check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;

constexpr int deepest = 64;
constexpr std::size_t most_schemas = 5'000;
constexpr std::uint64_t most_checks = 20'000;  ///< schemas that apply to one value

enum class Keyword {
    schema,        ///< one schema, for a part of the value
    here,          ///< one schema, for the value itself
    list_here,     ///< several, for the value itself
    map,           ///< schemas by property
    pattern_map,   ///< schemas by pattern
    items,         ///< one schema, or one for each item
    dependencies,  ///< by property: a schema for the value itself, or other properties
    shelf,         ///< schemas to be referred to
    reference,
    type,
    anything,
    values,
    texts,
    number,
    positive,
    size,
    truth,
    pattern,
};

const std::map<std::string_view, Keyword> keywords{
    {"$ref", Keyword::reference},
    {"type", Keyword::type},
    {"const", Keyword::anything},
    {"enum", Keyword::values},
    {"required", Keyword::texts},
    {"properties", Keyword::map},
    {"definitions", Keyword::shelf},
    {"$defs", Keyword::shelf},
    {"allOf", Keyword::list_here},
    {"anyOf", Keyword::list_here},
    {"oneOf", Keyword::list_here},
    {"not", Keyword::here},
    {"if", Keyword::here},
    {"then", Keyword::here},
    {"else", Keyword::here},
    {"dependencies", Keyword::dependencies},
    {"items", Keyword::items},
    {"additionalItems", Keyword::schema},
    {"contains", Keyword::schema},
    {"additionalProperties", Keyword::schema},
    {"propertyNames", Keyword::schema},
    {"patternProperties", Keyword::pattern_map},
    {"minimum", Keyword::number},
    {"maximum", Keyword::number},
    {"exclusiveMinimum", Keyword::number},
    {"exclusiveMaximum", Keyword::number},
    {"multipleOf", Keyword::positive},
    {"uniqueItems", Keyword::truth},
    {"minLength", Keyword::size},
    {"maxLength", Keyword::size},
    {"minItems", Keyword::size},
    {"maxItems", Keyword::size},
    {"minProperties", Keyword::size},
    {"maxProperties", Keyword::size},
    {"pattern", Keyword::pattern},
};

constexpr std::array<std::string_view, 7> type_names{"null",   "boolean", "object", "array",
                                                     "number", "integer", "string"};

[[noreturn]] void fail(const std::string& at, const std::string& what) {
    throw std::invalid_argument("this is no JSON Schema: " + (at.empty() ? "" : "at " + at + ": ") + what);
}

/// `/key`, as a JSON pointer has it.
std::string escaped(const std::string& key) {
    return (json::json_pointer() / key).to_string();
}

class Check {
public:
    explicit Check(const json& root) : root_(root) {}

    json run() {
        json result = schema(root_, "", 0);
        for (const auto& [place, target] : references_)
            if (!edges_.contains(target)) fail(place, "there is no '#" + target + "'");
        for (const auto& [place, target] : references_)
            (void)checks_at(target, place);
        (void)checks_at("", "");
        return result;
    }

private:
    /// The schema at `at`, without what says nothing.
    json schema(const json& value, const std::string& at, int depth) {
        if (depth > deepest) fail(at, "nested more than 64 levels deep");
        if (edges_.size() >= most_schemas) fail(at, "more than 5000 schemas inside it");
        edges_[at];
        if (value.is_boolean()) return value;
        if (!value.is_object()) fail(at, "expected a schema: an object, true or false");
        json result = json::object();
        for (const auto& [key, part] : value.items()) {
            const auto known = keywords.find(key);
            if (known == keywords.end()) continue;
            result[key] = keyword(known->second, part, at, at + escaped(key), depth + 1);
        }
        return result;
    }

    json keyword(Keyword kind, const json& value, const std::string& owner, const std::string& at, int depth) {
        switch (kind) {
            case Keyword::here:
                edges_[owner].push_back(at);
                return schema(value, at, depth);
            case Keyword::schema:
                return schema(value, at, depth);
            case Keyword::list_here:
                return list(value, owner, at, depth, true);
            case Keyword::items:
                return value.is_array() ? list(value, owner, at, depth, false) : schema(value, at, depth);
            case Keyword::map:
            case Keyword::shelf:
            case Keyword::pattern_map:
            case Keyword::dependencies:
                return map(kind, value, owner, at, depth);
            case Keyword::reference:
                return reference(value, owner, at);
            case Keyword::type:
            case Keyword::anything:
            case Keyword::values:
            case Keyword::texts:
            case Keyword::number:
            case Keyword::positive:
            case Keyword::size:
            case Keyword::truth:
            case Keyword::pattern:
                break;
        }
        check_plain(kind, value, at);
        return value;
    }

    json list(const json& value, const std::string& owner, const std::string& at, int depth, bool here) {
        if (!value.is_array() || value.empty()) fail(at, "expected a list of schemas");
        json result = json::array();
        for (std::size_t i = 0; i < value.size(); ++i) {
            const std::string place = at + "/" + std::to_string(i);
            if (here) edges_[owner].push_back(place);
            result.push_back(schema(value[i], place, depth));
        }
        return result;
    }

    json map(Keyword kind, const json& value, const std::string& owner, const std::string& at, int depth) {
        if (!value.is_object()) fail(at, "expected an object of schemas");
        json result = json::object();
        for (const auto& [key, part] : value.items()) {
            const std::string place = at + escaped(key);
            if (kind == Keyword::pattern_map)
                if (const std::string fault = pattern_fault(key); !fault.empty()) fail(place, fault);
            if (kind == Keyword::dependencies && part.is_array()) {
                check_plain(Keyword::texts, part, place);
                result[key] = part;
                continue;
            }
            if (kind == Keyword::dependencies) edges_[owner].push_back(place);
            result[key] = schema(part, place, depth);
        }
        return result;
    }

    json reference(const json& value, const std::string& owner, const std::string& at) {
        const std::string text = value.is_string() ? value.get<std::string>() : "";
        if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/'))
            fail(at, "only references within the schema are followed ('#/…')");
        const std::string target = text.substr(1);
        references_.emplace_back(at, target);
        edges_[owner].push_back(target);
        reference_of_[owner] = at;
        return value;
    }

    static bool plain_fits(Keyword kind, const json& value) {
        const auto text = [](const json& item) { return item.is_string(); };
        const auto type = [](const json& item) {
            return item.is_string() && std::find(type_names.begin(), type_names.end(),
                                                 item.get_ref<const std::string&>()) != type_names.end();
        };
        switch (kind) {
            case Keyword::type:
                return type(value) ||
                       (value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), type));
            case Keyword::values:
                return value.is_array() && !value.empty();
            case Keyword::texts:
                return value.is_array() && std::all_of(value.begin(), value.end(), text);
            case Keyword::number:
                return value.is_number();
            case Keyword::positive:
                return value.is_number() && value.get<double>() > 0;
            case Keyword::size:
                return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
            case Keyword::truth:
                return value.is_boolean();
            case Keyword::pattern:
                return value.is_string();
            default:
                return true;
        }
    }

    static void check_plain(Keyword kind, const json& value, const std::string& at) {
        if (plain_fits(kind, value)) {
            if (kind != Keyword::pattern) return;
            if (const std::string fault = pattern_fault(value.get<std::string>()); !fault.empty()) fail(at, fault);
            return;
        }
        if (kind == Keyword::type && value.is_string()) fail(at, "there is no type '" + value.get<std::string>() + "'");
        fail(at, "this value does not fit the keyword");
    }

    /// How many schemas apply to a value that this one applies to. Fails where there is no end.
    std::uint64_t checks_at(const std::string& at, const std::string& from) {
        const auto known = checks_.find(at);
        if (known != checks_.end() && known->second == 0) fail(from, "the schema refers to itself without end");
        if (known != checks_.end()) return known->second;
        checks_[at] = 0;  // being counted
        std::uint64_t sum = 1;
        for (const std::string& next : edges_.at(at)) {
            const auto reference = reference_of_.find(at);
            sum += checks_at(next, reference == reference_of_.end() ? at : reference->second);
            if (sum > most_checks) fail(at, "too many schemas apply to one value");
        }
        return checks_[at] = sum;
    }

    const json& root_;
    std::map<std::string, std::vector<std::string>> edges_;  ///< from a schema to those for the same value
    std::map<std::string, std::string> reference_of_;        ///< where a schema's `$ref` stands
    std::vector<std::pair<std::string, std::string>> references_;
    std::map<std::string, std::uint64_t> checks_;
};

}  // namespace

json checked_schema(const json& schema) {
    return Check(schema).run();
}

}  // namespace enough
