#pragma once

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <string>

namespace enough {

/// A client's TLS context: peers are verified against `ca_file`, or against the system's store if that is empty, and
/// are shown the client certificate if there is one. One context is shared by all who ask for the same files while
/// anyone holds it, since loading a store takes milliseconds.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_context(const ConnectionSettings& settings);

/// Prepares a connection for its handshake with `host`: the name it asks for (SNI) and the name or address that the
/// certificate must bear.
bool expect_host(SSL* connection, const std::string& host);

/// What failed in a handshake, in a few words for people.
std::string describe_handshake_error(SSL* connection, const boost::system::error_code& error, const std::string& host);

/// What the peer complains of, in a few words for people, if the error is an alert of its TLS. With TLS 1.3 a server
/// refuses a client's certificate only after the handshake, as far as the client can tell.
std::optional<std::string> describe_alert(const boost::system::error_code& error);

}  // namespace enough
