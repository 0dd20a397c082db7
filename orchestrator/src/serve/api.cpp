#include "serve/api.hpp"

#include "serve/api_error.hpp"

#include <fmt/format.h>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <utility>

namespace enough {
namespace {

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

bool reads(const ServerRequest& request) {
    return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Api::Api(asio::any_io_executor executor, const ServedWorkflows& workflows, Runs& runs, const ServerLimits& limits,
         ApiKeys keys)
    : workflows_(workflows),
      keys_(std::move(keys)),
      chat_(executor, workflows, runs, limits),
      runs_api_(executor, workflows, runs, limits) {}

ServerResponse Api::refusal(int status, std::string message) {
    return error_response(ApiError{.status = status, .message = std::move(message)});
}

Task<void> Api::handle(ServerRequest request, ResponseWriter& writer) {
    bool failed = false;
    try {
        co_await route(std::move(request), writer);
    } catch (const boost::system::system_error&) {
        throw;  // cancelled, or the client does not read
    } catch (const std::exception&) {
        failed = true;  // a fault of ours, of which a client is told nothing
    }
    if (failed && !writer.begun()) co_await writer.send(refusal(500, "the server made a mistake"));
}

Task<void> Api::route(ServerRequest request, ResponseWriter& writer) {
    const std::string path = request.path;
    if (path == "/healthz") co_return co_await writer.send(text_response(200, "ok\n"));
    if (path == "/readyz") co_return co_await writer.send(readiness());
    if (keys_.required() && !keys_.allow(request.header("authorization").value_or("")))
        co_return co_await writer.send(refusal(401, "a key is needed: Authorization: Bearer ..."));
    if (path == "/metrics" && metrics_) {
        if (!reads(request)) co_return co_await writer.send(wrong_method("GET"));
        co_return co_await writer.send(metrics_());
    }
    if (path == "/v1/models" && reads(request)) co_return co_await writer.send(models());
    if (path == "/v1/models") co_return co_await writer.send(wrong_method("GET"));
    if (path == "/v1/chat/completions") {
        if (request.method != "POST") co_return co_await writer.send(wrong_method("POST"));
        co_return co_await chat_.handle(std::move(request), writer);
    }
    if (path == "/v1/runs" && request.method == "POST") co_return co_await runs_api_.start(std::move(request), writer);
    if (path == "/v1/runs" && reads(request)) co_return co_await runs_api_.list(std::move(request), writer);
    if (path == "/v1/runs") co_return co_await writer.send(wrong_method("GET, POST"));
    constexpr std::string_view one_run = "/v1/runs/";
    if (path.starts_with(one_run))
        co_return co_await route_run(path.substr(one_run.size()), std::move(request), writer);
    co_await writer.send(not_found());
}

Task<void> Api::route_run(std::string rest, ServerRequest request, ResponseWriter& writer) {
    constexpr std::string_view events = "/events";
    if (rest.ends_with(events)) {
        rest.resize(rest.size() - events.size());
        if (!reads(request)) co_return co_await writer.send(wrong_method("GET"));
        co_return co_await runs_api_.events(std::move(rest), std::move(request), writer);
    }
    if (request.method == "DELETE") co_return co_await runs_api_.cancel(std::move(rest), writer);
    if (reads(request)) co_return co_await runs_api_.show(std::move(rest), writer);
    co_await writer.send(wrong_method("GET, DELETE"));
}

ServerResponse Api::readiness() const {
    return leaving_ ? text_response(503, "leaving\n") : text_response(200, "ready\n");
}

ServerResponse Api::models() const {
    using Json = nlohmann::ordered_json;
    Json body{{"object", "list"}, {"data", Json::array()}};
    for (const auto& [name, served] : workflows_) {
        Json model{{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "enough"}};
        if (!served->workflow->description.empty()) model["description"] = served->workflow->description;
        body["data"].push_back(std::move(model));
    }
    return ServerResponse(200, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace enough
