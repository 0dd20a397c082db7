#include "serve/trace_headers.hpp"

#include <boost/beast/core/string.hpp>

namespace enough {

std::optional<TraceContext> trace_of(const ServerRequest& request) {
    std::optional<std::string_view> parent;
    std::string
        state;  // of several headers, which are one list: https://www.w3.org/TR/trace-context/#combined-header-value
    for (const auto& [name, value] : request.headers) {
        if (boost::beast::iequals(name, "traceparent")) {
            if (parent) return std::nullopt;
            parent = value;
        } else if (boost::beast::iequals(name, "tracestate")) {
            state += (state.empty() ? "" : ",") + value;
        }
    }
    return parent ? read_trace_context(*parent, state) : std::nullopt;
}

}  // namespace enough
