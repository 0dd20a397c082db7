#include <enough/orchestrator/event.hpp>

#include <array>
#include <utility>

namespace enough {
namespace {

// In the order of `EventBody`.
constexpr std::array<std::string_view, std::variant_size_v<EventBody>> type_names{
    "run_started",       "call_answered",  "call_failed",    "call_aborted",   "time_expired",       "cancel_requested",
    "attempt_requested", "tool_returned",  "approval_given", "timer_fired",    "calls_granted",      "calls_ended",
    "step_started",      "call_requested", "call_judged",    "call_given_up",  "attempt_decided",    "call_continued",
    "call_set_aside",    "ballot_cast",    "panel_decided",  "tool_requested", "approval_requested", "step_retried",
    "timer_set",         "step_finished",  "run_finished"};

constexpr std::size_t facts = 12;
static_assert(std::is_same_v<std::variant_alternative_t<facts - 1, EventBody>, CallsEnded>);
static_assert(std::is_same_v<std::variant_alternative_t<facts, EventBody>, StepStarted>);

constexpr std::array<std::pair<CallPurpose, std::string_view>, 4> purposes{{{CallPurpose::answer, "answer"},
                                                                            {CallPurpose::judge, "judge"},
                                                                            {CallPurpose::fuse, "fuse"},
                                                                            {CallPurpose::gate, "gate"}}};

}  // namespace

bool is_fact(const EventBody& body) {
    return body.index() < facts;
}

std::string_view type_name(const EventBody& body) {
    return type_names.at(body.index());
}

std::string_view name(CallPurpose purpose) {
    for (const auto& [known, text] : purposes)
        if (known == purpose) return text;
    return {};
}

std::optional<CallPurpose> call_purpose_named(std::string_view name) {
    for (const auto& [known, text] : purposes)
        if (text == name) return known;
    return std::nullopt;
}

}  // namespace enough
