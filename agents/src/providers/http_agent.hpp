#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Asks a server over HTTP, in whatever protocol it speaks. One attempt per `ask`, but for requests that are repeated
/// in a dialect just learned (no logprobs, fewer of them, another name for a field). Use it from `executor` only, which
/// is a strand or runs on one thread.
std::unique_ptr<Agent> make_http_agent(std::unique_ptr<HttpProtocol> protocol, ServerSettings settings,
                                       asio::any_io_executor executor);

}  // namespace enough
