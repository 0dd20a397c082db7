#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct FakeRequest {
    std::string method;
    std::string target;
    Headers headers;
    std::string body;
    std::size_t number = 0;         ///< among all requests of the server, from 0
    std::size_t connection = 0;     ///< which connection it came on, from 0
    std::size_t on_connection = 0;  ///< among the requests of its connection, from 0

    /// First value of a header, its name compared without case; empty if there is none.
    std::string header(std::string_view name) const;
};

class FakeConnection;

/// What a handler may do with one request. Every function blocks; once the client has closed they do nothing and
/// `client_gone()` is true.
class FakeExchange {
public:
    FakeExchange(FakeConnection& connection, FakeRequest request);

    const FakeRequest& request() const { return request_; }

    /// Bytes as they are.
    void send(std::string_view bytes);
    /// The same in pieces of `piece` bytes, each a write of its own.
    void send_in_pieces(std::string_view bytes, std::size_t piece);

    /// A whole response with a Content-Length.
    void answer(int status, std::string_view body, Headers headers = {{"Content-Type", "application/json"}});

    /// A 200 with chunked transfer encoding: any number of `chunk` or `event`, then `end_stream`.
    void start_stream(std::string_view content_type = "text/event-stream", int status = 200);
    void chunk(std::string_view bytes);
    void event(std::string_view data) { chunk("data: " + std::string(data) + "\n\n"); }
    void end_stream();

    /// Says nothing until `FakeServer::release()` or until the client closes. True if released.
    bool stall();
    /// Waits so long, or until the client closes.
    void pause(std::chrono::milliseconds duration);

    /// Closes the connection: in order, or with a TCP reset. Done by no other function.
    void close();
    void reset();

    /// Goes on in TLS from here, as after a CONNECT; needs `FakeServerSettings::tls`.
    void start_tls();

    bool client_gone() const;

private:
    FakeConnection& connection_;
    FakeRequest request_;
};

/// Answers one request. Called on a thread of its connection: several at once when there are several connections.
using FakeHandler = std::function<void(FakeExchange&)>;

/// Paths of PEM files.
struct FakeIdentity {
    std::string certificate;
    std::string key;
};

struct FakeServerSettings {
    std::optional<FakeIdentity> tls;
    bool tls_from_start = true;  ///< false: only after `FakeExchange::start_tls`
    std::string client_ca;       ///< PEM file: only clients whose certificate it vouches for are let in
    std::string unix_socket;     ///< listen on this path instead of on a port
    bool ipv6 = false;           ///< listen on ::1 instead of 127.0.0.1
    std::uint16_t port = 0;      ///< 0 = any free one
};

/// A real HTTP/1.1 server on the loopback whose answers are a script. Connections are kept alive until the handler or
/// the client closes them. Destroying it closes everything and joins its threads.
class FakeServer {
public:
    explicit FakeServer(FakeHandler handler, FakeServerSettings settings = {});
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    std::uint16_t port() const;
    std::string url(std::string_view target = "/") const;  ///< absolute, with the address the server listens on

    struct Counts {
        std::size_t connections = 0;  ///< accepted in all
        std::size_t open = 0;
        std::size_t closed_by_client = 0;
        std::size_t requests = 0;
    };
    Counts counts() const;
    std::vector<FakeRequest> requests() const;  ///< all of them so far, in order of arrival

    /// Blocks until `condition` holds, looked at after every change; false after the time limit.
    bool wait_until(std::function<bool(const Counts&)> condition,
                    std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
    bool wait_until_client_closed(std::size_t connections = 1) const;

    /// Lets all stalled handlers go on, and those that stall later.
    void release();

private:
    friend class FakeConnection;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace enough::test
