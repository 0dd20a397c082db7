#include "serve/request_guard.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

#include <string_view>

namespace enough {
namespace {

std::string_view without_port(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon))
        host = host.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return host;
}

bool names_loopback(std::string_view host) {
    const std::string_view name = without_port(host);
    if (boost::beast::iequals(name, "localhost")) return true;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(name, error);
    return !error && address.is_loopback();
}

}  // namespace

std::optional<ApiError> RequestGuard::refusal(const ServerRequest& request) const {
    const std::string_view host = request.header("host").value_or("");
    if (loopback_names_only && !host.empty() && !names_loopback(host))
        return ApiError{.status = 403,
                        .message = "without keys this server answers to localhost and loopback addresses only",
                        .code = "foreign_host"};
    const auto origin = request.header("origin");
    if (!origin || allowed_origin == "*" || *origin == allowed_origin) return std::nullopt;
    const std::size_t scheme = origin->find("://");
    if (scheme != std::string_view::npos && boost::beast::iequals(origin->substr(scheme + 3), host))
        return std::nullopt;
    return ApiError{
        .status = 403, .message = "pages of other sites may not ask (--cors ORIGIN)", .code = "foreign_origin"};
}

HeaderList RequestGuard::headers() const {
    HeaderList headers(1, {"X-Content-Type-Options", "nosniff"});
    if (allowed_origin.empty()) return headers;
    headers.emplace_back("Access-Control-Allow-Origin", allowed_origin);
    headers.emplace_back("Access-Control-Expose-Headers", "x-enough-run-id, Location, Retry-After");
    if (allowed_origin != "*") headers.emplace_back("Vary", "Origin");
    return headers;
}

bool RequestGuard::is_preflight(const ServerRequest& request) {
    return request.method == "OPTIONS" && request.header("origin") && request.header("access-control-request-method");
}

}  // namespace enough
