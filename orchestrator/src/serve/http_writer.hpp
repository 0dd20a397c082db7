#pragma once

#include "serve/http_message.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace enough {

/// Writes one response to a socket, each piece within a time. HTTP/1.0 clients get streams that end with the
/// connection.
class HttpWriter final : public ResponseWriter {
public:
    HttpWriter(asio::ip::tcp::socket& socket, std::chrono::milliseconds write_time, unsigned version, bool keep_alive,
               bool head)
        : socket_(socket), write_time_(write_time), version_(version), keep_alive_(keep_alive), head_(head) {}

    Task<void> send(ServerResponse response) override;
    Task<void> begin(ServerResponse head) override;
    Task<void> write(std::string piece) override;
    Task<void> finish() override;
    bool begun() const override { return begun_; }

    /// The whole response has been written.
    bool complete() const { return complete_; }
    bool keeps_alive() const { return keep_alive_; }

private:
    bool chunked() const { return version_ >= 11; }
    Task<void> put(std::string bytes);

    asio::ip::tcp::socket& socket_;
    std::chrono::milliseconds write_time_;
    unsigned version_;
    bool keep_alive_;
    bool head_;
    bool begun_ = false;
    bool complete_ = false;
};

}  // namespace enough
