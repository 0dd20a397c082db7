#include "serve/http_server.hpp"

#include "serve/http_connection.hpp"

#include <enough/async/join_by.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace enough {
namespace {

using boost::system::error_code;

constexpr std::chrono::milliseconds pause_without_descriptors{100};

/// In the set while the scope lasts.
class Registered {
public:
    Registered(std::set<HttpServerConnection*>& set, HttpServerConnection& connection)
        : set_(set), connection_(connection) {
        set_.insert(&connection_);
    }
    ~Registered() { set_.erase(&connection_); }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

private:
    std::set<HttpServerConnection*>& set_;
    HttpServerConnection& connection_;
};

/// With nobody to serve it, letting it wait would only hide the overload.
void turn_away(asio::ip::tcp::socket& socket) {
    constexpr std::string_view full =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(full), ignored);
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, ServerLimits limits,
                       RequestHandler& handler)
    : executor_(executor), acceptor_(executor, endpoint), limits_(limits), handler_(handler), group_(executor) {}

HttpServer::~HttpServer() = default;

void HttpServer::stop() {
    if (stopping_) return;
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (HttpServerConnection* connection : connections_)
        connection->drain();
}

Task<void> HttpServer::serve(std::chrono::milliseconds patience) {
    co_await accept_all();
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    stop();
    co_await join_by(group_, Deadline::after(patience));
}

Task<void> HttpServer::accept_all() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!stopping_) {
        error_code error;
        asio::ip::tcp::socket socket =
            co_await acceptor_.async_accept(executor_, asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
        if (error) {  // out of descriptors, or a client that left while it waited: the next one may do better
            asio::steady_timer pause(executor_, pause_without_descriptors);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        } else if (connections_.size() < limits_.connections || make_room()) {
            error_code ignored;
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
            group_.spawn(serve_connection(std::move(socket)));
        } else {
            turn_away(socket);
        }
    }
}

/// Closes whoever has held a place for the longest without a whole request. False: all are being answered.
bool HttpServer::make_room() {
    HttpServerConnection* longest = nullptr;
    for (HttpServerConnection* each : connections_)
        if (each->waiting_since() && (!longest || *each->waiting_since() < *longest->waiting_since())) longest = each;
    if (!longest) return false;
    connections_.erase(longest);
    longest->evict();
    return true;
}

Task<void> HttpServer::serve_connection(asio::ip::tcp::socket socket) {
    HttpServerConnection connection(std::move(socket), limits_, handler_);
    const Registered registered(connections_, connection);
    co_await connection.serve();
}

}  // namespace enough
