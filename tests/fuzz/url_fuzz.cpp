// Any bytes are read as a URL, and three lines as a URL, the proxy on the way to it and the hosts that need none: what
// is taken can stand in a request's head and is read back as the same.
#include "net/proxy.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace enough;

void require(bool condition) {
    if (!condition) std::abort();
}

/// No white space, no control characters: nothing that ends a header's line or a request's target.
bool is_clean(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

std::optional<Origin> read(std::string_view text) {
    const auto url = parse_url(text);
    if (!url) {
        require(url.error().kind == FailureKind::bad_request);
        return std::nullopt;
    }
    require(!url->origin.host.empty() && url->origin.port != 0);
    require(is_clean(url->origin.authority()) && is_clean(url->target) && url->target.front() == '/');
    const auto again = parse_url(url->absolute());
    require(again && again->origin == url->origin && again->target == url->target && again->user_info.empty());
    return url->origin;
}

std::string_view next_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

void find_proxy(std::string_view text) {
    const auto target = read(next_line(text));
    const std::string proxy(next_line(text));
    const std::string exempt(text);
    if (!target) return;
    const ProxyRules rules([&](std::string_view name) -> std::optional<std::string> {
        if (name == "all_proxy") return proxy;
        if (name == "no_proxy") return exempt;
        return std::nullopt;
    });
    const auto found = rules.proxy_for(*target);
    if (!found || !*found) return;
    require(is_clean((*found)->origin.authority()) && !target->is_loopback());
    const std::string& authorization = (*found)->authorization;
    require(authorization.empty() || (authorization.starts_with("Basic ") && is_clean(authorization.substr(6))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)read(text);
    find_proxy(text);
    return 0;
}
