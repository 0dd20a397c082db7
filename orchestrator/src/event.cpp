#include <enough/orchestrator/event.hpp>

#include <array>

namespace enough {
namespace {

// In the order of `EventBody`.
constexpr std::array<std::string_view, std::variant_size_v<EventBody>> type_names{
    "run_started",  "call_answered",  "call_failed", "call_aborted",  "time_expired",  "cancel_requested",
    "step_started", "call_requested", "call_judged", "call_given_up", "step_finished", "run_finished"};

constexpr std::size_t facts = 6;
static_assert(std::is_same_v<std::variant_alternative_t<facts - 1, EventBody>, CancelRequested>);
static_assert(std::is_same_v<std::variant_alternative_t<facts, EventBody>, StepStarted>);

}  // namespace

bool is_fact(const EventBody& body) {
    return body.index() < facts;
}

std::string_view type_name(const EventBody& body) {
    return type_names.at(body.index());
}

}  // namespace enough
