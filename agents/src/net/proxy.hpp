#pragma once

#include <enough/agents/failure.hpp>

#include "net/url.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

struct Proxy {
    Origin origin;
    std::string authorization;  ///< value for `Proxy-Authorization`, or empty; a secret
};

/// Which requests go through a proxy: what the settings name, else by the environment's customs: `http_proxy`,
/// `https_proxy`, `all_proxy` and `no_proxy`, in lower or (but for `HTTP_PROXY`, which web servers let clients set)
/// upper case.
class ProxyRules {
public:
    using Environment = std::function<std::optional<std::string>(std::string_view name)>;

    explicit ProxyRules(const Environment& environment);

    /// `configured` comes from settings: a URL that is used for every request, loopback included, or `none`. Empty:
    /// what the environment says.
    ProxyRules(std::string configured, const Environment& environment);

    /// The proxy on the way to `target`, if any: never for loopback, never for what `no_proxy` names (a host, a domain
    /// with all below it, an address, `*`, each perhaps with a port). A proxy that can't be used is a failure.
    Result<std::optional<Proxy>> proxy_for(const Origin& target) const;

private:
    Result<std::optional<Proxy>> parsed(const std::string& text, const Origin& target, const std::string& remedy) const;

    std::string configured_;
    std::string http_;
    std::string https_;
    std::vector<std::string> exempt_;
};

}  // namespace enough
