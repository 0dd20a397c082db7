#pragma once

#include "providers/endpoint.hpp"
#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

namespace enough {

/// OpenAI's chat completions, as its own and many other servers speak them.
class OpenAiChat final : public HttpProtocol {
public:
    /// Throws `std::invalid_argument` for settings that can never work.
    explicit OpenAiChat(OpenAiSettings settings);

    std::string origin() const override { return endpoint_.origin; }
    HttpRequest request(const Request& request) const override;
    HttpRequest request_in(const Dialect& dialect, const Request& request) const override;
    std::unique_ptr<AnswerReader> reader(const Request& request) const override;
    Dialect dialect() const override;
    std::optional<Dialect> learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used) const override;

private:
    OpenAiSettings settings_;
    Endpoint endpoint_;
    HttpHeaders headers_;
    ServerText server_text_;
};

}  // namespace enough
