#include "serve/web_page.hpp"

#include "header_list.hpp"

#include <algorithm>
#include <string>

namespace enough {
namespace {

// No other origin is ever asked, and a text that a model wrote can't become a script.
constexpr const char* policy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

/// RFC 9110, 12.5.3: `gzip`, with a weight that is not zero if it has one.
bool takes_gzip(std::string_view accept_encoding) {
    for (const std::string_view entry : list_members(accept_encoding)) {
        if (trimmed(entry.substr(0, entry.find(';'))) != "gzip") continue;
        const auto weight = entry.find("q=");
        return weight == std::string_view::npos ||
               entry.substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
    }
    return false;
}

/// RFC 9110, 13.1.2: weak comparison.
bool known_already(std::string_view if_none_match, std::string_view etag) {
    const auto known = list_members(if_none_match);
    return std::any_of(known.begin(), known.end(), [&](std::string_view each) {
        if (each.starts_with("W/")) each.remove_prefix(2);
        return each == etag || each == "*";
    });
}

}  // namespace

std::optional<ServerResponse> page_response(const ServerRequest& request) {
    const auto files = page_files();
    const auto file =
        std::find_if(files.begin(), files.end(), [&](const PageFile& each) { return each.path == request.path; });
    if (file == files.end()) return std::nullopt;
    ServerResponse response(200, std::string(file->content), std::string(file->content_type));
    if (!file->gzipped.empty()) {
        response.headers.emplace_back("Vary", "Accept-Encoding");
        if (takes_gzip(request.header("accept-encoding").value_or(""))) {
            response.body = file->gzipped;
            response.headers.emplace_back("Content-Encoding", "gzip");
        }
    }
    // What has its content's hash in its name never changes.
    const bool hashed = file->path.starts_with("/assets/");
    response.headers.emplace_back("Cache-Control", hashed ? "private, max-age=31536000, immutable" : "no-cache");
    response.headers.emplace_back("ETag", std::string(file->etag));
    response.headers.emplace_back("Content-Security-Policy", policy);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    if (known_already(request.header("if-none-match").value_or(""), file->etag)) response.status = 304;
    return response;
}

}  // namespace enough
