#include <enough/agents/failure.hpp>

#include "failure_kind.hpp"

#include <boost/assert/source_location.hpp>

#include <array>
#include <stdexcept>

namespace enough {

std::string_view name(FailureKind kind) {
    switch (kind) {
        case FailureKind::connect:
            return "connect";
        case FailureKind::tls:
            return "tls";
        case FailureKind::timeout:
            return "timeout";
        case FailureKind::unauthorized:
            return "unauthorized";
        case FailureKind::rate_limited:
            return "rate_limited";
        case FailureKind::overloaded:
            return "overloaded";
        case FailureKind::server_error:
            return "server_error";
        case FailureKind::bad_request:
            return "bad_request";
        case FailureKind::bad_response:
            return "bad_response";
        case FailureKind::stream_cut:
            return "stream_cut";
        case FailureKind::no_model:
            return "no_model";
        case FailureKind::context_full:
            return "context_full";
        case FailureKind::script_ended:
            return "script_ended";
    }
    return "unknown";
}

std::optional<FailureKind> failure_kind(std::string_view name_of_kind) {
    constexpr std::array kinds{
        FailureKind::connect,      FailureKind::tls,        FailureKind::timeout,      FailureKind::unauthorized,
        FailureKind::rate_limited, FailureKind::overloaded, FailureKind::server_error, FailureKind::bad_request,
        FailureKind::bad_response, FailureKind::stream_cut, FailureKind::no_model,     FailureKind::context_full,
        FailureKind::script_ended,
    };
    for (const auto kind : kinds) {
        if (name(kind) == name_of_kind) return kind;
    }
    return std::nullopt;
}

bool usually_retryable(FailureKind kind) {
    switch (kind) {
        case FailureKind::connect:
        case FailureKind::timeout:
        case FailureKind::rate_limited:
        case FailureKind::overloaded:
        case FailureKind::server_error:
        case FailureKind::stream_cut:
            return true;
        case FailureKind::tls:
        case FailureKind::unauthorized:
        case FailureKind::bad_request:
        case FailureKind::bad_response:
        case FailureKind::no_model:
        case FailureKind::context_full:
        case FailureKind::script_ended:
            return false;
    }
    return false;
}

Failure make_failure(FailureKind kind, std::string message) {
    Failure failure;
    failure.kind = kind;
    failure.message = std::move(message);
    failure.retryable = usually_retryable(kind);
    return failure;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(std::string(name(failure.kind)) + ": " + failure.message);
}

}  // namespace enough
