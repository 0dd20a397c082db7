#include "serve/routes.hpp"

#include <algorithm>
#include <array>

namespace enough {
namespace {

constexpr std::array<std::string_view, 16> routes{
    "/",
    "/assets/{file}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/models",
    "/v1/models/{model}",
    "/v1/chat/completions",
    "/v1/runs",
    "/v1/runs/{id}",
    "/v1/runs/{id}/events",
    "/v1/runs/{id}/live",
    "/v1/runs/{id}/approvals/{step}",
    "/v1/runs/{id}/resume",
    "/v1/workflows",
};
constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// The part before the next slash, which is taken off.
std::string_view next_part(std::string_view& path) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(end);
    return part;
}

bool fits(std::string_view path, std::string_view route) {
    while (!path.empty() && !route.empty()) {
        const std::string_view given = next_part(path);
        const std::string_view wanted = next_part(route);
        const bool any = wanted.starts_with("/{") && given.size() > 1;
        if (!any && given != wanted) return false;
    }
    return path.empty() && route.empty();
}

}  // namespace

std::string route_of(std::string_view path) {
    const auto route = std::ranges::find_if(routes, [&](std::string_view each) { return fits(path, each); });
    return route == routes.end() ? "other" : std::string(*route);
}

std::string method_label(std::string_view method) {
    return std::ranges::find(methods, method) == methods.end() ? "other" : std::string(method);
}

}  // namespace enough
