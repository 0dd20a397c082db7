#include "nats/connection.hpp"

#include "nats/call.hpp"

#include <utility>

namespace enough::nats {

Connection::Connection(std::shared_ptr<Link> link) : link_(std::move(link)) {}

Connection::~Connection() {
    link_->close(std::chrono::milliseconds::zero());
    link_->stop();
}

Task<Result<std::unique_ptr<Connection>>> Connection::connect(ConnectionSettings settings,
                                                              asio::any_io_executor callbacks) {
    const auto link = std::make_shared<Link>(std::move(settings), std::move(callbacks));
    std::unique_ptr<Connection> connection(new Connection(link));
    std::function<Result<void>()> open = [link] { return link->open(); };
    const Result<void> opened = co_await on_thread<void>(link, std::move(open));
    if (!opened) co_return opened.error();
    co_return std::move(connection);
}

Task<void> Connection::close(std::chrono::milliseconds limit) {
    const auto link = link_;
    std::function<Result<void>()> end = [link, limit]() -> Result<void> {
        link->close(limit);
        return {};
    };
    co_await on_thread<void>(link, std::move(end));
    link->stop();
}

bool Connection::connected() const {
    return link_->connected();
}

std::string Connection::server() const {
    return link_->server();
}

std::size_t Connection::max_payload() const {
    return link_->max_payload();
}

}  // namespace enough::nats
