#include "serve/api_error.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

nlohmann::ordered_json or_null(const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

}  // namespace

ApiError too_many_runs() {
    return ApiError{.status = 429, .message = "as many runs are in flight as this server allows", .code = "busy"};
}

ApiError no_such_run() {
    return ApiError{.status = 404, .message = "there is no such run (any more)", .code = "run_not_found"};
}

std::string error_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 429:
            return "rate_limit_error";
        default:
            return status < 500 ? "invalid_request_error" : "server_error";
    }
}

std::string error_json(const ApiError& error) {
    nlohmann::ordered_json body;
    body["error"] = {{"message", error.message},
                     {"type", error_type(error.status)},
                     {"param", or_null(error.param)},
                     {"code", or_null(error.code)}};
    return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

ServerResponse error_response(const ApiError& error) {
    ServerResponse response(error.status, error_json(error));
    if (error.status == 429 || error.status == 503)
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after.count()));
    if (error.status == 401) {
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"enough\"");  // a browser asks for the key
    }
    return response;
}

}  // namespace enough
