#pragma once

#include "serve/http_message.hpp"
#include "serve/runs.hpp"

#include <string>

namespace enough {

/// `/v1/runs`: runs started for themselves, listed, watched and cancelled. A run started here goes on when its client
/// leaves.
class RunsApi {
public:
    /// All must outlive it.
    RunsApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs,
            const ServerLimits& limits);

    /// `POST /v1/runs`: {"workflow", "inputs"}; 202 with the report, or with `?wait=30s` the report at its end.
    Task<void> start(ServerRequest request, std::shared_ptr<Client> client, ResponseWriter& writer);

    /// `GET /v1/runs`: {"data": [reports], "next"}; `?workflow=`, `?status=`, `?limit=`, `?before=ID`.
    Task<void> list(ServerRequest request, ResponseWriter& writer);

    /// `GET`, `DELETE /v1/runs/ID`.
    Task<void> show(std::string id, ResponseWriter& writer);
    Task<void> cancel(std::string id, ResponseWriter& writer);

    /// `POST /v1/runs/ID/approvals/STEP`: {"approved", "comment"} answers what an `approve` step asks.
    Task<void> approve(std::string id, std::string step, ServerRequest request, std::shared_ptr<Client> client,
                       ResponseWriter& writer);

    /// `GET /v1/runs/ID/events`: all events, the past ones first, then live; `Last-Event-ID` goes on after it.
    Task<void> events(std::string id, ServerRequest request, ResponseWriter& writer);

private:
    std::variant<RunOrder, ApiError> order(const std::string& body, const std::shared_ptr<Client>& client);

    asio::any_io_executor executor_;
    const ServedWorkflows& workflows_;
    Clients& clients_;
    Runs& runs_;
    const ServerLimits& limits_;
};

}  // namespace enough
