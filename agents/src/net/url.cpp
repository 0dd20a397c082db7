#include "net/url.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace enough {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

Failure bad_url(std::string_view what) {
    Failure failure;
    failure.kind = FailureKind::bad_request;
    failure.message = "bad URL: " + std::string(what) + "; expected http://HOST[:PORT]/... or https://...";
    return failure;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string host_of(const boost::urls::url_view& url) {
    // `host_address` is the address without brackets, or the decoded name.
    std::string host = lower(url.host_address());
    while (host.ends_with('.'))
        host.pop_back();
    return host;
}

/// What was decoded must not read as something else where it is written again: as an address, a port, a path.
bool is_host(const boost::urls::url_view& url, std::string_view host) {
    if (url.host_type() == boost::urls::host_type::ipv6) return true;
    return url.host_type() != boost::urls::host_type::ipvfuture && std::ranges::all_of(host, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
           });
}

}  // namespace

std::string Origin::authority() const {
    return bracketed(host) + ":" + std::to_string(port);
}

std::string Origin::host_header() const {
    return port == (tls ? https_port : http_port) ? bracketed(host) : authority();
}

bool Origin::is_loopback() const {
    if (host == "localhost" || host.ends_with(".localhost")) return true;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

std::string Url::absolute() const {
    return "http" + std::string(origin.tls ? "s" : "") + "://" + origin.host_header() + target;
}

Result<Url> parse_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
    if (!parsed) return bad_url("it is not an absolute URL");
    const auto& view = *parsed;

    Url url;
    switch (view.scheme_id()) {
        case boost::urls::scheme::http:
            break;
        case boost::urls::scheme::https:
            url.origin.tls = true;
            break;
        default:
            return bad_url("the scheme is neither http nor https");
    }
    url.origin.host = host_of(view);
    if (url.origin.host.empty()) return bad_url("it names no host");
    if (!is_host(view, url.origin.host)) return bad_url("the host name holds characters that no host name has");
    url.origin.port = url.origin.tls ? https_port : http_port;
    if (view.has_port() && !view.port().empty()) {
        if (view.port_number() == 0) return bad_url("the port is not a number from 1 to 65535");
        url.origin.port = view.port_number();
    }
    const std::string path(view.encoded_path().data(), view.encoded_path().size());
    // Boost.URL reads the rest of a bad port as a path.
    if (!path.empty() && path.front() != '/') return bad_url("the port is not a number from 1 to 65535");
    url.target = path.empty() ? "/" : path;
    if (view.has_query()) url.target += "?" + std::string(view.encoded_query().data(), view.encoded_query().size());
    if (view.has_userinfo()) url.user_info = view.userinfo();
    return url;
}

}  // namespace enough
