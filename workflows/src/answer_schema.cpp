#include <enough/workflows/answer_schema.hpp>

#include "schema_check.hpp"
#include "utf8.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr std::size_t longest_schema = 256 * 1024;
constexpr int deepest_value = 64;
constexpr std::size_t longest_matched =
    1000;  ///< text that a pattern is tried on: std::regex needs stack for each byte
constexpr std::size_t most_shown = 3;

/// JSON of bounded depth; discarded if it is none.
json parse(std::string_view text, bool& too_deep) {
    const auto watch = [&too_deep](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > deepest_value;
        return !too_deep;
    };
    return json::parse(text, watch, false);
}

bool mentions_pattern(const json& schema) {
    if (schema.is_object() && (schema.contains("pattern") || schema.contains("patternProperties"))) return true;
    return schema.is_structured() && std::any_of(schema.begin(), schema.end(), mentions_pattern);
}

bool has_long_text(const json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().size() > longest_matched;
    if (value.is_object())
        for (const auto& item : value.items())
            if (item.key().size() > longest_matched) return true;
    return value.is_structured() && std::any_of(value.begin(), value.end(), has_long_text);
}

/// `at /items/0: value type not permitted by 'type' constraint`. The validator's context is `<root>`, `[items]`, `[0]`.
std::string sentence(const valijson::ValidationResults::Error& error) {
    std::string at;
    for (std::size_t i = 1; i < error.context.size(); ++i) {
        const std::string& part = error.context[i];
        const bool bracketed = part.size() >= 2 && part.front() == '[' && part.back() == ']';
        at += "/" + (bracketed ? part.substr(1, part.size() - 2) : part);
    }
    std::string text = error.description;
    if (!text.empty() && text.back() == '.') text.pop_back();
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return at.empty() ? text : "at " + at + ": " + text;
}

/// The faults themselves; "failed to validate against …" only says where they were met.
std::string summary(const valijson::ValidationResults& results) {
    std::vector<std::string> all;
    std::vector<std::string> own;
    for (const auto& error : results) {
        std::string text = sentence(error);
        const bool repeats = std::find(all.begin(), all.end(), text) != all.end();
        if (!repeats && !error.description.starts_with("Failed to validate")) own.push_back(text);
        if (!repeats) all.push_back(std::move(text));
    }
    std::vector<std::string>& shown = own.empty() ? all : own;
    if (shown.size() > most_shown) shown.resize(most_shown);
    std::string text = shown.empty() ? "it does not fit the schema" : "";
    for (const std::string& one : shown)
        text += (text.empty() ? "" : "; ") + one;
    return utf8_shortened(text, 400);
}

}  // namespace

struct AnswerSchema::Compiled {
    std::string text;
    json source;  ///< the validator's schema may refer to it
    valijson::Schema schema;
    bool patterns = false;
};

AnswerSchema::AnswerSchema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

AnswerSchema AnswerSchema::compile(std::string_view schema) {
    if (schema.size() > longest_schema) throw std::invalid_argument("this JSON Schema is larger than 256 KiB");
    bool too_deep = false;
    const json parsed = parse(schema, too_deep);
    if (too_deep) throw std::invalid_argument("this is no JSON Schema: nested more than 64 levels deep");
    if (parsed.is_discarded()) throw std::invalid_argument("this is no JSON");
    auto compiled = std::make_shared<Compiled>();
    compiled->source = checked_schema(parsed);
    compiled->text = parsed.dump();
    compiled->patterns = mentions_pattern(compiled->source);
    try {
        valijson::SchemaParser(valijson::SchemaParser::kDraft7)
            .populateSchema(Adapter(compiled->source), compiled->schema);
    } catch (const std::exception& fault) {
        throw std::invalid_argument(std::string("this is no JSON Schema: ") + fault.what());
    }
    return AnswerSchema(std::move(compiled));
}

std::optional<std::string> AnswerSchema::fault(std::string_view text) const {
    bool too_deep = false;
    const json value = parse(text, too_deep);
    if (too_deep) return fmt::format("it is nested more than {} levels deep", deepest_value);
    if (value.is_discarded()) return "it is no JSON";
    if (compiled_->patterns && has_long_text(value))
        return fmt::format("it holds a text of more than {} characters, too long for the schema's patterns",
                           longest_matched);
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    try {
        if (validator.validate(compiled_->schema, Adapter(value), &results)) return std::nullopt;
    } catch (const std::exception& fault) {
        return fmt::format("it can't be checked against the schema: {}", fault.what());
    }
    return summary(results);
}

const std::string& AnswerSchema::text() const {
    return compiled_->text;
}

}  // namespace enough
