#pragma once

#include "serve/http_message.hpp"

#include <enough/async/deadline.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/system/error_code.hpp>

#include <optional>
#include <string>

namespace enough {

class HttpWriter;
class TaskGroup;

/// One client's connection: its requests one after the other, each answered before the next is read.
///
/// While a request is answered the connection is watched: a client that closes it (or its half) has left, and the
/// handler is cancelled. What it sends meanwhile is kept for the next request; after a whole header's worth of that
/// the watch ends.
class HttpServerConnection {
public:
    /// `limits` and `handler` must outlive it.
    HttpServerConnection(asio::ip::tcp::socket socket, const ServerLimits& limits, RequestHandler& handler);

    /// Until the client leaves, breaks a rule, or `drain` is called. Throws nothing; the socket is closed afterwards.
    Task<void> serve();

    /// No further request is read after the one being answered; an idle connection is closed at once.
    void drain();

    /// Since when it has held its place without a whole request; absent while one is answered.
    std::optional<Deadline::Clock::time_point> waiting_since() const { return waiting_since_; }

    /// Closes it: others want its place.
    void evict();

private:
    void wait_for_request();
    Task<bool> serve_one();
    Task<bool> refuse_reading(boost::system::error_code error);
    Task<bool> refuse(int status, std::string message);
    Task<void> answer(ServerRequest request, HttpWriter& writer);
    Task<void> handle(ServerRequest request, HttpWriter& writer, TaskGroup& group);
    Task<void> watch_client(TaskGroup& group);
    Task<void> linger();
    Task<boost::system::error_code> discard();

    asio::ip::tcp::socket socket_;
    const ServerLimits& limits_;
    RequestHandler& handler_;
    boost::beast::flat_buffer buffer_;
    bool idle_ = true;
    std::optional<Deadline::Clock::time_point> waiting_since_ = Deadline::Clock::now();
    bool draining_ = false;
};

}  // namespace enough
