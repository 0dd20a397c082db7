#include "net/proxy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>

namespace enough {
namespace {

std::string first_of(const ProxyRules::Environment& environment, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        if (auto value = environment(name); value && !value->empty()) return *value;
    }
    return {};
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> entries;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(", \t"), text.size());
        if (end > 0) entries.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (auto& entry : entries) {
        std::ranges::transform(entry, entry.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    return entries;
}

std::string base64(std::string_view text) {
    std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

/// `10.0.0.0/8`, `fd00::/8`.
bool covers(const std::string& network, const std::string& host) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    if (error) return false;
    if (address.is_v4()) {
        const auto range = boost::asio::ip::make_network_v4(network, error);
        return !error &&
               range.canonical() == boost::asio::ip::network_v4(address.to_v4(), range.prefix_length()).canonical();
    }
    const auto range = boost::asio::ip::make_network_v6(network, error);
    return !error &&
           range.canonical() == boost::asio::ip::network_v6(address.to_v6(), range.prefix_length()).canonical();
}

bool exempts(std::string entry, const Origin& target) {
    if (entry == "*") return true;
    if (entry.find('/') != std::string::npos) return covers(entry, target.host);
    if (entry == target.authority()) return true;
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (const auto port = ":" + std::to_string(target.port);
        std::ranges::count(entry, ':') == 1 && entry.ends_with(port)) {
        entry.resize(entry.size() - port.size());
    }
    if (entry.starts_with("*.")) entry.erase(0, 1);
    if (entry.starts_with('.')) entry.erase(0, 1);
    return !entry.empty() && (target.host == entry || target.host.ends_with("." + entry));
}

}  // namespace

ProxyRules::ProxyRules(const Environment& environment)
    : http_(first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"})),
      https_(first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})),
      exempt_(split_list(first_of(environment, {"no_proxy", "NO_PROXY"}))) {}

ProxyRules::ProxyRules(std::string configured, const Environment& environment) : ProxyRules(environment) {
    configured_ = std::move(configured);
}

Result<std::optional<Proxy>> ProxyRules::proxy_for(const Origin& target) const {
    if (configured_ == "none") return std::optional<Proxy>();
    if (!configured_.empty()) return parsed(configured_, target, "correct the model's proxy");
    const auto& named = target.tls ? https_ : http_;
    if (named.empty() || target.is_loopback()) return std::optional<Proxy>();
    if (std::ranges::any_of(exempt_, [&](const auto& entry) { return exempts(entry, target); }))
        return std::optional<Proxy>();
    const std::string variable = target.tls ? "https_proxy" : "http_proxy";
    return parsed(named, target, "correct " + variable + " or name the host in no_proxy");
}

Result<std::optional<Proxy>> ProxyRules::parsed(const std::string& text, const Origin& target,
                                                const std::string& remedy) const {
    const bool has_scheme = text.find("://") != std::string::npos;
    auto url = parse_url(has_scheme ? text : "http://" + text);
    if (!url || url->origin.tls) {
        Failure failure;
        failure.kind = FailureKind::connect;
        failure.message = std::string("cannot use the proxy that the ") +
                          (configured_.empty() ? "environment names" : "settings name") + " for " + target.authority() +
                          ": only http://HOST:PORT is supported; " + remedy;
        return failure;
    }
    Proxy proxy;
    proxy.origin = url->origin;
    if (!url->user_info.empty()) proxy.authorization = "Basic " + base64(url->user_info);
    return std::optional<Proxy>(std::move(proxy));
}

}  // namespace enough
