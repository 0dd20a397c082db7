#include <enough/orchestrator/status.hpp>

#include <array>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 8> names{{
    {Status::queued, "queued"},
    {Status::running, "running"},
    {Status::skipped, "skipped"},
    {Status::accepted, "accepted"},
    {Status::unresolved, "unresolved"},
    {Status::failed, "failed"},
    {Status::cancelled, "cancelled"},
    {Status::over_budget, "over_budget"},
}};

}  // namespace

std::string_view name(Status status) {
    for (const auto& [known, text] : names)
        if (known == status) return text;
    return "unknown";
}

std::optional<Status> status_named(std::string_view name) {
    for (const auto& [known, text] : names)
        if (text == name) return known;
    return std::nullopt;
}

bool is_final(Status status) {
    return status != Status::queued && status != Status::running;
}

}  // namespace enough
