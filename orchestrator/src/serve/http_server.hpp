#pragma once

#include "serve/http_message.hpp"

#include <enough/async/task_group.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <set>

namespace enough {

class HttpServerConnection;

/// Accepts connections and lets a handler answer their requests. All on one strand, or a context run by one thread.
class HttpServer {
public:
    /// Listens at once; port 0: any free one. Throws `boost::system::system_error`. `handler` must outlive it.
    HttpServer(asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, ServerLimits limits,
               RequestHandler& handler);
    ~HttpServer();

    asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    std::size_t connections() const { return connections_.size(); }

    /// Accepts until it is told to stop, then waits for the connections to end: those that are idle at once, those
    /// being answered when they are, and what is left at `patience` after the stop is cancelled.
    Task<void> serve(std::chrono::milliseconds patience);

    /// No new connections, no further requests on those that are open.
    void stop();

private:
    Task<void> serve_connection(asio::ip::tcp::socket socket);
    Task<void> accept_all();
    bool make_room();

    asio::any_io_executor executor_;
    asio::ip::tcp::acceptor acceptor_;
    ServerLimits limits_;
    RequestHandler& handler_;
    TaskGroup group_;
    std::set<HttpServerConnection*> connections_;
    bool stopping_ = false;
};

}  // namespace enough
