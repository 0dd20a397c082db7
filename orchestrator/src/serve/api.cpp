#include "serve/api.hpp"

#include "serve/api_error.hpp"
#include "serve/header_writer.hpp"
#include "serve/openapi.hpp"
#include "serve/web_page.hpp"
#include "serve/workflows_api.hpp"

#include <fmt/format.h>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view one_model = "/v1/models/";
constexpr std::string_view one_run = "/v1/runs/";

ServerResponse text_response(int status, std::string body) {
    return ServerResponse(status, std::move(body), "text/plain; charset=utf-8");
}

ServerResponse not_found() {
    return error_response(ApiError{.status = 404, .message = "there is nothing at this path", .code = "not_found"});
}

ServerResponse wrong_method(const std::string& allowed) {
    ServerResponse response =
        error_response(ApiError{.status = 405, .message = "this path takes " + allowed, .code = "method_not_allowed"});
    response.headers.emplace_back("Allow", allowed);
    return response;
}

/// What pages of another site may ask; that they may ask at all has been checked.
ServerResponse preflight() {
    ServerResponse response(204, "", "");
    response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE");
    response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
    return response;
}

Json model_json(const Workflow& workflow) {
    Json model{{"id", workflow.name}, {"object", "model"}, {"created", 0}, {"owned_by", "enough"}};
    if (!workflow.description.empty()) model["description"] = workflow.description;
    return model;
}

bool reads(const ServerRequest& request) {
    return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Api::Api(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs,
         RunStore* store, const ServerLimits& limits, RequestGuard guard)
    : workflows_(workflows),
      clients_(clients),
      guard_(std::move(guard)),
      store_(store),
      stored_(store, workflows, clients, runs),
      chat_(executor, workflows, clients, runs, limits),
      runs_api_(executor, workflows, clients, runs, stored_, limits),
      live_(executor, runs, limits) {}

ServerResponse Api::refusal(int status, std::string message) {
    return error_response(ApiError{.status = status, .message = std::move(message)});
}

Task<void> Api::handle(ServerRequest request, ResponseWriter& writer) {
    HeaderWriter with_headers(writer, guard_.headers());
    bool failed = false;
    try {
        co_await route(std::move(request), with_headers);
    } catch (const boost::system::system_error&) {
        throw;  // cancelled, or the client does not read
    } catch (const std::exception&) {
        failed = true;  // a fault of ours, of which a client is told nothing
    }
    if (failed && !writer.begun()) co_await writer.send(refusal(500, "the server made a mistake"));
}

Task<void> Api::route(ServerRequest request, ResponseWriter& writer) {
    const std::string path = request.path;
    const bool probe = path == "/healthz" || path == "/readyz";
    if (probe && !reads(request)) co_return co_await writer.send(wrong_method("GET"));
    if (path == "/healthz") co_return co_await writer.send(text_response(200, "ok\n"));
    if (path == "/readyz") co_return co_await writer.send(readiness());
    if (const auto foreign = guard_.refusal(request)) co_return co_await writer.send(error_response(*foreign));
    if (RequestGuard::is_preflight(request)) co_return co_await writer.send(preflight());
    const std::shared_ptr<Client> client = clients_.find(request.header("authorization").value_or(""));
    if (!client) co_return co_await writer.send(refusal(401, "a key is needed: Authorization: Bearer KEY"));
    writer.note_key(client->rules.name);
    const auto busy = request.method == "POST" ? Clients::refuse_request(*client) : std::nullopt;
    if (busy) co_return co_await writer.send(error_response(*busy));
    if (path == "/metrics" && reads(request)) co_return co_await writer.send(metrics_());
    if (path == "/metrics") co_return co_await writer.send(wrong_method("GET"));
    if (path == "/openapi.json" && reads(request))
        co_return co_await writer.send(ServerResponse(200, std::string(openapi)));
    if (path == "/openapi.json") co_return co_await writer.send(wrong_method("GET"));
    if (path == "/v1/models" && reads(request)) co_return co_await writer.send(models());
    if (path.starts_with(one_model) && reads(request))
        co_return co_await writer.send(model(path.substr(one_model.size())));
    if (path == "/v1/models" || path.starts_with(one_model)) co_return co_await writer.send(wrong_method("GET"));
    if (path == "/v1/chat/completions") {
        if (request.method != "POST") co_return co_await writer.send(wrong_method("POST"));
        co_return co_await chat_.handle(std::move(request), client, writer);
    }
    if (path == "/v1/runs" && request.method == "POST")
        co_return co_await runs_api_.start(std::move(request), client, writer);
    if (path == "/v1/runs" && reads(request)) co_return co_await runs_api_.list(std::move(request), writer);
    if (path == "/v1/runs") co_return co_await writer.send(wrong_method("GET, POST"));
    if (path == "/v1/workflows" && reads(request)) co_return co_await writer.send(workflows_response(workflows_));
    if (path == "/v1/workflows") co_return co_await writer.send(wrong_method("GET"));
    if (path.starts_with(one_run))
        co_return co_await route_run(path.substr(one_run.size()), std::move(request), client, writer);
    auto page = page_response(request);
    if (!page) co_return co_await writer.send(not_found());
    if (!reads(request)) co_return co_await writer.send(wrong_method("GET"));
    co_await writer.send(std::move(*page));
}

/// `ID`, `ID/events`, `ID/live`, `ID/approvals/STEP`.
Task<void> Api::route_run(std::string rest, ServerRequest request, std::shared_ptr<Client> client,
                          ResponseWriter& writer) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string id = rest.substr(0, slash);
    const std::string what = rest.substr(slash);
    constexpr std::string_view approvals = "/approvals/";
    if (what == "/events") {
        if (request.method != "GET") co_return co_await writer.send(wrong_method("GET"));
        co_return co_await runs_api_.events(std::move(id), std::move(request), writer);
    }
    if (what == "/live") {
        if (request.method != "GET") co_return co_await writer.send(wrong_method("GET"));
        co_return co_await live_.handle(std::move(id), writer);
    }
    if (what.starts_with(approvals)) {
        if (request.method != "POST") co_return co_await writer.send(wrong_method("POST"));
        std::string step = what.substr(approvals.size());
        co_return co_await runs_api_.approve(std::move(id), std::move(step), std::move(request), client, writer);
    }
    if (what == "/resume") {
        if (request.method != "POST") co_return co_await writer.send(wrong_method("POST"));
        co_return co_await runs_api_.resume(std::move(id), client, writer);
    }
    if (!what.empty()) co_return co_await writer.send(not_found());
    if (request.method == "DELETE") co_return co_await runs_api_.cancel(std::move(id), writer);
    if (reads(request)) co_return co_await runs_api_.show(std::move(id), writer);
    co_await writer.send(wrong_method("GET, DELETE"));
}

ServerResponse Api::readiness() const {
    if (leaving_) return text_response(503, "leaving\n");
    // Runs go on in memory: that is no reason to send nobody here.
    const bool failing = store_ && store_->failing();
    return text_response(200, failing ? "ready, but runs are not being stored\n" : "ready\n");
}

ServerResponse Api::models() const {
    Json body{{"object", "list"}, {"data", Json::array()}};
    for (const auto& [name, served] : workflows_)
        body["data"].push_back(model_json(*served->workflow));
    return json_response(body);
}

ServerResponse Api::model(const std::string& name) const {
    const auto served = workflows_.find(name);
    if (served == workflows_.end())
        return error_response(ApiError{.status = 404,
                                       .message = "there is no workflow by that name (GET /v1/models lists them)",
                                       .code = "model_not_found",
                                       .param = "model"});
    return json_response(model_json(*served->second->workflow));
}

}  // namespace enough
