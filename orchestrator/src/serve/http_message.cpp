#include "serve/http_message.hpp"

#include <boost/beast/core/string.hpp>

namespace enough {

std::optional<std::string_view> ServerRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (boost::beast::iequals(key, name)) return value;
    return std::nullopt;
}

}  // namespace enough
