#pragma once

#include "tools/json_rpc.hpp"

#include <enough/agents/failure.hpp>
#include <enough/agents/tool.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace enough {

// What is said in the Model Context Protocol, as values: nothing here sends or waits. Failures say what is wrong, not
// with whom.

inline constexpr const char* mcp_version = "2025-06-18";

RpcJson mcp_initialize_params();

/// The version that the server has chosen. A `bad_response` if it is one that we don't speak.
Result<std::string> mcp_chosen_version(const RpcJson& result);

/// One page of the answer to `tools/list`.
struct McpToolPage {
    std::vector<ToolSpec> tools;
    std::optional<std::string> next_cursor;
};
Result<McpToolPage> mcp_tool_page(const RpcJson& result);

/// The answer to `tools/call`: its texts, a line between them. What is no text is named in words; where nothing is
/// left, the structured content stands for it. Longer than `max_bytes` it is cut, and says so.
Result<ToolResult> mcp_tool_result(const RpcJson& result, std::size_t max_bytes);

}  // namespace enough
