#pragma once

#include "nats/connection.hpp"

#include <enough/async/deadline.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace enough::nats {

/// What came on a subject. `reply` is where an answer is awaited, empty if none is.
struct Message {
    std::string subject;
    std::string payload;
    std::string reply;
};

/// What comes on a subject from now on, until this is destroyed. It goes on after the connection was lost and regained;
/// messages of the time between are missed, as core NATS keeps nothing.
///
/// Messages that nobody takes wait here. If more than `capacity` wait, the oldest are dropped and counted.
class Subscription {
public:
    ~Subscription();
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;

    /// The oldest message; waits for one. `ErrorKind::timeout` once the deadline has passed, `ErrorKind::connection`
    /// once the connection is closed and nothing waits. One call at a time.
    Task<Result<Message>> next(Deadline deadline);

    std::uint64_t dropped() const;

    struct Queue;

private:
    friend class Messages;
    struct Handle;
    explicit Subscription(std::unique_ptr<Handle> handle);

    std::unique_ptr<Handle> handle_;
};

/// Messages that nobody keeps: at most once, to whoever listens.
class Messages {
public:
    explicit Messages(const Connection& connection) : link_(connection.link()) {}

    /// Done when the message is handed to the connection, not when it has arrived.
    Task<Result<void>> publish(std::string subject, std::string payload, std::chrono::milliseconds timeout) const;

    /// Done when the server knows of it: what anybody publishes after that is received. `subject` may have wildcards.
    Task<Result<Subscription>> subscribe(std::string subject, std::size_t capacity,
                                         std::chrono::milliseconds timeout) const;

    /// The first answer. `ErrorKind::no_responder` if nobody listens to the subject.
    Task<Result<Message>> request(std::string subject, std::string payload, std::chrono::milliseconds timeout) const;

private:
    std::shared_ptr<Link> link_;
};

}  // namespace enough::nats
