#pragma once

#include "serve/api_error.hpp"
#include "serve/runs.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace enough {

/// Runs beyond those in memory: what is known of them, and going on with those that were interrupted. Without a store
/// there are none.
class StoredRuns {
public:
    /// All must outlive it; `store` may be null.
    StoredRuns(RunStore* store, const ServedWorkflows& workflows, Clients& clients, Runs& runs)
        : store_(store), workflows_(workflows), clients_(clients), runs_(runs) {}

    Task<std::optional<StoredRun>> find(std::string id);

    /// The run report. An interrupted run is `failed` for programs that wait for an end, with `"interrupted": true`;
    /// its steps and usage are told where its workflow is still served.
    Task<nlohmann::ordered_json> report(StoredRun run);

    /// A page of reports of runs in memory and in the store, the newest first, and the id to go on with, if there are
    /// more.
    struct Page {
        nlohmann::ordered_json data = nlohmann::ordered_json::array();
        std::optional<std::string> next;
    };
    Task<Page> list(RunFilter filter);

    Task<std::vector<StoredEvent>> events(std::string id, std::uint64_t after);

    /// Goes on with an interrupted run, on the books of `client` if there is one; or says why that can't be.
    Task<std::variant<std::shared_ptr<ServedRun>, ApiError>> resume(std::string id, std::shared_ptr<Client> client);

    /// All that can be gone on with; says in words what became of them. Empty: there were none.
    Task<std::string> resume_all();

private:
    Task<std::vector<Event>> all_events(std::string id);
    std::shared_ptr<ServedWorkflow> workflow_of(const StoredRun& run) const;

    RunStore* store_;
    const ServedWorkflows& workflows_;
    Clients& clients_;
    Runs& runs_;
    std::set<std::string> resuming_;  ///< being read, to go on with
};

}  // namespace enough
