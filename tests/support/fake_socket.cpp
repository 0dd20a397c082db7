#include "support/fake_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace enough::test {
namespace {

void set_option(int descriptor, int level, int option) {
    const int on = 1;
    ::setsockopt(descriptor, level, option, &on, sizeof on);
}

}  // namespace

std::shared_ptr<ssl_ctx_st> make_server_context(const FakeIdentity& identity, const std::string& client_ca) {
    // OpenSSL writes without MSG_NOSIGNAL; a client that leaves must not end the test.
    std::signal(SIGPIPE, SIG_IGN);
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    const bool ok = SSL_CTX_use_certificate_chain_file(context.get(), identity.certificate.c_str()) == 1 &&
                    SSL_CTX_use_PrivateKey_file(context.get(), identity.key.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!ok) throw std::runtime_error("the fake server can't use " + identity.certificate);
    if (client_ca.empty()) return context;
    if (SSL_CTX_load_verify_locations(context.get(), client_ca.c_str(), nullptr) != 1)
        throw std::runtime_error("the fake server can't use " + client_ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
}

FakeSocket::FakeSocket(int descriptor) : descriptor_(descriptor), tls_(nullptr, SSL_free) {
    set_option(descriptor_, IPPROTO_TCP, TCP_NODELAY);
}

FakeSocket::~FakeSocket() {
    close();
}

bool FakeSocket::start_tls(ssl_ctx_st& context) {
    tls_.reset(SSL_new(&context));
    SSL_set_fd(tls_.get(), descriptor_);
    return SSL_accept(tls_.get()) == 1;
}

bool FakeSocket::write(std::string_view bytes) {
    while (!bytes.empty() && descriptor_ >= 0) {
        const auto sent =
            tls_ ? static_cast<ssize_t>(SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())))
                 : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && !tls_ && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return descriptor_ >= 0;
}

std::string FakeSocket::read() {
    std::array<char, 16 * 1024> buffer;
    while (descriptor_ >= 0) {
        const auto received = tls_ ? static_cast<ssize_t>(SSL_read(tls_.get(), buffer.data(), buffer.size()))
                                   : ::recv(descriptor_, buffer.data(), buffer.size(), 0);
        if (received < 0 && !tls_ && errno == EINTR) continue;
        if (received <= 0) break;
        return std::string(buffer.data(), static_cast<std::size_t>(received));
    }
    return {};
}

FakeSocket::Wait FakeSocket::wait_readable(std::chrono::milliseconds limit) const {
    if (tls_ && SSL_pending(tls_.get()) > 0) return Wait::readable;
    pollfd poll{descriptor_, POLLIN, 0};
    return ::poll(&poll, 1, static_cast<int>(limit.count())) > 0 ? Wait::readable : Wait::timeout;
}

bool FakeSocket::peer_gone() {
    if (descriptor_ < 0) return true;
    char byte = 0;
    const auto peeked = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return peeked == 0 || (peeked < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void FakeSocket::close() {
    const std::lock_guard lock(closing_);
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

void FakeSocket::reset() {
    const linger abort{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close();
}

void FakeSocket::shut_down() {
    const std::lock_guard lock(closing_);
    if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
}

FakeListener::FakeListener(bool ipv6, std::uint16_t port)
    : descriptor_(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    set_option(descriptor_, SOL_SOCKET, SO_REUSEADDR);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    auto* address = ipv6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
    socklen_t size = ipv6 ? sizeof v6 : sizeof v4;
    const bool ok = ::bind(descriptor_, address, size) == 0 && ::listen(descriptor_, SOMAXCONN) == 0 &&
                    ::getsockname(descriptor_, address, &size) == 0;
    if (!ok) throw std::runtime_error(std::string("the fake server can't listen: ") + std::strerror(errno));
    port_ = ntohs(ipv6 ? v6.sin6_port : v4.sin_port);
}

FakeListener::FakeListener(const std::string& unix_socket)
    : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_socket.copy(address.sun_path, sizeof address.sun_path - 1);
    const bool ok = ::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                    ::listen(descriptor_, SOMAXCONN) == 0;
    if (!ok) throw std::runtime_error(std::string("the fake server can't listen: ") + std::strerror(errno));
}

FakeListener::~FakeListener() {
    ::close(descriptor_);
}

int FakeListener::accept() {
    for (;;) {
        const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor >= 0 || (errno != EINTR && errno != ECONNABORTED)) return descriptor;
    }
}

void FakeListener::shut_down() {
    ::shutdown(descriptor_, SHUT_RDWR);
}

}  // namespace enough::test
