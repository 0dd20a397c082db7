#include <enough/workflows/grader.hpp>

#include <enough/workflows/extract.hpp>

#include <re2/re2.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<GraderKind, std::string_view>, 7> names{{{GraderKind::exact, "exact"},
                                                                        {GraderKind::number, "number"},
                                                                        {GraderKind::choice, "choice"},
                                                                        {GraderKind::regex, "regex"},
                                                                        {GraderKind::json, "json"},
                                                                        {GraderKind::judge, "judge"},
                                                                        {GraderKind::command, "command"}}};

std::string text_of(const json& expected) {
    return expected.is_string() ? expected.get<std::string>()
                                : expected.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// Both sides read by one rule, and equal by its own measure.
bool same_value(ExtractKind kind, const std::string& expected, const std::string& output) {
    const Extractor extract = Extractor::make(kind);
    const auto wanted = extract(expected);
    const auto given = extract(output);
    return wanted && given && same_answer(kind, *wanted, *given);
}

bool same_json(const json& expected, const std::string& output, const std::string& pointer) {
    const auto given = Extractor::make(ExtractKind::json, pointer)(output);
    if (!given) return false;
    if (expected.is_string()) {
        const auto& text = expected.get_ref<const std::string&>();
        if (text == *given) return true;  // the extractor gives strings bare
        const auto wanted = Extractor::make(ExtractKind::json)(text);
        return wanted && same_answer(ExtractKind::json, *wanted, *given);
    }
    return json::parse(*given, nullptr, false) == expected;
}

bool matches(const std::string& pattern, const std::string& output) {
    const RE2 regex(pattern, RE2::Quiet);
    return regex.ok() && RE2::PartialMatch(output, regex);
}

}  // namespace

std::string_view name(GraderKind kind) {
    for (const auto& [each, text] : names)
        if (each == kind) return text;
    return "unknown";
}

std::optional<GraderKind> grader_kind_named(std::string_view name) {
    for (const auto& [kind, text] : names)
        if (text == name) return kind;
    return std::nullopt;
}

bool is_pure(GraderKind kind) {
    return kind != GraderKind::judge && kind != GraderKind::command;
}

Grader Grader::make(GraderKind kind, std::string pointer) {
    if (!is_pure(kind)) throw std::invalid_argument("grader '" + std::string(name(kind)) + "' does not grade alone");
    if (!pointer.empty()) Extractor::make(ExtractKind::json, pointer);  // throws for a bad one
    return {kind, std::move(pointer)};
}

std::optional<std::string> Grader::fault(const json& expected) const {
    if (expected.is_null()) return "'expected' is null";
    const std::string text = text_of(expected);
    switch (kind_) {
        case GraderKind::number:
            if (!Extractor::make(ExtractKind::number)(text)) return "'expected' holds no number";
            break;
        case GraderKind::choice:
            if (!Extractor::make(ExtractKind::choice)(text)) return "'expected' holds no letter from A to E";
            break;
        case GraderKind::regex:
            if (const RE2 regex(text, RE2::Quiet); !regex.ok()) return "'expected' is no pattern: " + regex.error();
            break;
        default:
            break;
    }
    return std::nullopt;
}

bool Grader::operator()(const json& expected, const std::optional<std::string>& output) const {
    if (!output || expected.is_null()) return false;
    switch (kind_) {
        case GraderKind::exact:
            return trimmed(text_of(expected)) == trimmed(*output);
        case GraderKind::number:
            return same_value(ExtractKind::number, text_of(expected), *output);
        case GraderKind::choice:
            return same_value(ExtractKind::choice, text_of(expected), *output);
        case GraderKind::regex:
            return matches(text_of(expected), *output);
        case GraderKind::json:
            return same_json(expected, *output, pointer_);
        case GraderKind::judge:
        case GraderKind::command:
            break;
    }
    return false;
}

}  // namespace enough
