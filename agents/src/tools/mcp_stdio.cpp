#include "tools/mcp_stdio.hpp"

#include "async/occasion.hpp"
#include "async/uncancelled.hpp"
#include "net/line_buffer.hpp"
#include "tools/rpc_calls.hpp"
#include "tools/tool_server_words.hpp"

#include <enough/async/child_process.hpp>
#include <enough/async/task_group.hpp>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <exception>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds own_end_grace{1'000};  // for a program to end by itself, and then after SIGTERM
constexpr milliseconds rest_grace{500};       // for what an ended program wrote to arrive
constexpr std::size_t most_waiting_bytes = 64 * 1024 * 1024;
constexpr std::size_t last_words_bytes = 2048;

class McpStdio final : public McpTransport {
public:
    McpStdio(const ToolServerSettings& settings, const asio::any_io_executor& executor)
        : words_(settings),
          program_({settings.command, settings.environment}, executor),
          calls_(executor, [this](std::int64_t id) { take_back(id); }),
          to_write_(std::make_unique<Occasion>(executor)),
          output_over_(executor),
          errors_over_(executor),
          closed_(executor),
          executor_(executor),
          group_(executor) {
        group_.spawn(watch());
        group_.spawn(read_output());
        group_.spawn(read_errors());
        group_.spawn(write_input());
    }

    Task<Result<RpcReply>> ask(std::string method, RpcJson params, Deadline deadline) override;
    Task<Result<void>> agreed(std::string version, Deadline deadline) override;
    bool over() const override { return lost_.has_value(); }
    bool forgotten() const override { return false; }
    Task<void> close() override;

private:
    void send(std::string message);
    void take_back(std::int64_t id);
    void lose(const Failure& failure);
    void take_line(const std::string& line);
    void take(const RpcMessage& message);
    std::string last_words() const;
    std::string noise() const;

    Task<void> watch();
    Task<void> read_output();
    Task<void> read_errors();
    Task<void> write_input();
    Task<void> shut_down();

    ToolServerWords words_;
    ChildProcess program_;
    RpcCalls calls_;
    std::deque<std::string> outgoing_;  // whole lines
    std::size_t outgoing_bytes_ = 0;
    std::unique_ptr<Occasion> to_write_;  // set when there is something; then another one takes its place
    Occasion output_over_;
    Occasion errors_over_;
    Occasion closed_;
    std::string errors_;
    std::size_t lines_of_noise_ = 0;
    std::optional<Failure> lost_;
    bool agreed_ = false;
    bool closing_ = false;
    asio::any_io_executor executor_;
    TaskGroup group_;
};

Task<Result<RpcReply>> McpStdio::ask(std::string method, RpcJson params, Deadline deadline) {
    if (lost_) co_return *lost_;
    RpcCalls::Call call(calls_);
    send(rpc_request(call.id(), method, params));
    const bool settled = co_await call.settled(deadline);
    if (settled) co_return call.outcome();
    auto failure = words_.timed_out(method);
    failure.message += noise();
    co_return failure;
}

// What is written first is read first.
Task<Result<void>> McpStdio::agreed(std::string, Deadline) {
    agreed_ = true;
    send(rpc_notification("notifications/initialized", RpcJson::object()));
    co_return Result<void>();
}

void McpStdio::send(std::string message) {
    if (lost_) return;
    outgoing_bytes_ += message.size() + 1;
    if (outgoing_bytes_ > most_waiting_bytes) {
        lose(words_.failure(FailureKind::stream_cut, "does not read what it is sent"));
        return program_.kill();
    }
    outgoing_.push_back(std::move(message) + '\n');
    to_write_->set();
}

// A request for `initialize` must not be cancelled: whoever gives that up closes the conversation.
void McpStdio::take_back(std::int64_t id) {
    if (!agreed_) return;
    const RpcJson params{{"requestId", id}, {"reason", "nobody waits for it any more"}};
    send(rpc_notification("notifications/cancelled", params));
}

void McpStdio::lose(const Failure& failure) {
    if (!lost_) lost_ = failure;
    calls_.fail_all(*lost_);
}

std::string McpStdio::last_words() const {
    const auto shown = words_.excerpt(errors_.size() <= ServerText::max_length
                                          ? std::string_view(errors_)
                                          : std::string_view(errors_).substr(errors_.size() - ServerText::max_length));
    return shown.empty() ? "" : "; its last words: " + shown;
}

std::string McpStdio::noise() const {
    if (lines_of_noise_ == 0) return {};
    return fmt::format("; it wrote {} line{} to its standard output that {} no message", lines_of_noise_,
                       lines_of_noise_ == 1 ? "" : "s", lines_of_noise_ == 1 ? "is" : "are");
}

void McpStdio::take_line(const std::string& line) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    const auto messages = parse_rpc(line);
    if (!messages) ++lines_of_noise_;
    for (std::size_t i = 0; messages && i < messages->size(); ++i)
        take((*messages)[i]);
}

void McpStdio::take(const RpcMessage& message) {
    if (const auto* response = std::get_if<RpcResponse>(&message)) calls_.settle(response->id, response->reply);
    if (const auto* request = std::get_if<RpcRequest>(&message)) send(rpc_answer(*request));
}

// Says how the program ended, once all that it wrote has been read.
Task<void> McpStdio::watch() {
    co_await program_.ended();
    const auto until = Deadline::after(rest_grace);
    co_await output_over_.wait(until);
    co_await errors_over_.wait(until);
    lose(words_.failure(FailureKind::stream_cut, *program_.end() + last_words()));
}

Task<void> McpStdio::read_output() {
    std::string piece(64 * 1024, '\0');
    LineBuffer lines(mcp_max_message_bytes);
    boost::system::error_code error;
    for (bool fits = true; fits && !error;) {
        const auto read = co_await program_.output().async_read_some(asio::buffer(piece),
                                                                     asio::redirect_error(asio::use_awaitable, error));
        fits = lines.feed(std::string_view(piece).substr(0, read));
        while (const auto line = lines.next())
            take_line(*line);
        if (!fits) {
            lose(words_.failure(FailureKind::bad_response,
                                fmt::format("wrote a line of more than {} bytes", mcp_max_message_bytes)));
            program_.kill();
        }
    }
    output_over_.set();
    // A server that has closed its output can answer nothing.
    if (!closing_) co_await program_.stop(own_end_grace);
}

Task<void> McpStdio::read_errors() {
    std::array<char, 4096> piece{};
    boost::system::error_code error;
    while (!error) {
        const auto read = co_await program_.errors().async_read_some(asio::buffer(piece),
                                                                     asio::redirect_error(asio::use_awaitable, error));
        errors_.append(piece.data(), read);
        if (errors_.size() > last_words_bytes) errors_.erase(0, errors_.size() - last_words_bytes);
    }
    errors_over_.set();
}

Task<void> McpStdio::write_input() {
    boost::system::error_code error;
    while (!error) {
        while (outgoing_.empty()) {
            co_await to_write_->wait();
            to_write_ = std::make_unique<Occasion>(executor_);
        }
        const std::string message = std::move(outgoing_.front());
        outgoing_.pop_front();
        co_await asio::async_write(program_.input(), asio::buffer(message),
                                   asio::redirect_error(asio::use_awaitable, error));
        outgoing_bytes_ -= message.size();
    }
}

Task<void> McpStdio::shut_down() {
    const SetOnExit closed(closed_);
    lose(words_.failure(FailureKind::connect, "was closed"));
    co_await program_.stop(own_end_grace);
    group_.cancel();
    co_await group_.join();
}

Task<void> McpStdio::close() {
    Task<void> work = std::exchange(closing_, true) ? closed_.wait() : shut_down();
    co_await uncancelled(std::move(work));
}

}  // namespace

Result<std::shared_ptr<McpTransport>> start_mcp_stdio(const ToolServerSettings& settings,
                                                      const asio::any_io_executor& executor) {
    try {
        return std::make_shared<McpStdio>(settings, executor);
    } catch (const std::exception& error) {
        return ToolServerWords(settings).failure(FailureKind::connect, fmt::format("did not start: {}", error.what()));
    }
}

}  // namespace enough
