#include "net/resolve.hpp"

#include "async/cancellation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace enough {
namespace {

using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

/// Shared with the handler, which may come after everybody has gone.
struct Lookup : std::enable_shared_from_this<Lookup> {
    Lookup(const asio::any_io_executor& executor, Deadline deadline)
        : resolver(executor), finished(executor, deadline.at()) {}

    void start(const std::string& host, std::uint16_t port) {
        auto on_end = [self = shared_from_this()](const boost::system::error_code& code,
                                                  const tcp::resolver::results_type& results) {
            self->error = code;
            for (const auto& entry : results)
                self->endpoints.push_back(entry.endpoint());
            self->done = true;
            self->finished.cancel();
        };
        resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, std::move(on_end));
    }

    tcp::resolver resolver;
    asio::steady_timer finished;
    boost::system::error_code error;
    Endpoints endpoints;
    bool done = false;
};

Failure not_resolved(const std::string& host, const std::string& why) {
    Failure failure;
    failure.kind = FailureKind::connect;
    failure.message = "cannot find the address of " + host + " (" + why + "); is the name right?";
    failure.retryable = true;
    return failure;
}

Failure too_slow(const std::string& host) {
    Failure failure;
    failure.kind = FailureKind::timeout;
    failure.message = "finding the address of " + host + " took too long";
    failure.retryable = true;
    return failure;
}

}  // namespace

Task<Result<Endpoints>> resolve(std::string host, std::uint16_t port, Deadline deadline) {
    boost::system::error_code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return Endpoints(1, tcp::endpoint(address, port));

    const auto executor = co_await asio::this_coro::executor;
    const auto lookup = std::make_shared<Lookup>(executor, deadline);
    lookup->start(host, port);
    co_await lookup->finished.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto caller = co_await asio::this_coro::cancellation_state;
    if (!lookup->done) lookup->resolver.cancel();
    if (caller.cancelled() != asio::cancellation_type::none) throw_cancelled();
    if (!lookup->done) co_return too_slow(host);
    if (lookup->error) co_return not_resolved(host, lookup->error.message());
    if (lookup->endpoints.empty()) co_return not_resolved(host, "it has none");
    co_return lookup->endpoints;
}

}  // namespace enough
