#include "net/request_head.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 7> decided_here = {
    "host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "proxy-authorization"};

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Failure bad_request(std::string message) {
    Failure failure;
    failure.kind = FailureKind::bad_request;
    failure.message = std::move(message);
    return failure;
}

bool has_header(const HttpRequest& request, std::string_view name) {
    return std::ranges::any_of(request.headers, [&](const auto& header) { return same_name(header.first, name); });
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Result<std::string> request_head(const HttpRequest& request, const Url& url, TargetForm form,
                                 const std::string& proxy_authorization) {
    if (!is_token(request.method)) return bad_request("bad HTTP method");
    std::string head =
        request.method + " " + (form == TargetForm::absolute ? url.absolute() : url.target) + " HTTP/1.1\r\n";
    append_header(head, "Host", url.origin.host_header());
    append_header(head, "Accept-Encoding", "identity");
    if (!has_header(request, "User-Agent")) append_header(head, "User-Agent", "enough");
    if (!proxy_authorization.empty()) append_header(head, "Proxy-Authorization", proxy_authorization);
    for (const auto& [name, value] : request.headers) {
        if (std::ranges::any_of(decided_here, [&](auto decided) { return same_name(name, decided); })) continue;
        if (!is_token(name)) return bad_request("a configured header's name holds characters that no name may have");
        if (!is_field_value(value)) return bad_request("the value of the header " + name + " holds a line break");
        append_header(head, name, value);
    }
    const bool has_no_body = request.body.empty() && (request.method == "GET" || request.method == "HEAD");
    if (!has_no_body) append_header(head, "Content-Length", std::to_string(request.body.size()));
    return head + "\r\n";
}

}  // namespace enough
