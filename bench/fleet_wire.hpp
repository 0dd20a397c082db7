#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// The client's side of NATS, as far as the simulated fleet speaks it: one socket and no thread per connection, so that
// thousands fit one process (libnats starts threads for each).
// The protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol
namespace enough::bench {

namespace asio = boost::asio;
using asio::ip::tcp;

struct WireMessage {
    std::string_view subject;
    std::string_view reply;
    std::string_view headers;  ///< with "NATS/1.0 404 …" where the server answers with a status
    std::string_view payload;

    /// The server's status, 0 for none.
    int status() const {
        int value = 0;
        if (headers.size() > 12) std::from_chars(headers.data() + 9, headers.data() + 12, value);
        return value;
    }
};

struct Traffic {
    std::uint64_t sent = 0, received = 0;  ///< messages
    std::uint64_t bytes_sent = 0, bytes_received = 0;
};

/// Not to be used after `close`. What is read or lost after it reaches nobody.
class Wire : public std::enable_shared_from_this<Wire> {
public:
    using Handler = std::function<void(const WireMessage&)>;

    Wire(asio::io_context& context, std::string name, Traffic& traffic)
        : socket_(context), name_(std::move(name)), inbox_("_INBOX." + name_ + "."), traffic_(traffic) {}

    void open(const tcp::endpoint& server, std::function<void()> ready) {
        socket_.async_connect(server, [self = shared_from_this(), ready](boost::system::error_code error) {
            if (error) throw std::runtime_error("connecting: " + error.message());
            self->socket_.set_option(tcp::no_delay(true));
            self->out_ +=
                "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,"
                "\"lang\":\"c++\",\"version\":\"1\",\"protocol\":1,\"name\":\"" +
                self->name_ + "\"}\r\n";
            self->subscribe(self->inbox_ + "*",
                            [raw = self.get()](const WireMessage& message) { raw->answered(message); });
            self->ready_ = ready;
            self->out_ += "PING\r\n";
            self->flush();
            self->read();
        });
    }

    void subscribe(const std::string& subject, Handler handler) {
        handlers_.push_back(std::move(handler));
        out_ += "SUB " + subject + " " + std::to_string(handlers_.size()) + "\r\n";
        flush();
    }

    void publish(std::string_view subject, std::string_view payload, std::string_view reply = {},
                 std::string_view headers = {}) {
        const std::size_t before = out_.size();
        out_ += headers.empty() ? "PUB " : "HPUB ";
        out_ += subject;
        out_ += ' ';
        if (!reply.empty()) (out_ += reply) += ' ';
        if (!headers.empty()) (out_ += std::to_string(headers.size())) += ' ';
        out_ += std::to_string(headers.size() + payload.size());
        out_ += "\r\n";
        out_ += headers;
        out_ += payload;
        out_ += "\r\n";
        ++traffic_.sent;
        traffic_.bytes_sent += out_.size() - before;
        flush();
    }

    /// `handler` gets what comes until it is forgotten; the answer of most requests is one message.
    std::uint64_t request(std::string_view subject, std::string_view payload, Handler handler,
                          std::string_view headers = {}) {
        const std::uint64_t number = ++requests_;
        waiting_.emplace(number, std::move(handler));
        publish(subject, payload, inbox_ + std::to_string(number), headers);
        return number;
    }
    void forget(std::uint64_t request) { waiting_.erase(request); }

    void close() {
        closed_ = true;
        boost::system::error_code ignored;
        socket_.close(ignored);
        waiting_.clear();
    }
    bool closed() const { return closed_; }
    const std::string& name() const { return name_; }

private:
    void answered(const WireMessage& message) {
        std::uint64_t number = 0;
        const std::string_view token = message.subject.substr(inbox_.size());
        std::from_chars(token.data(), token.data() + token.size(), number);
        const auto found = waiting_.find(number);
        if (found == waiting_.end()) return;
        const Handler handler = found->second;
        handler(message);
    }

    void flush() {
        if (writing_ || out_.empty() || closed_) return;
        writing_ = true;
        asio::post(socket_.get_executor(), [self = shared_from_this()] { self->write(); });
    }

    void write() {
        if (closed_) return;
        on_wire_.clear();
        std::swap(on_wire_, out_);
        asio::async_write(socket_, asio::buffer(on_wire_),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                              self->writing_ = false;
                              if (error) return self->lost(error);
                              self->flush();
                          });
    }

    void read() {
        socket_.async_read_some(asio::buffer(chunk_),
                                [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                                    if (self->closed_) return;
                                    if (error) return self->lost(error);
                                    self->in_.append(self->chunk_.data(), size);
                                    self->parse();
                                    if (!self->closed_) self->read();
                                });
    }

    void lost(boost::system::error_code error) {
        if (!closed_) throw std::runtime_error("the connection of " + name_ + ": " + error.message());
    }

    void parse() {
        std::size_t at = 0;
        while (!closed_) {
            const std::size_t end = in_.find("\r\n", at);
            if (end == std::string::npos) break;
            const std::string_view line = std::string_view(in_).substr(at, end - at);
            if (line.starts_with("MSG ") || line.starts_with("HMSG ")) {
                const std::size_t next = message(line, end + 2);
                if (next == 0) break;
                traffic_.bytes_received += next - at;
                at = next;
                continue;
            }
            if (line == "PING") out_ += "PONG\r\n", flush();
            if (line == "PONG" && ready_) std::exchange(ready_, nullptr)();
            if (line.starts_with("-ERR")) throw std::runtime_error(name_ + ": " + std::string(line));
            at = end + 2;
        }
        in_.erase(0, at);
    }

    /// Where the next line begins; 0 if the message is not whole yet.
    std::size_t message(std::string_view line, std::size_t begin) {
        std::array<std::string_view, 6> words;
        std::size_t count = 0;
        for (std::size_t at = 0; at < line.size() && count < words.size();) {
            const std::size_t space = std::min(line.find(' ', at), line.size());
            words[count++] = line.substr(at, space - at);
            at = space + 1;
        }
        const bool with_headers = words[0] == "HMSG";
        const auto number = [&](std::size_t from_end) {
            std::size_t value = 0;
            const std::string_view word = words[count - from_end];
            std::from_chars(word.data(), word.data() + word.size(), value);
            return value;
        };
        const std::size_t size = number(1);
        const std::size_t header = with_headers ? number(2) : 0;
        if (in_.size() < begin + size + 2) return 0;
        WireMessage message;
        message.subject = words[1];
        if (count == (with_headers ? 6U : 5U)) message.reply = words[3];
        message.headers = std::string_view(in_).substr(begin, header);
        message.payload = std::string_view(in_).substr(begin + header, size - header);
        std::size_t sid = 0;
        std::from_chars(words[2].data(), words[2].data() + words[2].size(), sid);
        ++traffic_.received;
        if (sid >= 1 && sid <= handlers_.size()) handlers_[sid - 1](message);
        return begin + size + 2;
    }

    tcp::socket socket_;
    std::string name_;
    std::string inbox_;
    Traffic& traffic_;
    std::function<void()> ready_;
    std::vector<Handler> handlers_;
    std::unordered_map<std::uint64_t, Handler> waiting_;
    std::uint64_t requests_ = 0;
    std::string out_, on_wire_, in_;
    std::array<char, 16384> chunk_{};
    bool writing_ = false;
    bool closed_ = false;
};

}  // namespace enough::bench
