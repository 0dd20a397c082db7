#include "serve/served_report.hpp"

#include <enough/orchestrator/report.hpp>

#include <cstddef>
#include <string>
#include <variant>

namespace enough {
namespace {

constexpr std::size_t longest_question = 240;  // bytes

/// Empty where no input is a text.
std::string question_of(const Workflow& workflow, const nlohmann::json& inputs) {
    for (const auto& [name, input] : workflow.inputs) {
        const auto given = inputs.find(name);
        if (given == inputs.end() || !given->is_string()) continue;
        auto text = given->get<std::string>();
        if (text.size() <= longest_question) return text;
        std::size_t end = longest_question;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;  // not inside a character
        return text.substr(0, end) + "\u2026";
    }
    return {};
}

}  // namespace

nlohmann::ordered_json served_report(const RunState& state, const std::vector<Event>& events) {
    nlohmann::ordered_json json = report(state);
    const auto* start = events.empty() ? nullptr : std::get_if<RunStarted>(&events.front().body);
    if (start) json["question"] = question_of(*state.workflow, start->inputs);
    return json;
}

}  // namespace enough
