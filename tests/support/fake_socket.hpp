#pragma once

#include "support/fake_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace enough::test {

/// A TLS server's context made of PEM files. `client_ca`, unless empty: clients must show a certificate it vouches for.
std::shared_ptr<ssl_ctx_st> make_server_context(const FakeIdentity& identity, const std::string& client_ca = {});

/// A blocking server-side connection, with or without TLS. One thread uses it; any thread may call `shut_down`.
class FakeSocket {
public:
    explicit FakeSocket(int descriptor);
    ~FakeSocket();
    FakeSocket(const FakeSocket&) = delete;
    FakeSocket& operator=(const FakeSocket&) = delete;

    /// False if the handshake fails.
    bool start_tls(ssl_ctx_st& context);

    bool write(std::string_view bytes);  ///< false once the peer is gone
    std::string read();                  ///< some bytes; empty once the peer is gone

    enum class Wait { timeout, readable };
    Wait wait_readable(std::chrono::milliseconds limit) const;
    bool peer_gone();  ///< looks without waiting

    void close();
    void reset();      ///< closes with a TCP reset
    void shut_down();  ///< ends every read and write that is under way

private:
    std::mutex closing_;
    int descriptor_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
};

/// A listening socket on the loopback, or on a path.
class FakeListener {
public:
    FakeListener(bool ipv6, std::uint16_t port);
    explicit FakeListener(const std::string& unix_socket);
    ~FakeListener();
    FakeListener(const FakeListener&) = delete;
    FakeListener& operator=(const FakeListener&) = delete;

    std::uint16_t port() const { return port_; }
    int accept();  ///< a descriptor; -1 once shut down
    void shut_down();

private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

}  // namespace enough::test
