#include <enough/tools/tool_server.hpp>

#include "async/occasion.hpp"
#include "failure_kind.hpp"
#include "net/url.hpp"
#include "providers/json_reader.hpp"
#include "tools/mcp_http.hpp"
#include "tools/mcp_messages.hpp"
#include "tools/mcp_stdio.hpp"
#include "tools/tool_server_words.hpp"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t most_tools = 512;
constexpr std::size_t most_pages = 64;
constexpr std::size_t longest_cursor = 64 * 1024;

ToolResult error_result(std::string message) {
    ToolResult out;
    out.content = std::move(message);
    out.is_error = true;
    return out;
}

// What a model wrote; nothing at all counts as no arguments.
std::optional<RpcJson> read_arguments(const std::string& text) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return RpcJson::object();
    JsonReader reader(text);  // bounds the depth
    if (!reader.skip() || !reader.at_end()) return std::nullopt;
    auto value = RpcJson::parse(text, nullptr, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

class McpServer final : public ToolServer {
public:
    McpServer(ToolServerSettings settings, asio::any_io_executor) : settings_(std::move(settings)), words_(settings_) {}

    Task<Result<std::vector<ToolSpec>>> list(Deadline deadline) override;
    Task<Result<ToolResult>> call(std::string name, std::string arguments, Deadline deadline) override;
    Task<void> close() override;

private:
    using Transport = std::shared_ptr<McpTransport>;

    /// A start under way; whoever needs the server meanwhile waits for it.
    struct Start {
        explicit Start(const asio::any_io_executor& executor) : over(executor) {}
        Occasion over;
        std::optional<Failure> failure;  ///< none, too, if whoever started it was cancelled
    };

    class StartScope {
    public:
        StartScope(McpServer& server, std::shared_ptr<Start> start) : server_(server), start_(std::move(start)) {
            server_.start_ = start_;
        }
        ~StartScope() {
            server_.start_ = nullptr;
            start_->over.set();
        }
        StartScope(const StartScope&) = delete;
        StartScope& operator=(const StartScope&) = delete;

    private:
        McpServer& server_;
        std::shared_ptr<Start> start_;
    };

    Deadline bounded(Deadline deadline) const { return earlier(deadline, Deadline::after(settings_.timeout)); }
    bool allowed(const std::string& name) const {
        return settings_.allow.empty() ||
               std::find(settings_.allow.begin(), settings_.allow.end(), name) != settings_.allow.end();
    }

    Task<Result<Transport>> connected(Deadline deadline);
    Task<std::optional<Failure>> start(Deadline deadline);
    Task<std::optional<Failure>> greet(Transport transport, Deadline deadline);
    Task<Result<RpcReply>> ask(std::string method, RpcJson params, Deadline deadline);
    Task<Result<McpToolPage>> ask_for_page(std::optional<std::string> cursor, Deadline deadline);
    Failure refused(const std::string& method, const RpcError& error) const;
    Result<std::vector<ToolSpec>> checked(std::vector<ToolSpec> tools) const;
    Failure closed() const { return words_.failure(FailureKind::connect, "was closed"); }

    ToolServerSettings settings_;
    ToolServerWords words_;
    Transport transport_;  // maybe over, maybe not greeted yet
    bool greeted_ = false;
    bool closed_ = false;
    std::shared_ptr<Start> start_;
};

Failure McpServer::refused(const std::string& method, const RpcError& error) const {
    return words_.failure(FailureKind::server_error, fmt::format("answered {} with error {}: {}", method, error.code,
                                                                 words_.excerpt(error.message)));
}

/// The conversation, begun if there is none. One start at a time.
Task<Result<McpServer::Transport>> McpServer::connected(Deadline deadline) {
    for (;;) {
        if (closed_) co_return closed();
        if (start_) {
            const auto under_way = start_;
            const bool over = co_await under_way->over.wait(deadline);
            if (!over) co_return words_.timed_out("initialize");
            if (under_way->failure) co_return *under_way->failure;
            continue;
        }
        if (transport_ && greeted_ && !transport_->over()) co_return transport_;
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        const auto starting = std::make_shared<Start>(executor);
        const StartScope scope(*this, starting);
        starting->failure = co_await start(deadline);
        if (starting->failure) co_return *starting->failure;
        co_return transport_;
    }
}

Task<std::optional<Failure>> McpServer::start(Deadline deadline) {
    if (transport_) co_await transport_->close();
    transport_.reset();
    greeted_ = false;
    if (closed_) co_return closed();
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    if (settings_.command.empty()) {
        transport_ = make_mcp_http(settings_, executor);
    } else {
        auto started = start_mcp_stdio(settings_, executor);
        if (!started) co_return started.error();
        transport_ = std::move(*started);
    }
    const auto transport = transport_;
    auto failure = co_await greet(transport, deadline);
    if (failure) co_await transport->close();
    co_return failure;
}

Task<std::optional<Failure>> McpServer::greet(Transport transport, Deadline deadline) {
    auto reply = co_await transport->ask("initialize", mcp_initialize_params(), deadline);
    if (!reply) co_return reply.error();
    if (const auto* error = std::get_if<RpcError>(&*reply)) co_return refused("initialize", *error);
    const auto version = mcp_chosen_version(std::get<RpcJson>(*reply));
    if (!version) co_return words_.failure(version.error().kind, version.error().message);
    const auto told = co_await transport->agreed(*version, deadline);
    if (!told) co_return told.error();
    greeted_ = true;
    co_return std::nullopt;
}

// A server that has forgotten the conversation did nothing: it is asked once more in a new one.
Task<Result<RpcReply>> McpServer::ask(std::string method, RpcJson params, Deadline deadline) {
    for (int attempt = 1;; ++attempt) {
        const auto connection = co_await connected(bounded(deadline));
        if (!connection) co_return connection.error();
        const auto transport = *connection;
        auto reply = co_await transport->ask(method, params, bounded(deadline));
        if (reply || attempt == 2 || !transport->forgotten()) co_return reply;
    }
}

Task<Result<McpToolPage>> McpServer::ask_for_page(std::optional<std::string> cursor, Deadline deadline) {
    RpcJson params = RpcJson::object();
    if (cursor) params["cursor"] = *cursor;
    auto reply = co_await ask("tools/list", std::move(params), deadline);
    if (!reply) co_return reply.error();
    if (const auto* error = std::get_if<RpcError>(&*reply)) co_return refused("tools/list", *error);
    auto page = mcp_tool_page(std::get<RpcJson>(*reply));
    if (!page) co_return words_.failure(page.error().kind, page.error().message);
    co_return page;
}

Task<Result<std::vector<ToolSpec>>> McpServer::list(Deadline deadline) {
    std::vector<ToolSpec> tools;
    std::optional<std::string> cursor;
    for (std::size_t pages = 0; pages < most_pages; ++pages) {
        auto page = co_await ask_for_page(cursor, deadline);
        if (!page) co_return page.error();
        std::move(page->tools.begin(), page->tools.end(), std::back_inserter(tools));
        if (tools.size() > most_tools) {
            co_return words_.failure(FailureKind::bad_response, fmt::format("lists more than {} tools", most_tools));
        }
        if (!page->next_cursor) co_return checked(std::move(tools));
        if (page->next_cursor == cursor || page->next_cursor->size() > longest_cursor) break;
        cursor = std::move(page->next_cursor);
    }
    co_return words_.failure(FailureKind::bad_response,
                             fmt::format("does not come to an end with its list of tools in {} pages", most_pages));
}

Result<std::vector<ToolSpec>> McpServer::checked(std::vector<ToolSpec> tools) const {
    std::set<std::string> names;
    for (const auto& tool : tools) {
        if (!names.insert(tool.name).second)
            return words_.failure(FailureKind::bad_response, fmt::format("lists the tool '{}' twice", tool.name));
    }
    for (const auto& name : settings_.allow) {
        if (names.contains(name)) continue;
        return words_.failure(
            FailureKind::bad_request,
            fmt::format("has no tool '{}', which `allow` names; it has {}", name,
                        names.empty() ? "none" : words_.excerpt(fmt::format("{}", fmt::join(names, ", ")))));
    }
    std::erase_if(tools, [this](const ToolSpec& tool) { return !allowed(tool.name); });
    for (auto& tool : tools) {
        tool.description = words_.said(std::move(tool.description));
        tool.parameters = words_.said(std::move(tool.parameters));
    }
    return tools;
}

Task<Result<ToolResult>> McpServer::call(std::string name, std::string arguments, Deadline deadline) {
    if (!allowed(name)) co_return error_result(fmt::format("there is no tool '{}'", name));
    auto parsed = read_arguments(arguments);
    if (!parsed) co_return error_result("the arguments are not a JSON object");
    RpcJson params;
    params["name"] = name;
    params["arguments"] = std::move(*parsed);
    auto reply = co_await ask("tools/call", std::move(params), deadline);
    if (!reply) co_return reply.error();
    // An unknown tool, or arguments that do not fit: the model can do better the next time.
    if (const auto* error = std::get_if<RpcError>(&*reply)) {
        const auto message = words_.said(error->message).substr(0, settings_.max_result_bytes);
        co_return error_result(fmt::format("error {}: {}", error->code, message));
    }
    auto result = mcp_tool_result(std::get<RpcJson>(*reply), settings_.max_result_bytes);
    if (!result) co_return words_.failure(result.error().kind, result.error().message);
    result->content = words_.said(std::move(result->content));
    co_return result;
}

Task<void> McpServer::close() {
    closed_ = true;
    const auto transport = transport_;
    if (transport) co_await transport->close();
}

void check(const ToolServerSettings& settings) {
    if (settings.command.empty() == settings.url.empty())
        throw std::invalid_argument("a tool server needs either a command or a url");
    if (!settings.command.empty() && settings.command.front().empty())
        throw std::invalid_argument("a tool server's command must name a program");
    if (!settings.url.empty()) {
        const auto url = parse_url(settings.url);
        if (!url) throw std::invalid_argument("a tool server's url: " + url.error().message);
    }
    for (const auto& [name, value] : settings.environment) {
        const bool odd = name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos;
        if (odd || value.find('\0') != std::string::npos)
            throw std::invalid_argument("a tool server's environment holds a name or value that can't be in one");
    }
    if (settings.timeout.count() <= 0) throw std::invalid_argument("a tool server's timeout must be above zero");
}

}  // namespace

std::unique_ptr<ToolServer> make_tool_server(ToolServerSettings settings, asio::any_io_executor executor) {
    check(settings);
    return std::make_unique<McpServer>(std::move(settings), std::move(executor));
}

}  // namespace enough
