#pragma once

#include "nats/jet_stream.hpp"
#include "nats/link.hpp"
#include "nats/subject_names.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace enough::nats {

/// What several calls to JetStream are made of. All of these block, for threads of the link; `doing` names the call in
/// errors.

jsOptions options_within(std::chrono::milliseconds left);

/// Whether what names a thing may be sent: libnats does not look, and the server ends connections over it.
Result<void> check_subject(const std::string& subject, Wildcards wildcards, const std::string& doing);
Result<void> check_stream_name(const std::string& name, const std::string& doing);

/// Whether the server takes so much in one message.
Result<void> check_size(const Link& link, const std::string& payload, const std::string& doing);

std::string payload_of(const natsMsg& message);

struct OutgoingMessage {
    std::string subject;
    std::string payload;
    std::string id;         ///< empty: none
    std::string operation;  ///< of a bucket's marks: the header `KV-Operation`; empty: none
    /// The sequence that the subject's last message must have, 0: there must be none; absent: whatever.
    std::optional<std::uint64_t> after;
};

Result<Published> store(const Link& link, const OutgoingMessage& message, std::chrono::milliseconds left,
                        const std::string& doing);

/// Null if there is none.
Result<MessageHandle> last_of(const Link& link, const std::string& stream, const std::string& subject,
                              std::chrono::milliseconds left, const std::string& doing);

Result<void> add_stream(const Link& link, jsStreamConfig& config, std::chrono::milliseconds left,
                        const std::string& doing);
Result<void> remove_stream(const Link& link, const std::string& stream, std::chrono::milliseconds left,
                           const std::string& doing);
Result<StreamInfo> look_at_stream(const Link& link, const std::string& stream, std::chrono::milliseconds left,
                                  const std::string& doing);
Result<void> purge_subject(const Link& link, const std::string& stream, const std::string& subject,
                           std::chrono::milliseconds left, const std::string& doing);

}  // namespace enough::nats
