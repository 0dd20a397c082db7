#pragma once

#include "serve/http_message.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <cstddef>
#include <functional>

namespace enough {

/// Stands before the handler of requests, counts them and writes a line for each. Of a request it knows method and
/// route, never its path, query or body.
class ObservedRequests final : public RequestHandler {
public:
    /// All must outlive it. `traced`: runs make spans, and their traces are named in the log.
    ObservedRequests(RequestHandler& inner, MetricRegistry& registry, Log& log, bool traced);

    Task<void> handle(ServerRequest request, ResponseWriter& writer) override;
    ServerResponse refusal(int status, std::string message) override;

private:
    class Watch;  ///< of one request

    RequestHandler& inner_;
    Log& log_;
    bool traced_;
    Metric& requests_;
    Metric& seconds_;
    Metric& in_flight_;
};

}  // namespace enough
