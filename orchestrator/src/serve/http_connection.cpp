#include "serve/http_connection.hpp"

#include "serve/http_writer.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/task_group.hpp>
#include <enough/async/with_deadline.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t read_at_once = 16 * 1024;
constexpr std::size_t linger_bytes = 256 * 1024;
constexpr std::chrono::milliseconds linger_time{1'000};
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

Task<error_code> read_header(asio::ip::tcp::socket& socket, boost::beast::flat_buffer& buffer, Parser& parser) {
    error_code error;
    co_await http::async_read_header(socket, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

Task<error_code> read_body(asio::ip::tcp::socket& socket, boost::beast::flat_buffer& buffer, Parser& parser) {
    error_code error;
    co_await http::async_read(socket, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

Task<error_code> await_data(asio::ip::tcp::socket& socket) {
    error_code error;
    co_await socket.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

/// The error of a read, where a passed deadline is one too.
Task<error_code> in_time(Task<error_code> read, std::chrono::milliseconds limit) {
    try {
        co_return co_await with_deadline(std::move(read), Deadline::after(limit));
    } catch (const DeadlineExceeded&) {
        co_return asio::error::timed_out;
    }
}

bool out_of_time(const error_code& error) {
    return error == asio::error::timed_out || error == asio::error::operation_aborted;
}

/// What is wrong with a header that Beast lets pass. Two lengths in one message are how requests are smuggled past a
/// proxy that believes the other one (RFC 9112, 6.1 and 6.3).
std::string header_fault(const Parser& parser) {
    const auto& message = parser.get();
    const bool has_encoding = message.count(http::field::transfer_encoding) > 0;
    if (has_encoding && message.count(http::field::content_length) > 0)
        return "a request with both Content-Length and Transfer-Encoding is refused";
    if (message.count(http::field::content_length) > 1) return "a request with two Content-Length fields is refused";
    if (has_encoding && (!parser.chunked() || message.version() < 11))
        return "the only Transfer-Encoding understood is chunked, in HTTP/1.1";
    if (message.version() >= 11 && message.count(http::field::host) != 1) return "a request names one Host";
    return {};
}

/// False if the target is no path.
bool take_target(std::string_view target, ServerRequest& request) {
    const auto url = boost::urls::parse_origin_form(target);
    if (!url) return false;
    request.path = url->path();
    for (const auto& parameter : url->params())
        request.query.insert_or_assign(parameter.key, parameter.value);
    return request.path.find('\0') == std::string::npos;
}

ServerRequest take_request(Parser& parser) {
    auto message = parser.release();
    ServerRequest request;
    request.method = std::string(message.method_string());
    for (const auto& field : message)
        request.headers.emplace_back(field.name_string(), field.value());
    request.body = std::move(message.body());
    return request;
}

}  // namespace

HttpServerConnection::HttpServerConnection(asio::ip::tcp::socket socket, const ServerLimits& limits,
                                           RequestHandler& handler)
    : socket_(std::move(socket)), limits_(limits), handler_(handler), buffer_(limits.header_bytes + read_at_once) {}

void HttpServerConnection::drain() {
    draining_ = true;
    error_code ignored;
    if (idle_) socket_.close(ignored);
}

void HttpServerConnection::evict() {
    error_code ignored;
    socket_.close(ignored);
}

Task<void> HttpServerConnection::serve() {
    try {
        while (!draining_ && co_await serve_one())
            wait_for_request();
    } catch (const boost::system::system_error&) {
        // The client is gone, or does not read: nobody is left to be told.
    }
    error_code ignored;
    socket_.close(ignored);
}

void HttpServerConnection::wait_for_request() {
    idle_ = true;
    waiting_since_ = Deadline::Clock::now();
}

/// True if another request may follow.
Task<bool> HttpServerConnection::serve_one() {
    if (buffer_.size() == 0) {
        const error_code quiet = co_await in_time(await_data(socket_), limits_.idle_time);
        if (quiet) co_return false;
    }
    idle_ = false;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser.body_limit(limits_.body_bytes);
    error_code error = co_await in_time(read_header(socket_, buffer_, parser), limits_.header_time);
    if (!error) {
        const std::string fault = header_fault(parser);
        if (!fault.empty()) co_return co_await refuse(400, fault);
        if (parser.get()[http::field::expect] == "100-continue")
            co_await asio::async_write(socket_, asio::buffer(go_on), asio::use_awaitable);
        error = co_await in_time(read_body(socket_, buffer_, parser), limits_.body_time);
    }
    if (error) co_return co_await refuse_reading(error);
    const bool head = parser.get().method() == http::verb::head;
    const bool keep = parser.keep_alive();
    HttpWriter writer(socket_, limits_.write_time, parser.get().version(), keep && !draining_, head);
    const std::string target(parser.get().target());
    ServerRequest request = take_request(parser);
    if (!take_target(target, request)) co_return co_await refuse(400, "the request's target is no path");
    waiting_since_.reset();
    co_await answer(std::move(request), writer);
    if (!writer.complete() || !writer.keeps_alive()) {
        co_await linger();
        co_return false;
    }
    co_return true;
}

Task<bool> HttpServerConnection::refuse_reading(error_code error) {
    if (error == http::error::end_of_stream || error == asio::error::eof || error == asio::error::connection_reset)
        co_return false;
    if (out_of_time(error)) co_return co_await refuse(408, "the request took too long to arrive");
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        co_return co_await refuse(431, "the request's header is too large");
    if (error == http::error::body_limit) co_return co_await refuse(413, "the request's body is too large");
    co_return co_await refuse(400, "this is no well-formed HTTP request");
}

Task<bool> HttpServerConnection::refuse(int status, std::string message) {
    HttpWriter writer(socket_, limits_.write_time, 11, false, false);
    ServerResponse response = handler_.refusal(status, std::move(message));
    co_await writer.send(std::move(response));
    co_await linger();
    co_return false;
}

/// The handler and, beside it, a watch on the client: whichever ends first ends the other.
Task<void> HttpServerConnection::answer(ServerRequest request, HttpWriter& writer) {
    const auto executor = co_await asio::this_coro::executor;
    TaskGroup group(executor, TaskGroup::OnError::cancel_others);
    group.spawn(handle(std::move(request), writer, group));
    group.spawn(watch_client(group));
    co_await group.join();
}

Task<void> HttpServerConnection::handle(ServerRequest request, HttpWriter& writer, TaskGroup& group) {
    Task<void> handling = handler_.handle(std::move(request), writer);
    co_await std::move(handling);
    group.cancel();
}

Task<void> HttpServerConnection::watch_client(TaskGroup& group) {
    while (buffer_.size() < limits_.header_bytes) {
        error_code error;
        const auto space = buffer_.prepare(std::min(read_at_once, buffer_.max_size() - buffer_.size()));
        const std::size_t bytes =
            co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        buffer_.commit(bytes);
    }
    if (buffer_.size() < limits_.header_bytes) group.cancel();
}

/// Closing a socket with unread bytes resets it, and the client may lose the response: what it still sends is taken
/// for a moment.
Task<void> HttpServerConnection::linger() {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_await in_time(discard(), linger_time);
}

Task<error_code> HttpServerConnection::discard() {
    error_code error;
    for (std::size_t total = 0; !error && total < linger_bytes;) {
        buffer_.clear();
        const auto space = buffer_.prepare(read_at_once);
        total += co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    }
    co_return error;
}

}  // namespace enough
