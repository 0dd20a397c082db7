#include "e2e/nats_stranger.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <stdexcept>

namespace enough::test {
namespace {

constexpr std::chrono::seconds patience{10};

}  // namespace

NatsStranger::NatsStranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets take addresses
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the stranger reaches no NATS server");
    send("CONNECT {\"verbose\":false}\r\n");
}

NatsStranger::~NatsStranger() {
    ::close(socket_);
}

void NatsStranger::publish(const std::string& subject, const std::string& payload) {
    send("PUB " + subject + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\nPING\r\n");
    for (std::string text = line(); text != "PONG"; text = line())
        if (text.starts_with("-ERR")) throw std::runtime_error(text);
}

void NatsStranger::listen(const std::string& subject) {
    send("SUB " + subject + " 1\r\nPING\r\n");
    while (line() != "PONG") {
    }
}

std::optional<NatsStranger::Heard> NatsStranger::next(std::chrono::milliseconds limit) {
    while (has_line(limit)) {
        std::istringstream words(line());
        std::string verb;
        std::string subject;
        words >> verb >> subject;
        if (verb == "PING") send("PONG\r\n");
        if (verb != "MSG" && verb != "HMSG") continue;
        std::size_t headers = 0;
        std::size_t size = 0;
        std::string word;
        while (words >> word) {
            headers = size;
            size = word.find_first_not_of("0123456789") == std::string::npos ? std::stoul(word) : 0;
        }
        if (verb == "MSG") headers = 0;
        const std::string payload = bytes(size + 2);
        return Heard{subject, payload.substr(headers, size - headers)};
    }
    return std::nullopt;
}

void NatsStranger::send(const std::string& bytes) const {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) throw std::runtime_error("the NATS server hangs up on the stranger");
        sent += static_cast<std::size_t>(count);
    }
}

/// False if nothing comes for so long.
bool NatsStranger::more(std::chrono::milliseconds limit) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return false;
    std::array<char, 16'384> buffer{};
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0) throw std::runtime_error("the NATS server hangs up on the stranger");
    read_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

bool NatsStranger::has_line(std::chrono::milliseconds limit) {
    while (read_.find("\r\n") == std::string::npos)
        if (!more(limit)) return false;
    return true;
}

std::string NatsStranger::line() {
    if (!has_line(patience)) throw std::runtime_error("the NATS server says nothing to the stranger");
    const std::size_t end = read_.find("\r\n");
    std::string text = read_.substr(0, end);
    read_.erase(0, end + 2);
    return text;
}

std::string NatsStranger::bytes(std::size_t count) {
    while (read_.size() < count)
        if (!more(patience)) throw std::runtime_error("the NATS server says nothing to the stranger");
    std::string text = read_.substr(0, count);
    read_.erase(0, count);
    return text;
}

}  // namespace enough::test
