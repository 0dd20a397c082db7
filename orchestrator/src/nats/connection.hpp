#pragma once

#include "nats/error.hpp"

#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace enough::nats {

class Link;

struct ConnectionSettings {
    /// One or more servers of one cluster: `nats://HOST:PORT` or `tls://HOST:PORT`, with `USER:PASSWORD@` or `TOKEN@`
    /// before the host if need be. A missing port is 4222, a missing scheme `nats`.
    std::vector<std::string> servers = {"nats://127.0.0.1:4222"};
    std::string name = "enough";                                ///< as the server's monitoring shows it
    std::string credentials_file = {};                          ///< a `.creds` file with JWT and seed; empty: none
    std::string ca_file = {};                                   ///< PEM; empty: the system's
    std::chrono::milliseconds connect_timeout{5'000};           ///< for each server and attempt
    std::chrono::milliseconds reconnect_wait{250};              ///< before each further attempt …
    std::chrono::milliseconds reconnect_jitter{250};            ///< … and up to this more, at random
    std::chrono::milliseconds ping_interval{10'000};            ///< a server silent for three of them is gone
    std::size_t threads = 32;                                   ///< calls in flight at once, at most; started on demand
    bool needs_jet_stream = true;                               ///< `connect` fails where there is none
    std::function<void()> lost = {};                            ///< posted to the executor given to `connect`
    std::function<void(const std::string& server)> regained{};  ///< likewise; the server as host:port
};

/// A connection to a NATS server that mends itself: once made, it is made again whenever it is lost, for ever.
///
/// libnats blocks, so calls run on threads of this connection and their results are posted to the executor of whoever
/// awaits them (a strand, or a context run by one thread). What awaits may be cancelled at any time: the call goes on
/// to its end and its result is dropped. All that is made from a connection may outlive it, and fails with
/// `ErrorKind::connection` from its end on.
///
/// While the server is away, calls wait for it, no longer than their timeout; if it has not come back by then, they
/// fail with `ErrorKind::connection` and were not carried out. `ErrorKind::timeout`: the call was sent, and what became
/// of it is not known.
class Connection {
public:
    /// Fails if the first connection can't be made. It must be closed, or gone, before the executor's context is.
    static Task<Result<std::unique_ptr<Connection>>> connect(ConnectionSettings settings,
                                                             asio::any_io_executor callbacks);

    /// Closes without sending what is still waiting to be sent. Blocks, but not for long.
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Sends what is waiting to be sent, closes, and ends all calls in flight. Within about `limit`, also while the
    /// server is away.
    Task<void> close(std::chrono::milliseconds limit = std::chrono::seconds(5));

    bool connected() const;           ///< at this moment
    std::string server() const;       ///< host:port of the server it is or was connected to
    std::size_t max_payload() const;  ///< bytes that the server takes in one message

    /// For what is built on a connection.
    const std::shared_ptr<Link>& link() const { return link_; }

private:
    explicit Connection(std::shared_ptr<Link> link);

    std::shared_ptr<Link> link_;
};

}  // namespace enough::nats
