#pragma once

#include "serve/chat_api.hpp"
#include "serve/clients.hpp"
#include "serve/http_message.hpp"
#include "serve/live_api.hpp"
#include "serve/request_guard.hpp"
#include "serve/runs.hpp"
#include "serve/runs_api.hpp"

#include <functional>
#include <utility>

namespace enough {

/// Everything that is served: finds who answers a request, and sees to it that nothing but an answer leaves the server.
class Api final : public RequestHandler {
public:
    /// `workflows`, `clients`, `runs` and `store` (null: there is none) must outlive it.
    Api(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs, RunStore* store,
        const ServerLimits& limits, RequestGuard guard);

    Task<void> handle(ServerRequest request, ResponseWriter& writer) override;
    ServerResponse refusal(int status, std::string message) override;

    /// What was interrupted when the server was last ended; see `StoredRuns::resume_all`.
    Task<std::string> resume_all() { return stored_.resume_all(); }

    /// `/readyz` fails from now on: a load balancer sends nobody any more.
    void leave() { leaving_ = true; }

    /// What `GET /metrics` gives from now on.
    void show_metrics(std::function<ServerResponse()> metrics) { metrics_ = std::move(metrics); }

private:
    Task<void> route(ServerRequest request, ResponseWriter& writer);
    Task<void> route_run(std::string rest, ServerRequest request, std::shared_ptr<Client> client,
                         ResponseWriter& writer);
    ServerResponse readiness() const;
    ServerResponse models() const;
    ServerResponse model(const std::string& name) const;

    const ServedWorkflows& workflows_;
    Clients& clients_;
    RequestGuard guard_;
    RunStore* store_;
    StoredRuns stored_;
    ChatApi chat_;
    RunsApi runs_api_;
    LiveApi live_;
    std::function<ServerResponse()> metrics_;
    bool leaving_ = false;
};

}  // namespace enough
