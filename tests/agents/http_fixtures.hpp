#pragma once

#include <enough/net/http_client.hpp>

#include "support/fake_server.hpp"
#include "support/run.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

/// What one request came to.
struct Outcome {
    int status = 0;
    std::string body;
    std::optional<Failure> failure;

    FailureKind kind() const { return failure ? failure->kind : FailureKind::script_ended; }
    std::string message() const { return failure ? failure->message : "no failure"; }
};

inline HttpClientSettings without_proxies() {
    HttpClientSettings settings;
    settings.environment = [](std::string_view) { return std::nullopt; };
    return settings;
}

inline HttpRequest get(std::string url) {
    HttpRequest request;
    request.method = "GET";
    request.url = std::move(url);
    return request;
}

inline HttpRequest post(std::string url, std::string body) {
    HttpRequest request;
    request.url = std::move(url);
    request.headers.emplace_back("Content-Type", "text/plain");
    request.body = std::move(body);
    return request;
}

struct Limits {
    std::chrono::milliseconds connect = std::chrono::seconds(10);
    std::chrono::milliseconds response = std::chrono::seconds(10);
    std::chrono::milliseconds body = std::chrono::seconds(10);
};

inline Task<Outcome> fetch(HttpClient* client, HttpRequest request, Limits limits = {}) {
    Outcome outcome;
    auto exchange = co_await client->send(std::move(request), limits.connect, Deadline::after(limits.response));
    if (!exchange) {
        outcome.failure = exchange.error();
        co_return outcome;
    }
    outcome.status = (*exchange)->status();
    for (;;) {
        auto piece = co_await (*exchange)->read_some(Deadline::after(limits.body));
        if (!piece) outcome.failure = piece.error();
        if (!piece || piece->empty()) co_return outcome;
        outcome.body += *piece;
    }
}

/// Sends the requests one after the other on one client.
inline Task<std::vector<Outcome>> fetch_all(std::vector<HttpRequest> requests, HttpClientSettings settings,
                                            Limits limits, HttpClient::Statistics* statistics) {
    HttpClient client(co_await asio::this_coro::executor, std::move(settings));
    std::vector<Outcome> outcomes;
    for (auto& request : requests)
        outcomes.push_back(co_await fetch(&client, std::move(request), limits));
    if (statistics != nullptr) *statistics = client.statistics();
    co_return outcomes;
}

inline Outcome fetch_one(HttpRequest request, HttpClientSettings settings = without_proxies(), Limits limits = {}) {
    std::vector<HttpRequest> requests(1, std::move(request));
    return run(fetch_all(std::move(requests), std::move(settings), limits, nullptr)).front();
}

inline void say_ok(FakeExchange& exchange) {
    exchange.answer(200, "ok");
}

inline FakeServerSettings with_tls(FakeIdentity identity) {
    FakeServerSettings settings;
    settings.tls = std::move(identity);
    return settings;
}

}  // namespace enough::test
