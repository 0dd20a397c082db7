#pragma once

#include "tools/mcp_transport.hpp"

#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Talks to a server by streamable HTTP: each message is a POST, answered by a document or by a stream of events. No
/// stream is held open in between. Closing tells the server that the conversation is over.
std::shared_ptr<McpTransport> make_mcp_http(const ToolServerSettings& settings, const asio::any_io_executor& executor);

}  // namespace enough
