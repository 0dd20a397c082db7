#pragma once

#include <enough/agents/answer.hpp>

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// What went wrong with one call, in terms a caller can act upon.
enum class FailureKind {
    connect,       ///< name not resolved, connection refused or reset before an answer began
    tls,           ///< handshake or certificate
    timeout,       ///< a deadline passed: connect, first token, idle, total
    unauthorized,  ///< 401, 403
    rate_limited,  ///< 429
    overloaded,    ///< 503, 529
    server_error,  ///< any other 5xx, or an error object inside a stream
    bad_request,   ///< any other 4xx: repeating it will not help
    bad_response,  ///< not what the protocol promises: HTML, bad JSON, wrong shape, over a size limit
    stream_cut,    ///< the stream ended before the answer was complete
    no_model,      ///< the model can't be loaded or found
    context_full,  ///< the prompt does not fit the model's context
    script_ended,  ///< a scripted agent has no answer left that fits
};

std::string_view name(FailureKind kind);

/// An expected failure of a call: a value, never an exception. `message` is one sentence for people that names what,
/// where and what to do; it holds no secret, no prompt and no unbounded server text.
struct Failure {
    FailureKind kind = FailureKind::server_error;
    std::string message;
    bool retryable = false;
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the server asked for
    Usage spent;  ///< tokens known to have been used up by the failed attempt(s)
};

/// Lets `Result<T>::value()` throw something sensible: a `std::runtime_error` carrying the message.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Failure>;

}  // namespace enough
