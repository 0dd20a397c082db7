#include "providers/server_text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::json;

constexpr std::size_t min_secret_length = 4;  // anything shorter would black out ordinary words

std::vector<std::string> secrets_of(const ServerSettings& settings) {
    std::vector<std::string> secrets{settings.api_key.reveal()};
    for (const auto& [_, value] : settings.headers)
        secrets.push_back(value);
    return secrets;
}

}  // namespace

ServerText::ServerText(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
    std::erase_if(secrets_, [](const std::string& secret) { return secret.size() < min_secret_length; });
}

ServerText::ServerText(const ServerSettings& settings) : ServerText(secrets_of(settings)) {}

std::string ServerText::excerpt(std::string_view text) const {
    std::string clean(text);
    for (const auto& secret : secrets_) {
        for (auto at = clean.find(secret); at != std::string::npos; at = clean.find(secret, at)) {
            clean.replace(at, secret.size(), "***");
            at += 3;
        }
    }
    std::string out;
    for (const char c : clean) {
        const auto byte = static_cast<unsigned char>(c);
        const bool space = byte <= 0x20 || byte == 0x7F;
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? ' ' : c;
    }
    while (out.ends_with(' '))
        out.pop_back();
    // Through the JSON writer and back, so that bytes that are no UTF-8 become U+FFFD.
    out = Json::parse(Json(out).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
    if (out.size() <= max_length) return out;
    auto end = max_length;
    while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80)
        --end;  // not inside a character
    return out.substr(0, end) + "…";
}

}  // namespace enough
