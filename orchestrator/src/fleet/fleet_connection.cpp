#include "fleet/fleet_connection.hpp"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include <stdexcept>
#include <utility>

namespace enough::fleet {

Task<std::unique_ptr<nats::Connection>> connect(FleetServer server, std::string name, FleetNotice notice) {
    nats::ConnectionSettings settings;
    settings.servers = std::move(server.urls);
    settings.credentials_file = std::move(server.credentials_file);
    settings.ca_file = std::move(server.ca_file);
    settings.name = std::move(name);
    settings.lost = [notice] { notice("the connection to the NATS server is lost; trying again"); };
    settings.regained = [notice](const std::string& where) { notice(fmt::format("connected to {} again", where)); };
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    nats::Result<std::unique_ptr<nats::Connection>> connection =
        co_await nats::Connection::connect(std::move(settings), executor);
    if (!connection.has_value()) throw std::runtime_error(connection.error().message);
    co_return std::move(*connection);
}

}  // namespace enough::fleet
