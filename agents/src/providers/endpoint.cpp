#include "providers/endpoint.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

bool equal_names(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

Endpoint endpoint(const std::string& base_url, std::string_view path, std::string_view example) {
    const auto no_base_url = [&](const std::string& why) {
        return std::invalid_argument("base_url " + why + "; it looks like " + std::string(example));
    };
    const auto parsed = boost::urls::parse_uri(base_url);
    if (!parsed) throw no_base_url("is not a URL");
    boost::urls::url url(*parsed);
    if (url.scheme() != "http" && url.scheme() != "https") throw no_base_url("must begin with http:// or https://");
    if (url.host().empty()) throw no_base_url("names no host");
    if (url.has_userinfo()) throw no_base_url("must hold no user or password: keys belong into api_key");
    url.remove_fragment();
    std::string whole(url.encoded_path());
    while (whole.ends_with('/'))
        whole.pop_back();
    if (!whole.ends_with(path)) whole += path;
    url.set_encoded_path(whole);
    Endpoint out;
    out.url = std::string(url.buffer());
    out.origin = std::string(url.encoded_origin());
    return out;
}

std::string without_ending(std::string url, std::string_view ending) {
    const auto trim = [&] {
        while (url.ends_with('/'))
            url.pop_back();
    };
    trim();
    if (url.ends_with(ending)) url.resize(url.size() - ending.size());
    trim();
    return url;
}

HttpHeaders request_headers(HttpHeaders own, const ServerSettings& settings) {
    auto headers = std::move(own);
    for (const auto& [name, value] : settings.headers) {
        std::erase_if(headers, [&replaced = name](const auto& header) { return equal_names(header.first, replaced); });
        headers.emplace_back(name, value);
    }
    for (const auto& [name, value] : headers) {
        const auto all = name + value;
        if (name.empty() ||
            std::any_of(all.begin(), all.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
            throw std::invalid_argument("header '" + name + "' or the api_key holds a control character");
        }
    }
    return headers;
}

std::string request_body(Json body, const ServerSettings& settings) {
    if (!settings.extra_body.empty()) {
        const auto extra = Json::parse(settings.extra_body, nullptr, false);
        if (!extra.is_object()) throw std::invalid_argument("extra_body must be a JSON object");
        body.merge_patch(extra);
    }
    // A prompt must not be able to throw.
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace enough
