#include "serve/observed_requests.hpp"

#include "serve/routes.hpp"
#include "serve/trace_headers.hpp"

#include <fmt/format.h>
#include <boost/beast/core/string.hpp>

#include <chrono>
#include <utility>

namespace enough {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int client_left = 499;  // before it was answered; as nginx has it
const std::vector<double> seconds_of_requests{0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5, 1,
                                              2.5,   5,    10,    30,   60.0, 120,  300, 600};

LogLevel level_of(int status, const std::string& route) {
    if (status >= 500) return LogLevel::warning;
    const bool machine = route == "/healthz" || route == "/readyz" || route == "/metrics";
    return machine && status < 400 ? LogLevel::debug : LogLevel::info;
}

}  // namespace

/// Passes a response on and remembers what it was like; tells of the request when it goes, however it ended.
class ObservedRequests::Watch final : public ResponseWriter {
public:
    Watch(ObservedRequests& all, const ServerRequest& request, ResponseWriter& writer)
        : all_(all),
          writer_(writer),
          method_(method_label(request.method)),
          route_(route_of(request.path)),
          trace_(trace_of(request)) {
        all_.in_flight_.add({});
    }

    ~Watch() override {
        all_.in_flight_.add({}, -1);
        const std::chrono::duration<double> took = Clock::now() - began_;
        if (status_ == 0) status_ = client_left;
        all_.requests_.add({method_, route_, fmt::to_string(status_)});
        all_.seconds_.observe({route_}, took.count());
        tell(took);
    }

    Task<void> send(ServerResponse response) override {
        note(response);
        co_await writer_.send(std::move(response));
        complete_ = true;
    }
    Task<void> begin(ServerResponse head) override {
        note(head);
        co_await writer_.begin(std::move(head));
    }
    Task<void> write(std::string piece) override {
        bytes_ += piece.size();
        co_await writer_.write(std::move(piece));
    }
    Task<void> finish() override {
        co_await writer_.finish();
        complete_ = true;
    }
    bool begun() const override { return writer_.begun(); }
    void note_key(const std::string& name) override { key_ = name; }

private:
    void note(const ServerResponse& response) {
        status_ = response.status;
        bytes_ += response.body.size();
        for (const auto& [name, value] : response.headers)
            if (boost::beast::iequals(name, run_id_header)) run_id_ = value;
    }

    void tell(std::chrono::duration<double> took) const {
        const LogLevel level = level_of(status_, route_);
        if (!all_.log_.writes(level)) return;
        nlohmann::ordered_json fields{{"method", method_}, {"route", route_}, {"status", status_}};
        fields["duration_ms"] = took.count() * 1'000;
        fields["bytes"] = bytes_;
        if (!complete_) fields["complete"] = false;
        if (!run_id_.empty()) fields["run_id"] = run_id_;
        if (!key_.empty()) fields["key"] = key_;
        if (trace_)
            fields["trace_id"] = trace_->trace_id;
        else if (all_.traced_ && !run_id_.empty())
            fields["trace_id"] = own_trace(run_id_, std::nullopt, true).context.trace_id;
        all_.log_.line(level, "request", fields);
    }

    ObservedRequests& all_;
    ResponseWriter& writer_;
    std::string method_;
    std::string route_;
    std::optional<TraceContext> trace_;
    Clock::time_point began_ = Clock::now();
    int status_ = 0;
    std::size_t bytes_ = 0;
    bool complete_ = false;
    std::string run_id_;
    std::string key_;
};

ObservedRequests::ObservedRequests(RequestHandler& inner, MetricRegistry& registry, Log& log, bool traced)
    : inner_(inner),
      log_(log),
      traced_(traced),
      requests_(registry.add({.kind = MetricKind::counter,
                              .name = "enough_http_requests_total",
                              .help = "Requests answered, by route; 499: the client left before.",
                              .labels = {"method", "route", "status"}})),
      seconds_(registry.add({.kind = MetricKind::histogram,
                             .name = "enough_http_request_duration_seconds",
                             .help = "From a request being read to its response being written.",
                             .labels = {"route"},
                             .bounds = seconds_of_requests})),
      in_flight_(registry.add({.kind = MetricKind::gauge,
                               .name = "enough_http_requests_in_flight",
                               .help = "Requests being answered.",
                               .labels = {}})) {}

Task<void> ObservedRequests::handle(ServerRequest request, ResponseWriter& writer) {
    Watch watch(*this, request, writer);
    Task<void> handling = inner_.handle(std::move(request), watch);
    co_await std::move(handling);
}

/// Of requests that never became one: too large, too slow, broken.
ServerResponse ObservedRequests::refusal(int status, std::string message) {
    requests_.add({"none", "none", fmt::to_string(status)});
    nlohmann::ordered_json fields{{"method", "none"}, {"route", "none"}, {"status", status}};
    log_.line(LogLevel::info, "request", fields);
    return inner_.refusal(status, std::move(message));
}

}  // namespace enough
