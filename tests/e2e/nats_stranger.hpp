#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace enough::test {

/// Somebody who may use the server and keeps to no agreement: speaks NATS's own protocol over a bare socket
/// (https://docs.nats.io/reference/reference-protocols/nats-protocol).
class NatsStranger {
public:
    explicit NatsStranger(std::uint16_t port);
    ~NatsStranger();
    NatsStranger(const NatsStranger&) = delete;
    NatsStranger& operator=(const NatsStranger&) = delete;

    /// Returns once the server has it.
    void publish(const std::string& subject, const std::string& payload);

    void listen(const std::string& subject);
    struct Heard {
        std::string subject;
        std::string payload;
    };
    /// Of the subject listened to; absent if there is none for so long. Throws when the server is gone.
    std::optional<Heard> next(std::chrono::milliseconds limit = std::chrono::seconds(10));

private:
    void send(const std::string& bytes) const;
    std::string line();
    std::string bytes(std::size_t count);
    bool more(std::chrono::milliseconds limit);
    bool has_line(std::chrono::milliseconds limit);

    int socket_ = -1;
    std::string read_;
};

}  // namespace enough::test
