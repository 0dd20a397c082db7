#pragma once

#include <optional>
#include <string_view>

namespace enough {

/// How a run or a step stands, or ended.
enum class Status {
    queued,      ///< not begun; never final
    running,     ///< never final
    skipped,     ///< steps only: its `when` was false, or the run ended before it began
    accepted,    ///< a gate accepted, or an ungated last rung answered
    unresolved,  ///< no rung was accepted; the best answer there is stands
    failed,
    cancelled,
    over_budget,
};

std::string_view name(Status status);
std::optional<Status> status_named(std::string_view name);

/// Queued and running are not.
bool is_final(Status status);

}  // namespace enough
