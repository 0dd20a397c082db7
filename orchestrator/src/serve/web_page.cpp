#include "serve/web_page.hpp"

#include <algorithm>
#include <string>

namespace enough {
namespace {

// No other origin is ever asked, and a text that a model wrote can't become a script.
constexpr const char* policy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// The first entry of a comma-separated list that fits; absent without one.
template <class Fits>
std::optional<std::string_view> entry_of(std::string_view list, Fits fits) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        const std::string_view entry = trimmed(list.substr(0, comma));
        if (fits(entry)) return entry;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return std::nullopt;
}

/// RFC 9110, 12.5.3: `gzip`, with a weight that is not zero if it has one.
bool takes_gzip(std::string_view accept_encoding) {
    const auto entry = entry_of(accept_encoding, [](std::string_view each) {
        return trimmed(each.substr(0, std::min(each.find(';'), each.size()))) == "gzip";
    });
    if (!entry) return false;
    const auto weight = entry->find("q=");
    if (weight == std::string_view::npos) return true;
    return entry->substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
}

/// RFC 9110, 13.1.2: weak comparison.
bool known_already(std::string_view if_none_match, std::string_view etag) {
    return entry_of(if_none_match,
                    [&](std::string_view each) {
                        if (each.starts_with("W/")) each.remove_prefix(2);
                        return each == etag || each == "*";
                    })
        .has_value();
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
