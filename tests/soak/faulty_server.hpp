#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace enough::soak {

/// What can go wrong with one call.
enum class Fault {
    none,
    reset_unanswered,  ///< TCP reset after the request was read
    reset_in_stream,   ///< TCP reset after some words
    cut_stream,        ///< an orderly close after some words
    rate_limited,      ///< 429 with Retry-After or retry-after-ms
    server_error,      ///< 500
    overloaded,        ///< 503
    stall,             ///< nothing, until the client has had enough
    garbage,           ///< no HTTP at all
    page,              ///< HTML with 200
    slow_drip,         ///< a comment now and then, never a word
    too_long,          ///< a Content-Length above what comes
    too_short,         ///< a Content-Length below what comes
    bad_event,         ///< no JSON in the stream
};
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(Fault::bad_event) + 1;
std::string_view name(Fault fault);

/// What a server knows of its own doings.
struct ServerCounts {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
    std::uint64_t words_sent = 0;  ///< handed to a socket, whatever became of them
    std::uint64_t times_down = 0;  ///< nobody listened for a moment: connections were refused
    std::array<std::uint64_t, fault_kinds> faults{};
};

/// An OpenAI-compatible server on the loopback with a thread of its own, which fails a share of its calls on purpose,
/// and stops listening for a moment every few seconds. Each word is a token with two or four candidates. An answer's
/// `system_fingerprint` is `REQUEST:WORDS`: the request's number, from 0, and how many words the whole answer has.
class FaultyServer {
public:
    FaultyServer(std::uint64_t seed, double share_of_faults);
    ~FaultyServer();
    FaultyServer(const FaultyServer&) = delete;
    FaultyServer& operator=(const FaultyServer&) = delete;

    std::uint16_t port() const;
    ServerCounts counts() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace enough::soak
