#include <enough/orchestrator/evaluation_page.hpp>

#include "page_parts.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <stdexcept>

namespace enough {
namespace {

/// JSON that nothing in it can end the script element of: without '<' there is neither "</script" nor "<!--".
std::string embedded(const nlohmann::ordered_json& report) {
    const std::string json = report.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::string safe;
    safe.reserve(json.size());
    for (const char c : json) {
        if (c == '<')
            safe += "\\u003c";
        else
            safe += c;
    }
    return safe;
}

/// What a content security policy names an inline script or style by.
std::string hash_source(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("evaluation page: SHA-256 is not available");
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
    const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return fmt::format("'sha256-{}'", std::string_view(reinterpret_cast<const char*>(base64.data()), length));
}

std::string content_security_policy() {
    return fmt::format(
        "default-src 'none'; script-src {} {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash_source(page_parts::library), hash_source(page_parts::script), hash_source(page_parts::style));
}

/// The template with each {{name}} replaced; what is put in is not looked at again.
std::string fill(std::string_view page, const std::map<std::string_view, std::string_view>& parts) {
    std::string filled;
    while (true) {
        const auto open = page.find("{{");
        filled += page.substr(0, open);
        if (open == std::string_view::npos) return filled;
        const auto close = page.find("}}", open);
        filled += parts.at(page.substr(open + 2, close - open - 2));
        page.remove_prefix(close + 2);
    }
}

}  // namespace

std::string evaluation_page(const nlohmann::ordered_json& report) {
    const std::string policy = content_security_policy();
    const std::string json = embedded(report);
    return fill(page_parts::page, {{"policy", policy},
                                   {"style", page_parts::style},
                                   {"report", json},
                                   {"library", page_parts::library},
                                   {"script", page_parts::script}});
}

}  // namespace enough
