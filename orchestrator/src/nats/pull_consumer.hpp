#pragma once

#include "nats/connection.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough::nats {

/// A durable consumer that hands out a stream's messages to whoever asks: each to one, with a lease.
struct ConsumerSettings {
    std::string stream;
    std::string name;                                 ///< as a stream's name
    std::string filter_subject = {};                  ///< empty: all of the stream
    std::chrono::milliseconds ack_wait{30'000};       ///< the lease: after so long without a word it is delivered again
    std::int64_t max_ack_pending = 1'000;             ///< messages handed out and not acknowledged, among all clients
    std::optional<std::uint64_t> from_sequence = {};  ///< absent: from the first. A work queue takes no other
};

/// A message under lease. There is no limit to how often it is delivered; an acknowledgement is taken also after the
/// lease has ended and somebody else has the message (nats-server #4786): who must act once, commits elsewhere first.
class Delivery {
public:
    const std::string& subject() const { return subject_; }
    const std::string& payload() const { return payload_; }
    std::uint64_t sequence() const { return sequence_; }           ///< in the stream
    std::uint64_t times_delivered() const { return deliveries_; }  ///< this time included: 1 for the first

    /// It is done with. Success is the server's confirmation.
    Task<Result<void>> ack(std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000)) const;

    /// To be delivered again after `delay`. Success is the server's confirmation.
    Task<Result<void>> nak(std::chrono::milliseconds delay,
                           std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000)) const;

    /// Never to be delivered again. Success is the server's confirmation.
    Task<Result<void>> term(std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000)) const;

    /// The lease begins anew. Returns at once; nobody confirms it, and while the connection is lost it is not sent.
    void in_progress() const;

private:
    friend class PullConsumer;

    std::shared_ptr<Link> link_;
    std::string subject_;
    std::string payload_;
    std::string reply_;
    std::uint64_t sequence_ = 0;
    std::uint64_t deliveries_ = 0;
};

/// Goes on after the connection was lost and regained.
class PullConsumer {
public:
    /// Up to `most` messages; waits up to `wait` for the first. Empty: there was none, also because the server is away.
    /// `ErrorKind::not_found` if the consumer or its stream is gone. Occupies a thread of the connection while it
    /// waits.
    ///
    /// What arrives after the awaiting coroutine was cancelled is handed back to the server at once.
    Task<Result<std::vector<Delivery>>> fetch(int most, std::chrono::milliseconds wait) const;

private:
    friend class JetStream;
    struct Source;
    explicit PullConsumer(std::shared_ptr<Source> source) : source_(std::move(source)) {}

    std::shared_ptr<Source> source_;
};

}  // namespace enough::nats
