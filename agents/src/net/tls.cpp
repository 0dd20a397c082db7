#include "net/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509err.h>

#include <map>
#include <mutex>
#include <tuple>

namespace enough {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

Failure tls_failure(std::string message) {
    Failure failure;
    failure.kind = FailureKind::tls;
    failure.message = std::move(message);
    return failure;
}

/// The certificate that is shown to servers who ask for one.
Result<void> load_identity(ssl::context& context, const ConnectionSettings& settings) {
    if (settings.client_certificate.empty() && settings.client_key.empty()) return {};
    if (settings.client_certificate.empty())
        return tls_failure("client_key names a key, but there is no client_certificate that it belongs to");
    const std::string& key = settings.client_key.empty() ? settings.client_certificate : settings.client_key;
    boost::system::error_code error;
    context.use_certificate_chain_file(settings.client_certificate, error);
    if (error)
        return tls_failure("cannot load the client certificate " + settings.client_certificate +
                           "; client_certificate must be a PEM file that begins with our certificate");
    // Nobody is there to type a passphrase; without this OpenSSL would ask on the terminal.
    context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
    context.use_private_key_file(key, ssl::context::pem, error);
    if (!error) return {};
    const bool other = error.category() == asio::error::get_ssl_category() &&
                       ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
    if (other)
        return tls_failure("the key in " + key + " does not belong to the client certificate " +
                           settings.client_certificate);
    return tls_failure("cannot load the client key " + key +
                       "; client_key must be a PEM file with a key that has no passphrase");
}

Result<std::shared_ptr<ssl::context>> make_context(const ConnectionSettings& settings) {
    const std::string& ca_file = settings.ca_file;
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    context->set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    boost::system::error_code error;
    if (ca_file.empty()) {
        context->set_default_verify_paths(error);
        if (error) return tls_failure("cannot load the system's certificate authorities; set ca_file");
    } else {
        context->load_verify_file(ca_file, error);
        if (error)
            return tls_failure("cannot load certificate authorities from " + ca_file + "; ca_file must be a PEM file");
    }
    if (auto loaded = load_identity(*context, settings); !loaded) return loaded.error();
    return context;
}

bool is_address(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

Result<std::shared_ptr<ssl::context>> tls_context(const ConnectionSettings& settings) {
    static std::mutex mutex;
    using Files = std::tuple<std::string, std::string, std::string>;
    static std::map<Files, std::weak_ptr<ssl::context>> contexts;
    const std::lock_guard lock(mutex);
    auto& known = contexts[Files(settings.ca_file, settings.client_certificate, settings.client_key)];
    if (auto context = known.lock()) return context;
    auto made = make_context(settings);
    if (made) known = *made;
    return made;
}

bool expect_host(SSL* connection, const std::string& host) {
    X509_VERIFY_PARAM* expected = SSL_get0_param(connection);
    if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(connection, host.c_str()) == 1 &&
           X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1;
}

std::string describe_handshake_error(SSL* connection, const boost::system::error_code& error, const std::string& host) {
    switch (SSL_get_verify_result(connection)) {
        case X509_V_OK:
            break;
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "its certificate has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "its certificate is not valid yet; is this machine's clock right?";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "its certificate is not for " + host;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return "its certificate is self-signed; name its authority in ca_file";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "its certificate is signed by an unknown authority; name it in ca_file";
        case X509_V_ERR_CERT_REVOKED:
            return "its certificate is revoked";
        default:
            return X509_verify_cert_error_string(SSL_get_verify_result(connection));
    }
    if (error.category() == boost::asio::error::get_ssl_category()) {
        const char* reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
        return reason != nullptr ? "the handshake failed (" + std::string(reason) + "); does it speak TLS on this port?"
                                 : "the handshake failed; does it speak TLS on this port?";
    }
    return "it closed the connection during the handshake (" + error.message() + ")";
}

std::optional<std::string> describe_alert(const boost::system::error_code& error) {
    if (error.category() != asio::error::get_ssl_category()) return std::nullopt;
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    if (reason < SSL_AD_REASON_OFFSET) return std::nullopt;
    switch (reason - SSL_AD_REASON_OFFSET) {
        case SSL_AD_CERTIFICATE_REQUIRED:
            return "it wants a client certificate; set client_certificate and client_key";
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
            return "it does not accept our client certificate (" + error.message() + ")";
        default:
            return "it ended it (" + error.message() + ")";
    }
}

}  // namespace enough
