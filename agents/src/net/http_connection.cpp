#include "net/http_connection.hpp"

#include "async/cancellation.hpp"
#include "net/resolve.hpp"
#include "net/response_reader.hpp"
#include "net/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

namespace enough {
namespace {

namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using Stream = boost::beast::basic_stream<asio::generic::stream_protocol>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Failure make_failure(FailureKind kind, std::string message) {
    Failure failure;
    failure.kind = kind;
    failure.message = std::move(message);
    failure.retryable = kind != FailureKind::tls;
    return failure;
}

Failure not_connected(const std::string& peer, const error_code& error) {
    if (error == boost::beast::error::timeout)
        return make_failure(FailureKind::timeout, "connecting to " + peer + " took too long");
    std::string reason = error.message();
    reason.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(reason.front())));
    return make_failure(FailureKind::connect,
                        "cannot connect to " + peer + " (" + reason + "); is the server running?");
}

Transfer::End end_of(const error_code& error) {
    if (!error) return Transfer::End::none;
    if (error == boost::beast::error::timeout) return Transfer::End::timeout;
    return error == asio::error::eof ? Transfer::End::orderly : Transfer::End::cut;
}

}  // namespace

struct HttpConnection::Impl {
    explicit Impl(asio::any_io_executor executor) : tcp(std::move(executor)) {}

    void limit(Deadline deadline) {
        if (deadline.is_never()) {
            tcp.expires_never();
        } else {
            tcp.expires_at(deadline.at());
        }
    }

    void close() { tcp.close(); }

    /// What an operation came to. Throws if it was cancelled.
    Transfer conclude(const error_code& error, std::size_t bytes) {
        if (error == asio::error::operation_aborted) throw_cancelled();
        return Transfer{bytes, end_of(error), error};
    }

    Stream tcp;
    std::shared_ptr<ssl::context> context;  ///< must outlive `tls`
    std::optional<ssl::stream<Stream&>> tls;
};

namespace {

/// Closes the connection unless told that all went well.
template <class Impl>
class CloseUnlessDone {
public:
    explicit CloseUnlessDone(Impl& impl) : impl_(impl) {}
    ~CloseUnlessDone() {
        if (!done_) impl_.close();
    }
    CloseUnlessDone(const CloseUnlessDone&) = delete;
    CloseUnlessDone& operator=(const CloseUnlessDone&) = delete;

    void done_if(bool done) { done_ = done; }

private:
    Impl& impl_;
    bool done_ = false;
};

std::string connect_head(const Origin& server, const std::string& authorization) {
    std::string head = "CONNECT " + server.authority() + " HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    if (!authorization.empty()) head += "Proxy-Authorization: " + authorization + "\r\n";
    return head + "\r\n";
}

/// The share of the time left that one of `left` addresses may take.
Deadline share(Deadline deadline, std::size_t left) {
    if (deadline.is_never()) return deadline;
    return Deadline::after(deadline.remaining() / static_cast<Deadline::Clock::rep>(left));
}

}  // namespace

HttpConnection::HttpConnection(asio::any_io_executor executor) : impl_(std::make_unique<Impl>(std::move(executor))) {}
HttpConnection::~HttpConnection() = default;

void HttpConnection::close() {
    impl_->close();
}

Task<Result<void>> HttpConnection::open(Route route, std::string proxy_authorization, std::shared_ptr<ssl::context> tls,
                                        Deadline deadline) {
    CloseUnlessDone scope(*impl_);
    auto connecting =
        route.unix_socket.empty() ? connect(route.peer, deadline) : connect_locally(route.unix_socket, deadline);
    auto opened = co_await std::move(connecting);
    if (opened && route.tunnel) opened = co_await open_tunnel(route, std::move(proxy_authorization), deadline);
    if (opened && route.server().tls) opened = co_await handshake(route.server(), std::move(tls), deadline);
    scope.done_if(opened.has_value());
    co_return opened;
}

Task<Result<void>> HttpConnection::connect(Origin peer, Deadline deadline) {
    auto endpoints = co_await resolve(peer.host, peer.port, deadline);
    if (!endpoints) co_return endpoints.error();
    error_code error;
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
        if (deadline.expired()) co_return not_connected(peer.authority(), boost::beast::error::timeout);
        impl_->limit(share(deadline, endpoints->size() - i));
        std::tie(error) = co_await impl_->tcp.async_connect((*endpoints)[i], as_result);
        if (error == asio::error::operation_aborted) throw_cancelled();
        if (!error) break;
        impl_->close();
    }
    if (error) co_return not_connected(peer.authority(), error);
    // Requests are small and wait for their answer: Nagle's algorithm would only delay them.
    impl_->tcp.socket().set_option(tcp::no_delay(true), error);
    co_return Result<void>();
}

Task<Result<void>> HttpConnection::connect_locally(std::string path, Deadline deadline) {
    // `sun_path` holds 108 bytes on Linux, the final zero included (unix(7)); Asio throws for more.
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        auto failure = make_failure(
            FailureKind::connect, "the path of the unix socket " + path + " is too long; the system allows 107 bytes");
        failure.retryable = false;
        co_return failure;
    }
    const asio::local::stream_protocol::endpoint endpoint(path);
    if (deadline.expired()) co_return not_connected(path, boost::beast::error::timeout);
    impl_->limit(deadline);
    const auto [error] = co_await impl_->tcp.async_connect(endpoint, as_result);
    if (error == asio::error::operation_aborted) throw_cancelled();
    if (error) co_return not_connected(path, error);
    co_return Result<void>();
}

Task<Result<void>> HttpConnection::open_tunnel(Route route, std::string authorization, Deadline deadline) {
    const std::string where = "the proxy " + route.peer.authority();
    const std::string head = connect_head(route.server(), authorization);
    const auto sent = co_await write(asio::buffer(head), asio::const_buffer(), deadline);
    ResponseReader reader(ResponseLimits(), ResponseReader::Body::none, where);
    auto complete = reader.read_header();
    auto end = sent.end;
    while (complete && !*complete && end == Transfer::End::none) {
        const auto received = co_await read_some(reader.prepare(), deadline);
        reader.commit(received.bytes);
        end = received.end;
        complete = reader.read_header();
    }
    if (!complete) co_return complete.error();
    const auto& target = route.server();
    if (end == Transfer::End::timeout)
        co_return make_failure(FailureKind::timeout, where + " took too long to connect to " + target.authority());
    if (!*complete)
        co_return make_failure(FailureKind::connect,
                               where + " closed the connection instead of connecting to " + target.authority());
    if (reader.status() / 100 == 2) co_return Result<void>();
    auto refused = make_failure(FailureKind::connect, where + " does not connect to " + target.authority() +
                                                          " (status " + std::to_string(reader.status()) + ")");
    refused.retryable = reader.status() >= 500;
    co_return refused;
}

Task<Result<void>> HttpConnection::handshake(Origin server, std::shared_ptr<ssl::context> tls, Deadline deadline) {
    impl_->context = std::move(tls);
    auto& stream = impl_->tls.emplace(impl_->tcp, *impl_->context);
    const std::string prefix = "no secure connection to " + server.authority() + ": ";
    if (!expect_host(stream.native_handle(), server.host))
        co_return make_failure(FailureKind::tls, prefix + "the host name can't be verified");
    impl_->limit(deadline);
    const auto [error] = co_await stream.async_handshake(ssl::stream_base::client, as_result);
    if (error == asio::error::operation_aborted) throw_cancelled();
    if (!error) co_return Result<void>();
    if (error == boost::beast::error::timeout)
        co_return make_failure(FailureKind::timeout, "the TLS handshake with " + server.authority() + " took too long");
    co_return make_failure(FailureKind::tls,
                           prefix + describe_handshake_error(stream.native_handle(), error, server.host));
}

Task<Transfer> HttpConnection::write(asio::const_buffer head, asio::const_buffer body, Deadline deadline) {
    CloseUnlessDone scope(*impl_);
    const std::array<asio::const_buffer, 2> buffers = {head, body};
    error_code error = boost::beast::error::timeout;
    std::size_t bytes = 0;
    impl_->limit(deadline);
    if (deadline.expired()) {
        // nothing is begun that is late already
    } else if (impl_->tls) {
        std::tie(error, bytes) = co_await asio::async_write(*impl_->tls, buffers, as_result);
    } else {
        std::tie(error, bytes) = co_await asio::async_write(impl_->tcp, buffers, as_result);
    }
    const auto transfer = impl_->conclude(error, bytes);
    // A peer that stopped listening may have said why: the answer can still be read.
    scope.done_if(transfer.end != Transfer::End::timeout);
    co_return transfer;
}

Task<Transfer> HttpConnection::read_some(asio::mutable_buffer into, Deadline deadline) {
    CloseUnlessDone scope(*impl_);
    error_code error = boost::beast::error::timeout;
    std::size_t bytes = 0;
    impl_->limit(deadline);
    if (deadline.expired()) {
        // nothing is begun that is late already
    } else if (impl_->tls) {
        std::tie(error, bytes) = co_await impl_->tls->async_read_some(into, as_result);
    } else {
        std::tie(error, bytes) = co_await impl_->tcp.async_read_some(into, as_result);
    }
    const auto transfer = impl_->conclude(error, bytes);
    scope.done_if(transfer.end == Transfer::End::none);
    co_return transfer;
}

Transfer HttpConnection::read_available(asio::mutable_buffer into) {
    error_code error;
    impl_->tcp.socket().non_blocking(true, error);
    std::size_t bytes = 0;
    if (!error) bytes = impl_->tls ? impl_->tls->read_some(into, error) : impl_->tcp.read_some(into, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return Transfer{};
    if (error) close();
    return Transfer{bytes, end_of(error), error};
}

bool HttpConnection::is_open() const {
    return impl_->tcp.socket().is_open();
}

bool HttpConnection::looks_alive() {
    if (!is_open()) return false;
    char byte = 0;
    const auto peeked = ::recv(impl_->tcp.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (peeked < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    // TLS has messages of its own between two answers.
    return peeked > 0 && impl_->tls.has_value();
}

}  // namespace enough
