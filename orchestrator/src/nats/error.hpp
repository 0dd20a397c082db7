#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace enough::nats {

/// What went wrong with a call to a NATS server, in terms a caller can act upon.
enum class ErrorKind {
    connection,      ///< no server reached, or this connection is closed: the call was not carried out
    timeout,         ///< no answer in time: whether the call was carried out is not known
    unauthorized,    ///< the server refuses our credentials, or what we ask is not allowed to us
    tls,             ///< handshake, certificate, or a file of certificates
    no_jet_stream,   ///< the server runs without JetStream, or this account may not use it
    exists,          ///< a key that was to be created, or a stream or consumer with other settings
    wrong_revision,  ///< somebody else has changed the key since
    not_found,       ///< stream, consumer, key, message or blob
    no_responder,    ///< a request that nobody listens to
    too_large,       ///< a payload above the server's, the bucket's or our own limit
    no_space,        ///< the stream or the server's storage is full
    damaged,         ///< stored bytes that are not what they say they are
    invalid,         ///< a name, address or setting that can't be right: repeating it will not help
    refused,         ///< the server says no for another reason, which the message has
};

std::string_view name(ErrorKind kind);

/// An expected failure: a value, never an exception. One sentence that says what, where and why; no secret of a URL, no
/// payload, no unbounded server text.
struct Error {
    ErrorKind kind = ErrorKind::refused;
    std::string message;
};

/// Lets `Result<T>::value()` throw something sensible: a `std::runtime_error` carrying the message.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace enough::nats
