#pragma once

#include <enough/agents/failure.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace enough {

/// A client's TLS context: peers are verified against `ca_file`, or against the system's store if that is empty. One
/// context is shared by all who ask for the same file while anyone holds it, since loading a store takes milliseconds.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_context(const std::string& ca_file);

/// Prepares a connection for its handshake with `host`: the name it asks for (SNI) and the name or address that the
/// certificate must bear.
bool expect_host(SSL* connection, const std::string& host);

/// What failed in a handshake, in a few words for people.
std::string describe_handshake_error(SSL* connection, const boost::system::error_code& error, const std::string& host);

}  // namespace enough
