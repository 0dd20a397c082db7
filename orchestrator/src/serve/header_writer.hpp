#pragma once

#include "serve/http_message.hpp"

#include <utility>

namespace enough {

/// Adds the same headers to every response.
class HeaderWriter final : public ResponseWriter {
public:
    /// `writer` must outlive it.
    HeaderWriter(ResponseWriter& writer, HeaderList headers) : writer_(writer), headers_(std::move(headers)) {}

    Task<void> send(ServerResponse response) override { return writer_.send(with_headers(std::move(response))); }
    Task<void> begin(ServerResponse head) override { return writer_.begin(with_headers(std::move(head))); }
    Task<void> write(std::string piece) override { return writer_.write(std::move(piece)); }
    Task<void> finish() override { return writer_.finish(); }
    bool begun() const override { return writer_.begun(); }
    void note_key(const std::string& name) override { writer_.note_key(name); }

private:
    ServerResponse with_headers(ServerResponse response) const {
        response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
        return response;
    }

    ResponseWriter& writer_;
    HeaderList headers_;
};

}  // namespace enough
