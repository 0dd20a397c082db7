#include <enough/net/http_client.hpp>

#include "http_fixtures.hpp"
#include "support/certificate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;

HttpClientSettings through(const FakeServer& proxy) {
    HttpClientSettings settings;
    settings.environment = [url = proxy.url()](std::string_view name) -> std::optional<std::string> {
        if (name != "http_proxy" && name != "https_proxy") return std::nullopt;
        return "http://me:secret@" + url.substr(7);
    };
    return settings;
}

TEST(HttpClientProxy, SendsHttpInAbsoluteForm) {
    FakeServer proxy(say_ok);
    EXPECT_EQ(fetch_one(get("http://api.example.test/v1?x"), through(proxy)).body, "ok");
    const auto request = proxy.requests().at(0);
    EXPECT_EQ(request.target, "http://api.example.test/v1?x");
    EXPECT_EQ(request.header("Host"), "api.example.test");
    EXPECT_EQ(request.header("Proxy-Authorization"), "Basic bWU6c2VjcmV0");
}

TEST(HttpClientProxy, SendsHttpsThroughATunnel) {
    const auto identity = make_identity({"api.example.test"});
    auto proxy_settings = with_tls(identity);
    proxy_settings.tls_from_start = false;
    FakeServer proxy(
        [](FakeExchange& exchange) {
            if (exchange.request().method != "CONNECT")
                return exchange.answer(200, "secret " + exchange.request().target);
            exchange.send("HTTP/1.1 200 Connection established\r\n\r\n");
            exchange.start_tls();
        },
        proxy_settings);
    auto settings = through(proxy);
    settings.connection.ca_file = identity.certificate;
    HttpClient::Statistics statistics;
    std::vector<HttpRequest> requests(2, get("https://api.example.test/v1"));
    for (const auto& outcome : run(fetch_all(requests, settings, {}, &statistics)))
        EXPECT_EQ(outcome.body, "secret /v1") << outcome.message();
    EXPECT_EQ(statistics.opened, 1U);
    EXPECT_EQ(statistics.reused, 1U);
    const auto seen = proxy.requests();
    EXPECT_EQ(seen.at(0).target, "api.example.test:443");
    EXPECT_EQ(seen.at(0).header("Proxy-Authorization"), "Basic bWU6c2VjcmV0");
    EXPECT_EQ(seen.at(1).header("Proxy-Authorization"), "");
    EXPECT_EQ(seen.at(1).header("Host"), "api.example.test");
}

TEST(HttpClientProxy, SaysThatTheProxyRefuses) {
    FakeServer proxy([](FakeExchange& exchange) { exchange.answer(407, "who are you?"); });
    const auto outcome = fetch_one(get("https://api.example.test/"), through(proxy));
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_NE(outcome.message().find("does not connect to api.example.test:443 (status 407)"), std::string::npos)
        << outcome.message();
    EXPECT_FALSE(outcome.failure->retryable);
}

TEST(HttpClientProxy, IsNotAskedForLoopback) {
    FakeServer proxy(say_ok);
    FakeServer server(say_ok);
    EXPECT_EQ(fetch_one(get(server.url()), through(proxy)).body, "ok");
    EXPECT_EQ(proxy.counts().connections, 0U);
}

}  // namespace
}  // namespace enough
