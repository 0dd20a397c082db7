#pragma once

#include "serve/http_message.hpp"

#include <chrono>
#include <string>

namespace enough {

/// What a client is told when its request can't be served, in OpenAI's form: `{"error": {message, type, param, code}}`.
struct ApiError {
    int status = 400;
    std::string message;
    std::string code = {};                ///< for programs: `model_not_found`; empty: null
    std::string param = {};               ///< the field at fault; empty: null
    std::chrono::seconds retry_after{1};  ///< said with 429 and 503
};

/// The server's own bound on runs in flight is reached.
ApiError too_many_runs();

/// There is no run by that id in memory or in the store.
ApiError no_such_run();

/// OpenAI's word for the kind of error that a status stands for.
std::string error_type(int status);

/// The error object as JSON text, as it also stands in a stream.
std::string error_json(const ApiError& error);

ServerResponse error_response(const ApiError& error);

}  // namespace enough
