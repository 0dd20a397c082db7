#include "redaction.hpp"

#include "net/url.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t least_length = 4;  // anything shorter would black out ordinary words
constexpr std::size_t long_enough = 8;   // for a word of a value to be the secret itself: the token after "Bearer"

void add(std::vector<std::string>& out, const std::string& value) {
    out.push_back(value);
    for (std::size_t at = 0; at < value.size();) {
        const auto begin = value.find_first_not_of(" &=?", at);
        if (begin == std::string::npos) return;
        at = std::min(value.find_first_of(" &=?", begin), value.size());
        if (at - begin >= long_enough) out.push_back(value.substr(begin, at - begin));
    }
}

/// As `Proxy-Authorization` has it, which a proxy may repeat.
std::string base64(const std::string& text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

void add_proxy(std::vector<std::string>& out, const std::string& proxy) {
    const auto end = proxy.rfind('@');
    const auto begin = proxy.find("://");
    if (end == std::string::npos || begin == std::string::npos || begin + 3 > end) return;
    const std::string written = proxy.substr(begin + 3, end - begin - 3);
    const auto url = parse_url(proxy);
    for (const std::string& user_info : {written, url ? url->user_info : std::string()}) {
        if (user_info.empty()) continue;
        out.push_back(user_info);
        out.push_back(base64(user_info));
        if (const auto colon = user_info.find(':'); colon != std::string::npos)
            out.push_back(user_info.substr(colon + 1));
    }
}

class RedactingAgent final : public Agent {
public:
    RedactingAgent(std::unique_ptr<Agent> agent, Redaction redaction)
        : agent_(std::move(agent)), redaction_(std::move(redaction)) {}

    Task<Result<Answer>> ask(Request request) override {
        auto result = co_await agent_->ask(std::move(request));
        if (result) {
            result->model = redaction_(std::move(result->model));
            result->fingerprint = redaction_(std::move(result->fingerprint));
            co_return result;
        }
        Failure failure = result.error();
        failure.message = redaction_(std::move(failure.message));
        co_return failure;
    }

private:
    std::unique_ptr<Agent> agent_;
    Redaction redaction_;
};

}  // namespace

std::vector<std::string> secrets_of(const ServerSettings& settings) {
    std::vector<std::string> out{settings.api_key.reveal()};
    for (const auto& [_, value] : settings.headers)
        add(out, value);
    add_proxy(out, settings.connection.proxy);
    // A header may name the model, whose name is no secret and is compared with what the server says.
    std::erase_if(out, [&](const std::string& word) { return settings.model.find(word) != std::string::npos; });
    return out;
}

std::vector<std::string> secrets_of(const ToolServerSettings& settings) {
    std::vector<std::string> out;
    for (const auto& [_, value] : settings.environment)
        add(out, value);
    for (const auto& [_, value] : settings.headers)
        add(out, value);
    const auto query = settings.url.find('?');
    if (query != std::string::npos) add(out, settings.url.substr(query + 1));
    return out;
}

Redaction::Redaction(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
    std::erase_if(secrets_, [](const std::string& secret) { return secret.size() < least_length; });
    std::stable_sort(secrets_.begin(), secrets_.end(),
                     [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Redaction::operator()(std::string text) const {
    for (const std::string& secret : secrets_) {
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
            text.replace(at, secret.size(), "***");
            at += 3;
        }
    }
    return text;
}

std::unique_ptr<Agent> make_redacting_agent(std::unique_ptr<Agent> agent, Redaction redaction) {
    return std::make_unique<RedactingAgent>(std::move(agent), std::move(redaction));
}

}  // namespace enough
