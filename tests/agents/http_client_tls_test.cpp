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

HttpClientSettings trusting(const FakeIdentity& identity) {
    auto settings = without_proxies();
    settings.connection.ca_file = identity.certificate;
    return settings;
}

TEST(HttpClientTls, TalksToAServerItTrusts) {
    const auto identity = make_identity({"localhost", "127.0.0.1"});
    FakeServer server(say_ok, with_tls(identity));
    HttpClient::Statistics statistics;
    std::vector<HttpRequest> requests(3, get(server.url()));
    for (const auto& outcome : run(fetch_all(requests, trusting(identity), {}, &statistics)))
        EXPECT_EQ(outcome.body, "ok") << outcome.message();
    EXPECT_EQ(statistics.opened, 1U);
    const auto by_name = fetch_one(get("https://localhost:" + std::to_string(server.port()) + "/"), trusting(identity));
    EXPECT_EQ(by_name.body, "ok") << by_name.message();
}

void expect_tls_failure(const Outcome& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.kind(), FailureKind::tls);
    EXPECT_FALSE(outcome.failure && outcome.failure->retryable);
    EXPECT_NE(outcome.message().find(reason), std::string::npos) << outcome.message();
}

TEST(HttpClientTls, RefusesACertificateNobodyVouchesFor) {
    FakeServer server(say_ok, with_tls(make_identity({"127.0.0.1"})));
    expect_tls_failure(fetch_one(get(server.url())), "its certificate is self-signed");
    EXPECT_EQ(server.counts().requests, 0U);
}

TEST(HttpClientTls, RefusesACertificateForSomeoneElse) {
    const auto identity = make_identity({"example.com", "127.0.0.2"});
    FakeServer server(say_ok, with_tls(identity));
    expect_tls_failure(fetch_one(get(server.url()), trusting(identity)), "its certificate is not for 127.0.0.1");
    const auto by_name = fetch_one(get("https://localhost:" + std::to_string(server.port()) + "/"), trusting(identity));
    expect_tls_failure(by_name, "its certificate is not for localhost");
    EXPECT_EQ(server.counts().requests, 0U);
}

TEST(HttpClientTls, RefusesAnExpiredCertificate) {
    const auto identity = make_identity({"127.0.0.1"}, Validity::expired);
    FakeServer server(say_ok, with_tls(identity));
    expect_tls_failure(fetch_one(get(server.url()), trusting(identity)), "its certificate has expired");
}

TEST(HttpClientTls, SaysThatAServerDoesNotSpeakTls) {
    FakeServer server([](FakeExchange& exchange) { exchange.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    // A plain server waits for a request line that a handshake does not hold; closing it ends the wait.
    Limits limits;
    limits.connect = 500ms;
    const auto outcome =
        fetch_one(get("https://127.0.0.1:" + std::to_string(server.port()) + "/"), without_proxies(), limits);
    EXPECT_EQ(outcome.kind(), FailureKind::timeout);
    EXPECT_NE(outcome.message().find("handshake"), std::string::npos) << outcome.message();
}

TEST(HttpClientTls, SaysThatAFileOfAuthoritiesCannotBeRead) {
    FakeServer server(say_ok, with_tls(make_identity({"127.0.0.1"})));
    auto settings = without_proxies();
    settings.connection.ca_file = "/no/such/file.pem";
    expect_tls_failure(fetch_one(get(server.url()), settings), "/no/such/file.pem");
}

TEST(HttpClientTls, NoticesAStreamThatIsCut) {
    const auto identity = make_identity({"127.0.0.1"});
    FakeServer server(
        [](FakeExchange& exchange) {
            exchange.send("HTTP/1.1 200 OK\r\n\r\npart of it");  // up to the end, which must be announced
            exchange.close();
        },
        with_tls(identity));
    EXPECT_EQ(fetch_one(get(server.url()), trusting(identity)).kind(), FailureKind::stream_cut);
}

TEST(HttpClientTls, CancellationClosesTheConnection) {
    const auto identity = make_identity({"127.0.0.1"});
    FakeServer server([](FakeExchange& exchange) { exchange.stall(); }, with_tls(identity));
    Limits limits;
    limits.response = 300ms;
    EXPECT_EQ(fetch_one(get(server.url()), trusting(identity), limits).kind(), FailureKind::timeout);
    EXPECT_TRUE(server.wait_until_client_closed());
}

}  // namespace
}  // namespace enough
