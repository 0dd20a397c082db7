#include "providers/http_protocol.hpp"

namespace enough {

HttpRequest HttpProtocol::request_in(const Dialect&, const Request& asked) const {
    return request(asked);
}

std::optional<HttpRequest> HttpProtocol::preparation(const Request&) const {
    return std::nullopt;
}

Result<HttpRequest> HttpProtocol::request_after(const std::string&, const Request& asked) const {
    return request(asked);
}

std::unique_ptr<AnswerReader> HttpProtocol::reader_after(const std::string&, const Request& asked) const {
    return reader(asked);
}

std::optional<Dialect> HttpProtocol::learn(const HttpRefusal& refusal, const Request& asked,
                                           const Dialect& used) const {
    return learn_about_logprobs(refusal, asked, used);
}

Failure HttpProtocol::failure(const HttpRefusal& refusal, const ServerText& server_text) const {
    return http_failure(refusal, origin(), server_text);
}

}  // namespace enough
