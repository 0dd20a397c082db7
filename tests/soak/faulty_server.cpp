#include "soak/faulty_server.hpp"

#include "support/fake_openai.hpp"

#include <enough/async/task.hpp>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace enough::soak {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// The thread is joined and the context destroyed with the server: nothing outlives it.
void ends_with_the_context(const std::exception_ptr&) {}

constexpr milliseconds up{3'000};
constexpr milliseconds down{60};

std::string whole(int status, const std::string& headers, const std::string& body, std::size_t length) {
    return fmt::format("HTTP/1.1 {} Status\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", status,
                       headers, length, body);
}

std::string refusal(int status, const std::string& headers, const std::string& message) {
    const std::string body = nlohmann::json{{"error", {{"message", message}}}}.dump();
    return whole(status, headers, body, body.size());
}

/// How long to wait before asking again, in one of the two ways to say it.
std::string wish(std::uint64_t number) {
    return number % 8 == 0 ? "Retry-After: 1\r\n" : "retry-after-ms: 60\r\n";
}

std::string event(const std::string& data) {
    const std::string text = "data: " + data + "\n\n";
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

constexpr const char* stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

std::string_view name(Fault fault) {
    constexpr std::array<std::string_view, fault_kinds> names{
        "none", "reset unanswered", "reset in stream", "cut stream",       "429",      "500", "503", "stall", "garbage",
        "page", "slow drip",        "length too long", "length too short", "bad event"};
    return names.at(static_cast<std::size_t>(fault));
}

struct FaultyServer::State {
    State(std::uint64_t seed, double share) : random(seed), share_of_faults(share) {}

    Task<void> listen();
    Task<void> go_down_now_and_then();
    Task<void> serve(tcp::socket socket);
    Task<bool> answer(tcp::socket& socket, std::uint64_t number);
    Task<bool> misbehave(tcp::socket& socket, Fault fault, std::uint64_t number);
    Task<bool> stream(tcp::socket& socket, std::uint64_t number, int words, int until);
    Task<bool> send(tcp::socket& socket, std::string bytes);
    Task<bool> drip(tcp::socket& socket);
    Task<void> wait_for_close(tcp::socket& socket);
    Task<void> pause(milliseconds duration);

    Fault draw();
    int number_in(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); }
    void open() {
        acceptor.open(tcp::v4());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen();
        endpoint = acceptor.local_endpoint();
    }
    /// Somebody else may have taken the port meanwhile.
    bool open_again() {
        try {
            open();
            return true;
        } catch (const boost::system::system_error&) {
            acceptor.close();
            return false;
        }
    }
    template <class Change>
    void note(const Change& change) {
        const std::lock_guard lock(mutex);
        change(counts);
    }

    asio::io_context context{1};
    tcp::acceptor acceptor{context};
    tcp::endpoint endpoint{asio::ip::address_v4::loopback(), 0};
    std::mt19937_64 random;
    double share_of_faults;
    mutable std::mutex mutex;
    ServerCounts counts;
    std::thread thread;
};

Fault FaultyServer::State::draw() {
    if (std::uniform_real_distribution<double>(0, 1)(random) >= share_of_faults) return Fault::none;
    return static_cast<Fault>(number_in(1, static_cast<int>(fault_kinds) - 1));
}

Task<void> FaultyServer::State::listen() {
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(as_result);
        if (error) {  // down
            co_await pause(down);
            while (!open_again())
                co_await pause(down);
            continue;
        }
        note([](ServerCounts& all) { ++all.connections; });
        asio::co_spawn(context, serve(std::move(socket)), ends_with_the_context);
    }
}

Task<void> FaultyServer::State::go_down_now_and_then() {
    for (;;) {
        co_await pause(up);
        note([](ServerCounts& all) { ++all.times_down; });
        acceptor.close();
    }
}

Task<void> FaultyServer::State::pause(milliseconds duration) {
    asio::steady_timer timer(context, duration);
    co_await timer.async_wait(as_result);
}

Task<bool> FaultyServer::State::send(tcp::socket& socket, std::string bytes) {
    const auto [error, written] = co_await asio::async_write(socket, asio::buffer(bytes), as_result);
    co_return !error;
}

Task<void> FaultyServer::State::wait_for_close(tcp::socket& socket) {
    char byte = 0;
    co_await socket.async_read_some(asio::buffer(&byte, 1), as_result);
}

Task<void> FaultyServer::State::serve(tcp::socket socket) {
    std::string unread;
    for (bool open = true; open;) {
        auto buffer = asio::dynamic_buffer(unread, 1 << 20);
        const auto [error, head] = co_await asio::async_read_until(socket, buffer, "\r\n\r\n", as_result);
        if (error) co_return;
        const auto at = unread.find("Content-Length: ");
        const std::size_t length = at < head ? std::stoul(unread.substr(at + 16)) : 0;
        if (unread.size() < head + length) {
            const auto missing = asio::transfer_exactly(head + length - unread.size());
            const auto [cut, more] = co_await asio::async_read(socket, buffer, missing, as_result);
            if (cut) co_return;
        }
        unread.erase(0, head + length);
        std::uint64_t number = 0;
        note([&](ServerCounts& all) { number = all.requests++; });
        open = co_await answer(socket, number);
    }
}

/// False: the connection is over.
Task<bool> FaultyServer::State::answer(tcp::socket& socket, std::uint64_t number) {
    const Fault fault = draw();
    note([&](ServerCounts& all) { ++all.faults.at(static_cast<std::size_t>(fault)); });
    co_await pause(milliseconds(number_in(20, 250)));
    if (fault != Fault::none) co_return co_await misbehave(socket, fault, number);
    const int words = number_in(3, 30);
    co_return co_await stream(socket, number, words, words);
}

/// Words up to `until`; the end, too, if these are all.
Task<bool> FaultyServer::State::stream(tcp::socket& socket, std::uint64_t number, int words, int until) {
    const int choices = number_in(0, 2) == 0 ? 4 : 2;
    const std::string fingerprint = fmt::format(R"("system_fingerprint":"{}:{}",)", number, words);
    std::string bytes = stream_head;
    for (int word = 0; word < until; ++word) {
        const std::string text = word == 0 ? std::to_string(number_in(1, 3)) : " word";
        std::string chunk = test::word_chunk(text, choices);
        bytes += event(chunk.insert(1, fingerprint));
        if (word % 5 != 4) continue;
        note([](ServerCounts& all) { all.words_sent += 5; });
        if (!co_await send(socket, std::exchange(bytes, ""))) co_return false;
        co_await pause(milliseconds(number_in(1, 20)));
    }
    note([&](ServerCounts& all) { all.words_sent += static_cast<std::uint64_t>(until % 5); });
    if (until == words) {
        bytes += event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
        bytes += event(fmt::format(R"({{"choices":[],"usage":{{"prompt_tokens":10,"completion_tokens":{}}}}})", words));
        bytes += event("[DONE]") + "0\r\n\r\n";
    }
    co_return co_await send(socket, std::move(bytes));
}

Task<bool> FaultyServer::State::drip(tcp::socket& socket) {
    bool open = co_await send(socket, stream_head);
    while (open) {
        co_await pause(milliseconds(50));
        open = co_await send(socket, "2\r\n:\n\r\n");
    }
    co_return false;
}

Task<bool> FaultyServer::State::misbehave(tcp::socket& socket, Fault fault, std::uint64_t number) {
    const int words = number_in(10, 30);
    const int some = number_in(1, 9);
    boost::system::error_code ignored;
    switch (fault) {
        case Fault::none:
            co_return true;
        case Fault::reset_in_stream:
            co_await stream(socket, number, words, some);
            [[fallthrough]];
        case Fault::reset_unanswered:
            socket.set_option(asio::socket_base::linger(true, 0), ignored);
            co_return false;
        case Fault::cut_stream:
            co_await stream(socket, number, words, some);
            co_return false;
        case Fault::rate_limited:
            co_return co_await send(socket, refusal(429, wish(number), "too fast"));
        case Fault::server_error:
            co_return co_await send(socket, refusal(500, "", "broken"));
        case Fault::overloaded:
            co_return co_await send(socket, refusal(503, "", "busy"));
        case Fault::stall:
            co_await wait_for_close(socket);
            co_return false;
        case Fault::garbage:
            co_await send(socket, "\x16\x03\x01 no HTTP, whatever you may think of it\n");
            co_return false;
        case Fault::page:
            co_return co_await send(socket,
                                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n"
                                    "<html>please log in</htm");
        case Fault::slow_drip:
            co_return co_await drip(socket);
        case Fault::too_long:
            co_await send(socket, whole(200, "", R"({"choices":[)", 5'000));
            co_return false;
        case Fault::too_short:
            co_await send(socket, whole(200, "", R"({"choices":[{"message":{"content":"cut"}}]})", 20));
            co_return false;
        case Fault::bad_event:
            co_await send(socket, stream_head + event("{\"choices\": [nothing"));
            co_return false;
    }
    co_return false;
}

FaultyServer::FaultyServer(std::uint64_t seed, double share_of_faults)
    : state_(std::make_unique<State>(seed, share_of_faults)) {
    state_->open();
    asio::co_spawn(state_->context, state_->listen(), ends_with_the_context);
    asio::co_spawn(state_->context, state_->go_down_now_and_then(), ends_with_the_context);
    state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

FaultyServer::~FaultyServer() {
    state_->context.stop();
    state_->thread.join();
}

std::uint16_t FaultyServer::port() const {
    return state_->endpoint.port();
}

ServerCounts FaultyServer::counts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts;
}

}  // namespace enough::soak
