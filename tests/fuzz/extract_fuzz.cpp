// Any bytes are an answer of a model: its value is taken out in every way there is, equals itself, and is found again
// where it stands alone. What a schema is held against is either faulted in words or is JSON.
#include <enough/workflows/answer_schema.hpp>
#include <enough/workflows/extract.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace enough;

void require(bool condition) {
    if (!condition) std::abort();
}

const std::vector<Extractor>& rules() {
    static const std::vector<Extractor> all = {
        Extractor::make(ExtractKind::text),          Extractor::make(ExtractKind::number),
        Extractor::make(ExtractKind::boxed),         Extractor::make(ExtractKind::choice),
        Extractor::make(ExtractKind::json),          Extractor::make(ExtractKind::json, "/answer/0"),
        Extractor::make(ExtractKind::regex, "\\d*"), Extractor::make(ExtractKind::regex, "(?s)<a>(.*?)</a>"),
    };
    return all;
}

/// Kinds whose value, standing alone, is what it was taken from.
bool is_settled(ExtractKind kind) {
    return kind == ExtractKind::text || kind == ExtractKind::number || kind == ExtractKind::choice;
}

void take_out(const Extractor& rule, std::string_view text) {
    const auto value = rule(text);
    if (!value) return;
    require(same_answer(rule.kind(), *value, *value));
    (void)same_answer(rule.kind(), *value, text);
    if (is_settled(rule.kind())) require(rule(*value) == value);
    if (rule.kind() == ExtractKind::choice) require(value->size() == 1 && *value >= "A" && *value <= "E");
}

void hold_against_a_schema(std::string_view text) {
    static const AnswerSchema schema = AnswerSchema::compile(
        R"({"type": "object", "required": ["answer"], "additionalProperties": false, "properties": {
            "answer": {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"type": "array", "uniqueItems": true}]},
            "why": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 8}}})");
    const auto fault = schema.fault(text);
    require(fault ? !fault->empty() : nlohmann::json::accept(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const Extractor& rule : rules())
        take_out(rule, text);
    hold_against_a_schema(text);
    return 0;
}
