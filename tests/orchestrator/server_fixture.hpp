#pragma once

#include <enough/async/task_group.hpp>
#include <enough/net/http_client.hpp>
#include <enough/orchestrator/server.hpp>
#include <enough/workflows/load.hpp>

#include "support/run.hpp"

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

/// What a server answered.
struct Reply {
    int status = 0;
    std::string body;
    std::optional<std::string> run_id;
    std::optional<std::string> retry_after;

    nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string error() const { return json().value("/error/message"_json_pointer, std::string()); }
};

/// Talks to one server.
class ServerClient {
public:
    ServerClient(asio::any_io_executor executor, std::string address)
        : executor_(executor), address_(std::move(address)), client_(executor, direct()) {}

    Task<Reply> ask(std::string method, std::string path, std::string body = {}, std::string key = {}) {
        HttpRequest request;
        request.method = std::move(method);
        request.url = "http://" + address_ + path;
        if (!key.empty()) request.headers.emplace_back("Authorization", "Bearer " + key);
        request.body = std::move(body);
        auto exchange = co_await client_.send(std::move(request), std::chrono::seconds(10), limit());
        Reply reply;
        if (!exchange) co_return reply;
        reply.status = (*exchange)->status();
        reply.run_id = (*exchange)->header("x-enough-run-id");
        reply.retry_after = (*exchange)->header("retry-after");
        for (;;) {
            auto piece = co_await (*exchange)->read_some(limit());
            if (!piece || piece->empty()) break;
            reply.body += *piece;
        }
        co_return reply;
    }

    /// Bytes as they are, and what comes back until the server closes.
    Task<std::string> raw(std::string bytes) {
        asio::ip::tcp::socket socket = co_await connect();
        co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
        std::string answer;
        boost::system::error_code ended;
        co_await asio::async_read(socket, asio::dynamic_buffer(answer),
                                  asio::redirect_error(asio::use_awaitable, ended));
        co_return answer;
    }

    Task<asio::ip::tcp::socket> connect() {
        const std::size_t colon = address_.rfind(':');
        const auto port = static_cast<unsigned short>(std::stoi(address_.substr(colon + 1)));
        asio::ip::tcp::socket socket(executor_);
        const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
        co_await socket.async_connect(endpoint, asio::use_awaitable);
        co_return socket;
    }

private:
    static Deadline limit() { return Deadline::after(std::chrono::seconds(15)); }
    static HttpClientSettings direct() {
        HttpClientSettings settings;
        settings.environment = [](std::string_view) { return std::nullopt; };
        return settings;
    }

    asio::any_io_executor executor_;
    std::string address_;
    HttpClient client_;
};

using Visit = std::function<Task<void>(ServerClient*, Server*)>;

namespace detail {

inline Task<void> serve_and_visit(asio::any_io_executor executor, ServeSettings settings,
                                  std::vector<std::string> workflows, Visit visit) {
    Server server(executor, settings);
    std::vector<std::shared_ptr<const Workflow>> checked;
    for (const std::string& text : workflows)
        checked.push_back(parse_workflow(text));
    server.offer(checked);
    TaskGroup group(executor);
    group.spawn(server.serve());
    ServerClient client(executor, server.address());
    Task<void> visiting = visit(&client, &server);
    co_await std::move(visiting);
    group.cancel();
    co_await group.join();
}

}  // namespace detail

inline ServeSettings on_any_port() {
    ServeSettings settings;
    settings.port = 0;
    settings.drain_notice = std::chrono::milliseconds(0);
    return settings;
}

/// A server of these workflows while `visit` runs; it ends in order afterwards.
inline void with_server(std::vector<std::string> workflows, Visit visit, ServeSettings settings = on_any_port()) {
    run_with(
        [&](asio::any_io_executor executor) { return detail::serve_and_visit(executor, settings, workflows, visit); });
}

/// A cascade whose first answer is unsure and whose second stands.
inline constexpr const char* scripted_cascade = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{text: "a first draft", entropy: [1.9], repeat: true}]}
  large: {provider: scripted, answers: [{text: "it is 42", repeat: true}]}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, accept: 0.5}}
      - {agent: expert}
output: "{{ steps.solve.text }}"
)yaml";

/// The JSON of each event of a stream; `[DONE]` as a string.
inline std::vector<nlohmann::json> events_of(const std::string& stream) {
    std::vector<nlohmann::json> events;
    constexpr std::string_view data = "data: ";
    for (std::size_t at = stream.find(data); at != std::string::npos; at = stream.find(data, at + 1)) {
        const std::string line = stream.substr(at + data.size(), stream.find('\n', at) - at - data.size());
        events.push_back(line == "[DONE]" ? nlohmann::json("[DONE]") : nlohmann::json::parse(line));
    }
    return events;
}

inline std::string joined(const std::vector<nlohmann::json>& events, const char* field) {
    std::string text;
    for (const nlohmann::json& event : events)
        if (event.is_object() && event.contains("choices") && !event["choices"].empty())
            text += event["choices"][0]["delta"].value(field, std::string());
    return text;
}

inline std::string streamed(const std::string& options) {
    return fmt::format(R"({{"model": "cascade", "messages": [{{"role": "user", "content": "q"}}], "stream": true{}}})",
                       options);
}

inline constexpr const char* ask_cascade =
    R"({"model": "cascade", "messages": [{"role": "user", "content": "What is 6 * 7?"}]})";

}  // namespace enough::test
