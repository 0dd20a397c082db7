#include "serve/http_writer.hpp"

#include <enough/async/with_deadline.hpp>

#include <fmt/format.h>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace enough {
namespace {

std::string status_line(int status) {
    const auto known = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(unsigned(status)));
    return fmt::format("HTTP/1.1 {} {}\r\n", status, std::string_view(known.data(), known.size()));
}

std::string header_text(const ServerResponse& response, bool keep_alive) {
    std::string text = status_line(response.status);
    if (!response.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", response.content_type);
    for (const auto& [name, value] : response.headers)
        text += fmt::format("{}: {}\r\n", name, value);
    text += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    return text;
}

Task<void> write_all(asio::ip::tcp::socket& socket, std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
}

}  // namespace

Task<void> HttpWriter::put(std::string bytes) {
    bool late = false;
    try {
        co_await with_deadline(write_all(socket_, std::move(bytes)), Deadline::after(write_time_));
    } catch (const DeadlineExceeded&) {
        late = true;
    }
    if (late) throw boost::system::system_error(asio::error::timed_out);
}

Task<void> HttpWriter::send(ServerResponse response) {
    begun_ = true;
    std::string text = header_text(response, keep_alive_);
    if (response.status != 204) text += fmt::format("Content-Length: {}\r\n", response.body.size());
    text += "\r\n";
    if (!head_) text += response.body;
    co_await put(std::move(text));
    complete_ = true;
}

Task<void> HttpWriter::begin(ServerResponse head) {
    begun_ = true;
    if (!chunked()) keep_alive_ = false;
    std::string text = header_text(head, keep_alive_);
    text += chunked() ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
    co_await put(std::move(text));
    if (!head.body.empty()) co_await write(std::move(head.body));
}

Task<void> HttpWriter::write(std::string piece) {
    if (head_ || piece.empty()) co_return;
    if (chunked()) piece = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    co_await put(std::move(piece));
}

Task<void> HttpWriter::finish() {
    if (chunked() && !head_) co_await put("0\r\n\r\n");
    complete_ = true;
}

}  // namespace enough
