#pragma once

#include "wall_time.hpp"

#include <enough/orchestrator/run_totals.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace enough {

/// In which order runs are listed: the newest first, and of those begun in one moment the greater id.
using RunKey = std::pair<WallTime, std::string>;

/// Which runs a client wants to see. Empty and absent: all.
struct RunFilter {
    std::string workflow;
    std::string status;             ///< `failed` means the interrupted ones, too; `interrupted` only these
    std::optional<WallTime> since;  ///< begun then or later
    std::optional<WallTime> until;  ///< begun earlier
    std::optional<RunKey> before;   ///< listed after this one
    std::size_t limit = 20;

    bool wants(const std::string& name_of_workflow, const std::string& name_of_status, const RunKey& key) const;
};

/// A run as it stands in the store.
struct StoredRun {
    static constexpr const char* interrupted = "interrupted";  ///< what its status is when its server ended before it

    std::string id;
    std::string workflow;
    std::string workflow_hash;
    std::string status = "running";  ///< a final status by name, `running` or `interrupted`
    WallTime created{};
    std::string report;  ///< JSON; empty until it has ended

    RunKey key() const { return {created, id}; }
};

/// An event as it stands in the store: `body` is its JSON.
struct StoredEvent {
    std::uint64_t number = 0;
    std::string type;
    std::string body;
};

}  // namespace enough
