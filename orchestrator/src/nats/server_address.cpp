#include "nats/server_address.hpp"

#include <fmt/format.h>
#include <boost/url/parse.hpp>

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace enough::nats {
namespace {

std::string without_secrets(const std::string& text) {
    const auto at = text.rfind('@');
    if (at == std::string::npos) return text;
    const auto scheme = text.find("://");
    const std::string begin = scheme != std::string::npos && scheme < at ? text.substr(0, scheme + 3) : std::string();
    return begin + "…@" + text.substr(at + 1);
}

Error no_address(const std::string& text) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is no address of a NATS server; it looks like nats://HOST:4222 or "
                             "tls://HOST:4222",
                             without_secrets(text).substr(0, 200))};
}

bool is_port(std::string_view text) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0;
}

}  // namespace

Result<ServerAddress> read_server_address(const std::string& text) {
    const std::string full = text.find("://") == std::string::npos ? "nats://" + text : text;
    const auto parsed = boost::urls::parse_uri(full);
    if (!parsed) return no_address(text);
    const boost::urls::url_view url = *parsed;
    const bool tls = url.scheme() == "tls";
    if (!tls && url.scheme() != "nats") return no_address(text);
    const bool path = !url.encoded_path().empty() && url.encoded_path() != "/";
    if (url.encoded_host().empty() || path || url.has_query() || url.has_fragment()) return no_address(text);
    if (url.has_port() && !is_port(std::string_view(url.port()))) return no_address(text);
    const std::string host = std::string(url.encoded_host());
    const std::string port = url.has_port() ? std::string(url.port()) : "4222";
    ServerAddress address;
    // libnats knows no other scheme, and takes TLS from its options.
    address.url =
        fmt::format("nats://{}{}:{}", url.has_userinfo() ? std::string(url.encoded_userinfo()) + "@" : "", host, port);
    address.host = url.host_address();
    address.shown = fmt::format("{}:{}", host, port);
    address.tls = tls;
    return address;
}

}  // namespace enough::nats
