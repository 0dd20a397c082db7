#pragma once

#include "tools/mcp_transport.hpp"

#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Starts a server as a program and talks to it in lines on its standard streams. Lines that are no messages are passed
/// over; the last words on its standard error are kept for the failure that says how it ended. Fails with `connect` if
/// the program can't be started.
Result<std::shared_ptr<McpTransport>> start_mcp_stdio(const ToolServerSettings& settings,
                                                      const asio::any_io_executor& executor);

}  // namespace enough
