#include "serve/http_message.hpp"

#include <boost/beast/core/string.hpp>
#include <nlohmann/json.hpp>

namespace enough {

std::optional<std::string_view> ServerRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (boost::beast::iequals(key, name)) return value;
    return std::nullopt;
}

ServerResponse json_response(const nlohmann::ordered_json& body, int status) {
    return ServerResponse(status, body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

ServerResponse event_stream() {
    ServerResponse head(200, "", "text/event-stream");
    head.headers.emplace_back("Cache-Control", "no-cache");
    head.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would collect the stream otherwise
    return head;
}

}  // namespace enough
