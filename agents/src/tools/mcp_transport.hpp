#pragma once

#include "tools/json_rpc.hpp"

#include <enough/agents/failure.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <cstddef>
#include <string>

namespace enough {

inline constexpr std::size_t mcp_max_message_bytes = 16 * 1024 * 1024;

/// One conversation with a server, from its start to its end, over whatever carries it; it can't be begun again. Its
/// failures name the server. All on one strand.
class McpTransport {
public:
    virtual ~McpTransport() = default;

    /// Sends a request and waits for its response. Several may be under way. One that is given up, because its time is
    /// over or its caller was cancelled, is taken back at the server.
    virtual Task<Result<RpcReply>> ask(std::string method, RpcJson params, Deadline deadline) = 0;

    /// Both sides have agreed on a version of the protocol: tells the server, which may refuse requests before it
    /// knows.
    virtual Task<Result<void>> agreed(std::string version, Deadline deadline) = 0;

    /// Nothing can be asked any more.
    virtual bool over() const = 0;

    /// It is over because the server does not remember it; what was asked last was not done.
    virtual bool forgotten() const = 0;

    /// Ends it and waits until nothing of it is left; what is under way fails. It takes a few seconds at most, and
    /// can't be cancelled. To be awaited before destruction; more than once does no harm.
    virtual Task<void> close() = 0;
};

}  // namespace enough
