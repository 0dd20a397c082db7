#pragma once

#include <enough/agents/failure.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include "net/proxy.hpp"
#include "net/url.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace enough {

/// Where a connection leads: what may share it.
struct Route {
    Origin peer;                   ///< the server, or the proxy
    std::string unix_socket;       ///< connect here instead of to the peer's address
    std::optional<Origin> tunnel;  ///< the server behind a proxy's tunnel

    auto operator<=>(const Route&) const = default;

    const Origin& server() const { return tunnel ? *tunnel : peer; }
};

/// Outcome of one read or write. At the peer's end `error` is set and `closed` tells how.
struct Transfer {
    enum class End { none, orderly, cut, timeout };

    std::size_t bytes = 0;
    End end = End::none;
    boost::system::error_code error;
};

/// One connection over TCP or a unix socket, with or without TLS on top. Whatever fails, and any cancellation (which is
/// thrown as `operation_aborted`), closes it at once, as does destroying it.
class HttpConnection {
public:
    explicit HttpConnection(asio::any_io_executor executor);
    ~HttpConnection();

    /// Connects to the route's peer, through its tunnel, and shakes hands. `tls` is needed if the server wants TLS.
    Task<Result<void>> open(Route route, std::string proxy_authorization, std::shared_ptr<asio::ssl::context> tls,
                            Deadline deadline);

    /// Sends both, one after the other. What they point to must stay until it returns.
    Task<Transfer> write(asio::const_buffer head, asio::const_buffer body, Deadline deadline);
    Task<Transfer> read_some(asio::mutable_buffer into, Deadline deadline);

    /// What has arrived already, without waiting. `End::none` with no bytes: nothing yet.
    Transfer read_available(asio::mutable_buffer into);

    /// False if the peer has closed, or sent something nobody asked for.
    bool looks_alive();
    bool is_open() const;
    void close();

private:
    struct Impl;

    Task<Result<void>> connect(Origin peer, Deadline deadline);
    Task<Result<void>> connect_locally(std::string path, Deadline deadline);
    Task<Result<void>> open_tunnel(Route route, std::string authorization, Deadline deadline);
    Task<Result<void>> handshake(Origin server, std::shared_ptr<asio::ssl::context> tls, Deadline deadline);

    std::unique_ptr<Impl> impl_;
};

}  // namespace enough
