#pragma once

#include <enough/agents/failure.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace enough {

/// Whom to talk to, and how: what a kept-alive connection belongs to.
struct Origin {
    bool tls = false;
    std::string host;  ///< lower case; an IPv6 address without brackets
    std::uint16_t port = 0;

    auto operator<=>(const Origin&) const = default;

    /// `host:port`, with brackets around an IPv6 address.
    std::string authority() const;
    /// As the `Host` header wants it: without the scheme's own port.
    std::string host_header() const;
    bool is_loopback() const;
};

struct Url {
    Origin origin;
    std::string target;     ///< path and query, never empty, without the fragment
    std::string user_info;  ///< decoded `user:password`, or empty

    std::string absolute() const;  ///< without user info, as a proxy wants it
};

/// An absolute http or https URL. Anything else is a `bad_request` whose message never repeats user info.
Result<Url> parse_url(std::string_view text);

}  // namespace enough
