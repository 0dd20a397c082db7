#include "providers/server_text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::json;

}  // namespace

ServerText::ServerText(std::vector<std::string> secrets) : redaction_(std::move(secrets)) {}

ServerText::ServerText(const ServerSettings& settings) : ServerText(secrets_of(settings)) {}

std::string ServerText::excerpt(std::string_view text) const {
    const std::string clean = redaction_(std::string(text));
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
