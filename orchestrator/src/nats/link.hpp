#pragma once

#include "nats/connection.hpp"
#include "nats/handles.hpp"
#include "nats/worker_threads.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace enough::nats {

/// The one connection of libnats behind a `Connection`, shared with everything that was made from it. What is
/// documented to block is for the threads alone.
class Link : public std::enable_shared_from_this<Link> {
public:
    using Clock = std::chrono::steady_clock;

    Link(ConnectionSettings settings, asio::any_io_executor callbacks);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// Makes the first connection. Blocks.
    Result<void> open();

    /// Sends what is waiting, for no longer than `limit`, and closes; calls in flight end. Blocks.
    void close(std::chrono::milliseconds limit);

    /// After `close`: ends the threads. Blocks as long as a call that was in flight needs to notice.
    void stop();

    /// Blocks until there is a connection; false if there is none by then, or it is closed for good.
    bool wait_connected(Clock::time_point until);

    bool connected() const;
    bool closed() const;
    std::string server() const;
    std::size_t max_payload() const;
    std::uint64_t reconnects() const;

    Error no_connection(std::string_view doing) const;
    Error too_busy(std::string_view doing) const;

    natsConnection* connection() const { return connection_; }
    jsCtx* jet_stream() const { return jet_stream_; }
    WorkerThreads& threads() { return threads_; }

    /// Unsubscribes, on a thread: that may block.
    void dispose(SubscriptionHandle subscription);

private:
    struct Watch;

    Result<void> check_jet_stream();

    ConnectionSettings settings_;
    std::string server_;            // of the first connection
    std::shared_ptr<Watch> watch_;  // what the callbacks of libnats use
    std::mutex opening_;            // whoever closes waits for an `open` under way
    natsConnection* connection_ = nullptr;
    jsCtx* jet_stream_ = nullptr;
    WorkerThreads threads_;
};

}  // namespace enough::nats
