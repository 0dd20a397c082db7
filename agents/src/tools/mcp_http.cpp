#include "tools/mcp_http.hpp"

#include "async/occasion.hpp"
#include "async/uncancelled.hpp"
#include "failure_kind.hpp"
#include "tools/rpc_calls.hpp"
#include "tools/tool_server_words.hpp"

#include <enough/async/task_group.hpp>
#include <enough/async/with_deadline.hpp>
#include <enough/net/http_client.hpp>
#include <enough/net/sse_parser.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <exception>
#include <map>
#include <string_view>
#include <utility>

namespace enough {
namespace {

using std::chrono::milliseconds;
using ExchangePtr = std::unique_ptr<HttpExchange>;

constexpr milliseconds aside_limit{2'000};  // for what nobody waits for: notifications, the end
constexpr std::size_t most_refusal_bytes = 4 * 1024;
constexpr std::size_t longest_id = 1024;
constexpr const char* conversation_header = "Mcp-Session-Id";
constexpr std::array<std::string_view, 5> own_headers{"Content-Type", "Accept", conversation_header,
                                                      "MCP-Protocol-Version", "Last-Event-ID"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

bool is_own(const std::string& header) {
    const auto same = [&](std::string_view own) { return lower(own) == lower(header); };
    return std::any_of(own_headers.begin(), own_headers.end(), same);
}

bool is_visible(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

FailureKind kind_of(int status) {
    if (status == 401 || status == 403) return FailureKind::unauthorized;
    if (status == 429) return FailureKind::rate_limited;
    if (status == 503) return FailureKind::overloaded;
    if (status >= 500) return FailureKind::server_error;
    return status >= 400 ? FailureKind::bad_request : FailureKind::bad_response;
}

class McpHttp final : public McpTransport {
public:
    McpHttp(const ToolServerSettings& settings, const asio::any_io_executor& executor)
        : settings_(settings),
          words_(settings),
          client_(executor, client_settings()),
          calls_(executor, [this](std::int64_t id) { take_back(id); }),
          closed_(executor),
          group_(executor) {}

    Task<Result<RpcReply>> ask(std::string method, RpcJson params, Deadline deadline) override;
    Task<Result<void>> agreed(std::string version, Deadline deadline) override;
    bool over() const override { return lost_.has_value(); }
    bool forgotten() const override { return forgotten_; }
    Task<void> close() override;

private:
    static HttpClientSettings client_settings() {
        HttpClientSettings out;
        out.max_body_bytes = 4 * mcp_max_message_bytes;  // a stream may carry more than one message
        return out;
    }

    HttpRequest make_request(const std::string& method, std::string body) const;
    void send_aside(std::string message);
    void take_back(std::int64_t id);

    Task<void> announce(std::int64_t id, std::string method);
    Task<Result<RpcReply>> deliver(std::string method);
    Task<void> exchange(std::int64_t id, std::string method, std::string message);
    Task<Result<RpcReply>> converse(std::int64_t id, std::string method, std::string message);
    Task<Result<RpcReply>> read_reply(ExchangePtr exchange, std::int64_t id, std::string method);
    Task<Result<RpcReply>> read_stream(ExchangePtr exchange, std::int64_t id, std::string method);
    Task<Failure> refused(ExchangePtr exchange, std::string method);
    Task<void> aside(HttpRequest request);
    Task<void> try_aside(HttpRequest request);
    Task<void> shut_down();

    std::optional<RpcReply> find_reply(const std::string& text, std::int64_t id);
    Failure no_answer(const std::string& method) const;
    void lose(const Failure& failure);

    ToolServerSettings settings_;
    ToolServerWords words_;
    HttpClient client_;
    RpcCalls calls_;
    std::map<std::int64_t, TaskGroup::Id> exchanges_;
    std::string id_;  // the server's name for this conversation
    std::string version_;
    bool agreed_ = false;
    std::optional<Failure> lost_;
    bool forgotten_ = false;
    bool closing_ = false;
    Occasion closed_;
    TaskGroup group_;
};

Task<Result<RpcReply>> McpHttp::ask(std::string method, RpcJson params, Deadline deadline) {
    if (lost_) co_return *lost_;
    RpcCalls::Call call(calls_);
    exchanges_[call.id()] = group_.spawn(exchange(call.id(), method, rpc_request(call.id(), method, params)));
    const bool settled = co_await call.settled(deadline);
    if (!settled) co_return words_.timed_out(method);
    exchanges_.erase(call.id());
    co_return call.outcome();
}

// Its connection is closed, which by itself does not tell the server that nobody waits any more.
void McpHttp::take_back(std::int64_t id) {
    const auto found = exchanges_.find(id);
    if (found != exchanges_.end()) {
        group_.cancel(found->second);
        exchanges_.erase(found);
    }
    if (!agreed_) return;
    const RpcJson params{{"requestId", id}, {"reason", "nobody waits for it any more"}};
    send_aside(rpc_notification("notifications/cancelled", params));
}

Task<Result<void>> McpHttp::agreed(std::string version, Deadline deadline) {
    version_ = std::move(version);
    const std::string method = "notifications/initialized";
    RpcCalls::Call call(calls_);
    exchanges_[call.id()] = group_.spawn(announce(call.id(), method));
    const bool settled = co_await call.settled(deadline);
    if (!settled) co_return words_.timed_out(method);
    exchanges_.erase(call.id());
    const auto outcome = call.outcome();
    if (!outcome) co_return outcome.error();
    agreed_ = true;
    co_return Result<void>();
}

// A notification whose arrival is waited for, as if it were a request.
Task<void> McpHttp::announce(std::int64_t id, std::string method) {
    auto outcome = co_await deliver(std::move(method));
    calls_.settle(id, std::move(outcome));
}

Task<Result<RpcReply>> McpHttp::deliver(std::string method) {
    auto request = make_request("POST", rpc_notification(method, RpcJson::object()));
    auto sent = co_await client_.send(std::move(request), settings_.timeout, Deadline::never());
    if (!sent) co_return words_.located(std::move(sent).error());
    const int status = (*sent)->status();
    if (status >= 200 && status < 300) co_return RpcReply(RpcJson());
    co_return co_await refused(std::move(*sent), std::move(method));
}

HttpRequest McpHttp::make_request(const std::string& method, std::string body) const {
    HttpRequest request;
    request.method = method;
    request.url = settings_.url;
    for (const auto& [name, value] : settings_.headers) {
        if (!is_own(name)) request.headers.emplace_back(name, value);
    }
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json, text/event-stream");
    if (!id_.empty()) request.headers.emplace_back(conversation_header, id_);
    if (!version_.empty()) request.headers.emplace_back("MCP-Protocol-Version", version_);
    request.body = std::move(body);
    return request;
}

void McpHttp::send_aside(std::string message) {
    if (!closing_ && !lost_) group_.spawn(aside(make_request("POST", std::move(message))));
}

Task<void> McpHttp::try_aside(HttpRequest request) {
    co_await client_.send(std::move(request), aside_limit, Deadline::after(aside_limit));
}

// What comes of it changes nothing.
Task<void> McpHttp::aside(HttpRequest request) {
    Task<void> attempt = try_aside(std::move(request));
    try {
        co_await with_deadline(std::move(attempt), Deadline::after(aside_limit));
    } catch (const DeadlineExceeded&) {
        co_return;
    }
}

Task<void> McpHttp::exchange(std::int64_t id, std::string method, std::string message) {
    auto outcome = co_await converse(id, std::move(method), std::move(message));
    calls_.settle(id, std::move(outcome));
}

// Without a deadline of its own: it is cancelled when nobody waits any more.
Task<Result<RpcReply>> McpHttp::converse(std::int64_t id, std::string method, std::string message) {
    auto sent = co_await client_.send(make_request("POST", std::move(message)), settings_.timeout, Deadline::never());
    if (!sent) co_return words_.located(std::move(sent).error());
    auto exchange = std::move(*sent);
    const int status = exchange->status();
    if (status < 200 || status >= 300) {
        auto failure = co_await refused(std::move(exchange), method);
        if (status == 404 && !id_.empty()) {
            forgotten_ = true;
            lose(failure);
        }
        co_return failure;
    }
    if (method == "initialize") {
        id_ = exchange->header(conversation_header).value_or("");
        if (id_.size() > longest_id || !is_visible(id_)) {
            id_.clear();
            co_return words_.failure(FailureKind::bad_response, "gave an id of the conversation that is none");
        }
    }
    co_return co_await read_reply(std::move(exchange), id, std::move(method));
}

Task<Result<RpcReply>> McpHttp::read_reply(ExchangePtr exchange, std::int64_t id, std::string method) {
    const auto type = lower(exchange->header("content-type").value_or(""));
    if (type.starts_with("text/event-stream"))
        co_return co_await read_stream(std::move(exchange), id, std::move(method));
    std::string body;
    for (;;) {
        auto piece = co_await exchange->read_some(Deadline::never());
        if (!piece) co_return words_.located(std::move(piece).error());
        if (piece->empty()) break;
        body += *piece;
        if (body.size() > mcp_max_message_bytes) {
            co_return words_.failure(FailureKind::bad_response,
                                     fmt::format("sent a message of more than {} bytes", mcp_max_message_bytes));
        }
    }
    auto reply = find_reply(body, id);
    if (!reply) co_return no_answer(method);
    co_return std::move(*reply);
}

Task<Result<RpcReply>> McpHttp::read_stream(ExchangePtr exchange, std::int64_t id, std::string method) {
    SseParser parser(mcp_max_message_bytes);
    for (;;) {
        const auto piece = co_await exchange->read_some(Deadline::never());
        if (!piece) co_return words_.located(piece.error());
        if (piece->empty()) co_return no_answer(method);
        const auto events = parser.feed(*piece);
        if (!events) co_return words_.located(events.error());
        for (const auto& event : *events) {
            auto reply = find_reply(event.data, id);
            if (reply) co_return std::move(*reply);
        }
    }
}

// The reply to our request, if it is among the messages of a text; the server's own requests are answered on the way.
std::optional<RpcReply> McpHttp::find_reply(const std::string& text, std::int64_t id) {
    std::optional<RpcReply> reply;
    const auto messages = parse_rpc(text);
    for (std::size_t i = 0; messages && i < messages->size(); ++i) {
        const auto& message = (*messages)[i];
        const auto* response = std::get_if<RpcResponse>(&message);
        if (response != nullptr && response->id == id) reply = response->reply;
        if (const auto* request = std::get_if<RpcRequest>(&message)) send_aside(rpc_answer(*request));
    }
    return reply;
}

Failure McpHttp::no_answer(const std::string& method) const {
    return words_.failure(FailureKind::bad_response,
                          fmt::format("did not answer {} with a response to it; is the URL that "
                                      "of an MCP server with streamable HTTP?",
                                      method));
}

Task<Failure> McpHttp::refused(ExchangePtr exchange, std::string method) {
    std::string body;
    while (body.size() < most_refusal_bytes) {
        const auto piece = co_await exchange->read_some(Deadline::after(aside_limit));
        if (!piece || piece->empty()) break;  // the status alone says enough
        body += *piece;
    }
    const int status = exchange->status();
    std::string_view advice;
    if (status == 401 || status == 403) advice = "; check its headers";
    if (status == 404 || status == 405) advice = "; is the URL that of an MCP server with streamable HTTP?";
    if (status >= 300 && status < 400) advice = "; redirects are not followed, so put the right address into url";
    const auto said = words_.excerpt(body);
    co_return words_.failure(kind_of(status), fmt::format("answered {} to {}{}{}{}", status, method,
                                                          said.empty() ? "" : ": ", said, advice));
}

void McpHttp::lose(const Failure& failure) {
    if (!lost_) lost_ = failure;
    calls_.fail_all(*lost_);
}

Task<void> McpHttp::shut_down() {
    const SetOnExit closed(closed_);
    lose(words_.failure(FailureKind::connect, "was closed"));
    if (!id_.empty() && !forgotten_) co_await aside(make_request("DELETE", std::string()));
    group_.cancel();
    co_await group_.join();
}

Task<void> McpHttp::close() {
    Task<void> work = std::exchange(closing_, true) ? closed_.wait() : shut_down();
    co_await uncancelled(std::move(work));
}

}  // namespace

std::shared_ptr<McpTransport> make_mcp_http(const ToolServerSettings& settings, const asio::any_io_executor& executor) {
    return std::make_shared<McpHttp>(settings, executor);
}

}  // namespace enough
