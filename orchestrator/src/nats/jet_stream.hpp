#pragma once

#include "nats/connection.hpp"
#include "nats/pull_consumer.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough::nats {

enum class Retention {
    limits,      ///< messages stay until a limit or somebody removes them
    work_queue,  ///< each message goes when it is acknowledged
};

/// A stream in files.
struct StreamSettings {
    std::string name;  ///< no spaces, `.`, `*`, `>` or slashes: see `subject_token`
    std::vector<std::string> subjects;
    Retention retention = Retention::limits;
    std::chrono::milliseconds duplicate_window{120'000};  ///< for how long a message id is remembered
    std::optional<std::int64_t> max_messages = {};
    std::optional<std::int64_t> max_bytes = {};
    std::optional<std::chrono::milliseconds> max_age = {};
    bool refuse_when_full = true;  ///< new messages are refused (`ErrorKind::no_space`); otherwise the oldest go
};

struct StreamInfo {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;  ///< of all that were ever stored: 0 if none was
    std::int64_t consumers = 0;
};

struct Published {
    std::uint64_t sequence = 0;
    bool duplicate = false;  ///< a message of that id was there: nothing was stored, `sequence` is that one's
};

struct StoredMessage {
    std::string subject;
    std::string payload;
    std::uint64_t sequence = 0;
};

/// Streams: what the server keeps. Every call is bounded by the timeout.
class JetStream {
public:
    explicit JetStream(const Connection& connection,
                       std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000))
        : link_(connection.link()), timeout_(timeout) {}

    /// Creates the stream. It may be there already with these settings; with others it is `ErrorKind::exists`.
    Task<Result<void>> ensure_stream(StreamSettings settings) const;
    Task<Result<void>> delete_stream(std::string stream) const;
    Task<Result<StreamInfo>> stream_info(std::string stream) const;

    /// Done when the server has stored it. A message id makes repeating it safe within the duplicate window; empty:
    /// none.
    Task<Result<Published>> publish(std::string subject, std::string payload, std::string message_id) const;

    /// The last message of a subject, absent if there is none.
    Task<Result<std::optional<StoredMessage>>> last_message(std::string stream, std::string subject) const;

    /// Removes all messages of a subject, which may have wildcards.
    Task<Result<void>> purge(std::string stream, std::string subject) const;

    /// Creates the durable consumer. It may be there already with these settings; with others it is
    /// `ErrorKind::exists`.
    Task<Result<PullConsumer>> ensure_consumer(ConsumerSettings settings) const;
    Task<Result<void>> delete_consumer(std::string stream, std::string consumer) const;

private:
    std::shared_ptr<Link> link_;
    std::chrono::milliseconds timeout_;
};

}  // namespace enough::nats
