#pragma once

#include <enough/agents/failure.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

struct ResponseLimits {
    std::size_t header_bytes = 64 * 1024;
    std::size_t body_bytes = 256 * 1024 * 1024;
};

/// Reads one HTTP/1.1 response out of the bytes it is given, however they are cut. Knows nothing of sockets: whoever
/// owns one asks it what it can read, and gives it more when it has run out. Interim responses (1xx) are skipped.
class ResponseReader {
public:
    enum class Body {
        as_stated,  ///< what the header says
        none,       ///< the answer to HEAD or CONNECT, whatever its header says
    };

    /// `where` names the server in messages.
    ResponseReader(ResponseLimits limits, Body body, std::string where);
    ~ResponseReader();
    ResponseReader(ResponseReader&&) noexcept;

    /// Room for bytes from the connection, then how many were written there.
    boost::asio::mutable_buffer prepare();
    void commit(std::size_t bytes);

    /// True once the header is there; false if it needs more bytes.
    Result<bool> read_header();

    /// The next piece of the body. Empty if it needs more bytes, or is `done`.
    Result<std::string> read_body();

    /// No more bytes will come. `orderly` tells a close that was announced from one that was not (a TLS truncation).
    /// A failure if the message needed more.
    Result<void> end_of_stream(bool orderly);

    int status() const;
    std::optional<std::string> header(std::string_view name) const;
    bool started() const;   ///< at least one byte has come
    bool done() const;      ///< the message is complete
    bool reusable() const;  ///< done, and the connection can carry another message

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace enough
