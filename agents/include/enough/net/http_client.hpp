#pragma once

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

struct HttpRequest {
    std::string method = "POST";
    std::string url;  ///< absolute, http or https; IPv6 hosts in brackets
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Bounds on everything that comes from outside, and the pool's size.
struct HttpClientSettings {
    ConnectionSettings connection;  ///< how to get there; a unix socket excludes a proxy
    std::size_t max_header_bytes = 64 * 1024;
    std::size_t max_body_bytes = 256 * 1024 * 1024;
    std::size_t max_idle_per_origin = 32;
    std::chrono::milliseconds max_idle_age{20'000};  ///< below what servers keep; an older connection is not reused
    std::size_t max_drain_bytes = 64 * 1024;         ///< unread rest worth reading to keep a connection
    /// Where the proxies are looked up; empty = the process's environment.
    std::function<std::optional<std::string>(std::string_view name)> environment;
};

/// The answer to one request, its body still arriving. Destroying it before the body's end closes the connection at
/// once (unless the rest has arrived already and is small): that is how a call stops costing.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;

    virtual int status() const = 0;
    /// First value of a header, its name compared without case.
    virtual std::optional<std::string> header(std::string_view name) const = 0;

    /// The next piece of the body, undone from chunking; empty at its end. A connection that closes before the message
    /// is complete is a `stream_cut`, a passed deadline a `timeout`.
    virtual Task<Result<std::string>> read_some(Deadline deadline) = 0;
};

/// An HTTP/1.1 client with kept-alive connections, TLS verified. Redirects are not followed; content is asked for
/// unencoded; the proxies of the environment (`http_proxy`, `https_proxy`, `no_proxy`) are honoured except for
/// loopback. A proxy in the settings is used for every request instead, whatever the environment says. Settings that
/// can't work (a proxy that is no `http://host:port`, a client certificate that can't be read) are failures of `send`.
///
/// Not thread-safe by itself: use it from one strand or thread, like the agent that owns it.
class HttpClient {
public:
    HttpClient(asio::any_io_executor executor, HttpClientSettings settings = {});
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Connects (or takes an idle connection), sends, and reads the response's header. `connect` bounds resolving,
    /// connecting and the handshake; `response` bounds sending and waiting for the header. A reused connection that
    /// fails before the first response byte is replaced by a new one, once; nothing else is repeated here.
    Task<Result<std::unique_ptr<HttpExchange>>> send(HttpRequest request, std::chrono::milliseconds connect,
                                                     Deadline response);

    struct Statistics {
        std::size_t opened = 0;
        std::size_t reused = 0;
        std::size_t idle = 0;
        std::size_t active = 0;
    };
    Statistics statistics() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace enough
