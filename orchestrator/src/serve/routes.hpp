#pragma once

#include <string>
#include <string_view>

namespace enough {

/// The route that a path belongs to, for metrics and logs: `/v1/runs/{id}/events`. What a client makes up is `other`,
/// so that nobody can write into a metric's labels.
std::string route_of(std::string_view path);

/// `GET`, `POST` …; what a client makes up is `other`.
std::string method_label(std::string_view method);

}  // namespace enough
