#pragma once

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>
#include <enough/agents/tool.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace enough {

/// Somebody who has tools and calls them. Several requests may be under way at once. Must outlive them. They throw only
/// when they are cancelled (`terminal`).
class ToolServer {
public:
    virtual ~ToolServer() = default;

    /// The tools there are, those that the settings do not allow left out.
    virtual Task<Result<std::vector<ToolSpec>>> list(Deadline deadline) = 0;

    /// Calls a tool. `arguments`: a JSON object. A tool that fails is a result that says so; a `Failure` is a server
    /// that can't be reached, broke off or answered nonsense.
    virtual Task<Result<ToolResult>> call(std::string name, std::string arguments, Deadline deadline) = 0;

    /// Ends a program that was started, closes connections, and waits for it. To be awaited before destruction; what is
    /// under way fails.
    virtual Task<void> close() = 0;
};

/// A client of the Model Context Protocol. Starts or connects on the first request, and again after a server went away.
/// Everything lives on `executor`'s context, which must outlive it; all members on one strand of it.
std::unique_ptr<ToolServer> make_tool_server(ToolServerSettings settings, asio::any_io_executor executor);

}  // namespace enough
