#include <enough/net/http_client.hpp>

#include "net/connection_pool.hpp"
#include "net/http_connection.hpp"
#include "net/proxy.hpp"
#include "net/request_head.hpp"
#include "net/response_reader.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

#include <cstdlib>

namespace enough {
namespace {

using Clock = Deadline::Clock;

std::optional<std::string> process_environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

/// A request, ready to be sent and to be sent again.
struct Plan {
    Route route;
    std::string proxy_authorization;  ///< for a tunnel; else it is in the head
    std::string head;
    std::string body;
    ResponseReader::Body expects = ResponseReader::Body::as_stated;
    std::string where;  ///< names the server in messages
};

Failure reset_failure(const std::string& where, bool started) {
    Failure failure;
    failure.kind = started ? FailureKind::stream_cut : FailureKind::connect;
    failure.message = where + (started ? " reset the connection before its answer was complete"
                                       : " closed the connection without answering");
    failure.retryable = true;
    return failure;
}

Failure timeout_failure(const std::string& where, bool started) {
    Failure failure;
    failure.kind = FailureKind::timeout;
    failure.message = where + (started ? " stopped sending its answer" : " did not begin to answer") + " in time";
    failure.retryable = true;
    return failure;
}

Failure alert_failure(const std::string& where, const std::string& complaint) {
    Failure failure;
    failure.kind = FailureKind::tls;
    failure.message = "no secure connection to " + where + ": " + complaint;
    return failure;
}

}  // namespace

/// What a client and its exchanges share. An exchange holds it weakly: it may be destroyed after the client.
struct HttpClient::State {
    State(asio::any_io_executor on, HttpClientSettings given)
        : executor(std::move(on)),
          settings(std::move(given)),
          proxies(settings.connection.proxy, settings.environment ? settings.environment : process_environment),
          pool(settings.max_idle_per_origin, settings.max_idle_age) {}

    Result<Plan> plan(HttpRequest request) const;
    Result<std::optional<Proxy>> proxy_for(const Origin& target) const;
    std::unique_ptr<HttpConnection> take_idle(const Route& route);
    Result<std::shared_ptr<asio::ssl::context>> tls_for(const Route& route);
    static Task<Result<std::unique_ptr<HttpConnection>>> connect(std::shared_ptr<State> state, const Plan* plan,
                                                                 std::chrono::milliseconds limit, Deadline deadline);

    asio::any_io_executor executor;
    HttpClientSettings settings;
    ProxyRules proxies;
    ConnectionPool<Route, HttpConnection> pool;
    std::shared_ptr<asio::ssl::context> tls;
    std::size_t opened = 0;
    std::size_t reused = 0;
    std::size_t active = 0;
};

namespace {

/// One request on its connection, from sending it to the last byte of its answer.
template <class State>
class Exchange : public HttpExchange {
public:
    Exchange(std::shared_ptr<State> state, const Plan& plan, std::unique_ptr<HttpConnection> connection)
        : state_(state),
          route_(plan.route),
          where_(plan.where),
          connection_(std::move(connection)),
          reader_(ResponseLimits{state->settings.max_header_bytes, state->settings.max_body_bytes}, plan.expects,
                  where_),
          max_drain_bytes_(state->settings.max_drain_bytes) {
        ++state->active;
    }

    ~Exchange() override {
        if (connection_ && connection_->is_open()) drain();
        if (const auto state = state_.lock()) --state->active;
    }

    int status() const override { return reader_.status(); }
    std::optional<std::string> header(std::string_view name) const override { return reader_.header(name); }

    /// Sends the request and reads the header of its answer. `plan` must stay until this returns.
    Task<Result<void>> begin(const Plan* plan, Deadline deadline) {
        const auto sent = co_await connection_->write(asio::buffer(plan->head), asio::buffer(plan->body), deadline);
        if (sent.end == Transfer::End::timeout) co_return give_up(timeout_failure(where_, false));
        auto complete = reader_.read_header();
        while (complete && !*complete) {
            const auto received = co_await receive(deadline);
            if (!received) co_return received.error();
            complete = reader_.read_header();
        }
        if (!complete) co_return give_up(complete.error());
        if (reader_.done()) finish();
        co_return Result<void>();
    }

    Task<Result<std::string>> read_some(Deadline deadline) override {
        if (failure_) co_return *failure_;
        for (;;) {
            auto piece = reader_.read_body();
            if (!piece) co_return give_up(piece.error());
            if (reader_.done()) finish();
            if (!piece->empty() || reader_.done()) co_return piece;
            const auto received = co_await receive(deadline);
            if (!received) co_return received.error();
        }
    }

    /// Whether the server has given up an idle connection just when this request came.
    bool failed_unanswered() const { return failure_ && failure_->kind == FailureKind::connect && !reader_.started(); }

private:
    Task<Result<void>> receive(Deadline deadline) {
        const auto received = co_await connection_->read_some(reader_.prepare(), deadline);
        co_return take(received);
    }

    Result<void> take(const Transfer& received) {
        reader_.commit(received.bytes);
        switch (received.end) {
            case Transfer::End::none:
                return {};
            case Transfer::End::timeout:
                return give_up(timeout_failure(where_, reader_.started()));
            case Transfer::End::orderly:
                break;
            case Transfer::End::cut:
                if (const auto complaint = describe_alert(received.error))
                    return give_up(alert_failure(where_, *complaint));
                return give_up(reset_failure(where_, reader_.started()));
        }
        if (auto ended = reader_.end_of_stream(true); !ended) return give_up(ended.error());
        return {};
    }

    Failure give_up(Failure failure) {
        failure_ = failure;
        connection_.reset();
        return failure;
    }

    /// The message is complete: the connection is free for the next one.
    void finish() {
        if (!connection_) return;
        auto connection = std::move(connection_);
        const auto state = state_.lock();
        if (state && reader_.reusable()) state->pool.put(route_, std::move(connection), Clock::now());
    }

    /// Keeps the connection if the rest of the answer has arrived already and is small, as after the last event of a
    /// stream. Never waits.
    void drain() {
        std::size_t drained = 0;
        while (drained <= max_drain_bytes_) {
            const auto piece = reader_.read_body();
            if (!piece) return;
            drained += piece->size();
            if (reader_.done()) return finish();
            if (!piece->empty()) continue;
            const auto received = connection_->read_available(reader_.prepare());
            if (received.bytes == 0) return;
            reader_.commit(received.bytes);
        }
    }

    std::weak_ptr<State> state_;
    Route route_;
    std::string where_;
    std::unique_ptr<HttpConnection> connection_;  ///< null once the answer is complete or has failed
    ResponseReader reader_;
    std::optional<Failure> failure_;
    std::size_t max_drain_bytes_;
};

}  // namespace

Result<Plan> HttpClient::State::plan(HttpRequest request) const {
    auto url = parse_url(request.url);
    if (!url) return url.error();
    if (!url->user_info.empty()) {
        Failure failure;
        failure.kind = FailureKind::bad_request;
        failure.message =
            "the URL of " + url->origin.authority() + " holds a user name or password; use a header instead";
        return failure;
    }
    auto proxy = proxy_for(url->origin);
    if (!proxy) return proxy.error();

    Plan plan;
    plan.route.unix_socket = settings.connection.unix_socket;
    plan.where = url->origin.authority();
    plan.route.peer = *proxy ? (*proxy)->origin : url->origin;
    const bool tunnelled = *proxy && url->origin.tls;
    if (tunnelled) plan.route.tunnel = url->origin;
    if (*proxy) plan.proxy_authorization = (*proxy)->authorization;
    auto head = request_head(request, *url, *proxy && !tunnelled ? TargetForm::absolute : TargetForm::origin,
                             tunnelled ? std::string() : plan.proxy_authorization);
    if (!head) return head.error();
    plan.head = std::move(*head);
    plan.body = std::move(request.body);
    if (request.method == "HEAD") plan.expects = ResponseReader::Body::none;
    return plan;
}

Result<std::optional<Proxy>> HttpClient::State::proxy_for(const Origin& target) const {
    const std::string& proxy = settings.connection.proxy;
    if (settings.connection.unix_socket.empty()) return proxies.proxy_for(target);
    if (proxy.empty() || proxy == "none") return std::optional<Proxy>();
    Failure failure;
    failure.kind = FailureKind::bad_request;
    failure.message = "both a unix socket and a proxy are set for " + target.authority() + "; remove one of them";
    return failure;
}

std::unique_ptr<HttpConnection> HttpClient::State::take_idle(const Route& route) {
    while (auto connection = pool.take(route, Clock::now())) {
        if (connection->looks_alive()) return connection;
    }
    return nullptr;
}

Result<std::shared_ptr<asio::ssl::context>> HttpClient::State::tls_for(const Route& route) {
    if (!route.server().tls || tls) return tls;
    auto context = tls_context(settings.connection);
    if (context) tls = *context;
    return context;
}

Task<Result<std::unique_ptr<HttpConnection>>> HttpClient::State::connect(std::shared_ptr<State> state, const Plan* plan,
                                                                         std::chrono::milliseconds limit,
                                                                         Deadline deadline) {
    auto context = state->tls_for(plan->route);
    if (!context) co_return context.error();
    auto connection = std::make_unique<HttpConnection>(state->executor);
    // Only now, since loading the system's authorities takes a while the first time.
    const auto until = earlier(Deadline::after(limit), deadline);
    const auto opened = co_await connection->open(plan->route, plan->proxy_authorization, *context, until);
    if (!opened) co_return opened.error();
    ++state->opened;
    co_return connection;
}

HttpClient::HttpClient(asio::any_io_executor executor, HttpClientSettings settings)
    : state_(std::make_shared<State>(std::move(executor), std::move(settings))) {}
HttpClient::~HttpClient() = default;

Task<Result<std::unique_ptr<HttpExchange>>> HttpClient::send(HttpRequest request, std::chrono::milliseconds connect,
                                                             Deadline response) {
    const auto state = state_;
    const auto plan = state->plan(std::move(request));
    if (!plan) co_return plan.error();

    if (auto idle = state->take_idle(plan->route)) {
        auto exchange = std::make_unique<Exchange<State>>(state, *plan, std::move(idle));
        ++state->reused;
        const auto begun = co_await exchange->begin(&*plan, response);
        if (begun) co_return exchange;
        if (!exchange->failed_unanswered()) co_return begun.error();
    }
    auto connection = co_await State::connect(state, &*plan, connect, response);
    if (!connection) co_return connection.error();
    auto exchange = std::make_unique<Exchange<State>>(state, *plan, std::move(*connection));
    const auto begun = co_await exchange->begin(&*plan, response);
    if (!begun) co_return begun.error();
    co_return exchange;
}

HttpClient::Statistics HttpClient::statistics() const {
    return Statistics{state_->opened, state_->reused, state_->pool.idle(), state_->active};
}

}  // namespace enough
