#include <enough/net/http_client.hpp>

#include "http_fixtures.hpp"
#include "support/certificate.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;

/// A server that lets in only those whom `client` vouches for, and a client that trusts it.
struct MutualTls {
    FakeIdentity server_identity = make_identity({"127.0.0.1"});
    FakeIdentity client = make_identity({"client.test"});
    FakeServer server{say_ok, demanding()};

    FakeServerSettings demanding() const {
        auto settings = with_tls(server_identity);
        settings.client_ca = client.certificate;
        return settings;
    }

    HttpClientSettings showing(const std::string& certificate, const std::string& key) const {
        auto settings = without_proxies();
        settings.connection.ca_file = server_identity.certificate;
        settings.connection.client_certificate = certificate;
        settings.connection.client_key = key;
        return settings;
    }
};

TEST(HttpClientConnection, ShowsItsCertificate) {
    const MutualTls peers;
    const auto settings = peers.showing(peers.client.certificate, peers.client.key);
    const auto outcome = fetch_one(get(peers.server.url()), settings);
    EXPECT_EQ(outcome.body, "ok") << outcome.message();
}

TEST(HttpClientConnection, ReadsCertificateAndKeyFromOneFile) {
    const MutualTls peers;
    const TemporaryFolder folder;
    const auto both = folder.file("both.pem");
    std::ofstream(both) << std::ifstream(peers.client.certificate).rdbuf() << std::ifstream(peers.client.key).rdbuf();
    EXPECT_EQ(fetch_one(get(peers.server.url()), peers.showing(both, "")).body, "ok");
    EXPECT_EQ(fetch_one(get(peers.server.url()), peers.showing(both, both)).body, "ok");
}

TEST(HttpClientConnection, SaysThatTheServerWantsACertificate) {
    const MutualTls peers;
    const auto outcome = fetch_one(get(peers.server.url()), peers.showing("", ""));
    EXPECT_EQ(outcome.kind(), FailureKind::tls);
    EXPECT_FALSE(outcome.failure && outcome.failure->retryable);
    EXPECT_THAT(outcome.message(), HasSubstr("it wants a client certificate; set client_certificate and client_key"));
    EXPECT_EQ(peers.server.counts().requests, 0U);
}

TEST(HttpClientConnection, SaysThatTheServerDoesNotAcceptTheCertificate) {
    const MutualTls peers;
    const auto stranger = make_identity({"stranger.test"});
    const auto outcome = fetch_one(get(peers.server.url()), peers.showing(stranger.certificate, stranger.key));
    EXPECT_EQ(outcome.kind(), FailureKind::tls);
    EXPECT_THAT(outcome.message(), HasSubstr("it does not accept our client certificate"));
}

TEST(HttpClientConnection, SaysWhichFileOfTheIdentityIsBad) {
    const MutualTls peers;
    const auto other = make_identity({"other.test"});
    struct Row {
        std::string certificate;
        std::string key;
        std::string want;
    };
    const std::vector<Row> rows = {
        {"/no/such.crt", peers.client.key, "cannot load the client certificate /no/such.crt"},
        {peers.client.key, peers.client.key, "cannot load the client certificate " + peers.client.key},
        {peers.client.certificate, "/no/such.key", "cannot load the client key /no/such.key"},
        {peers.client.certificate, "", "cannot load the client key " + peers.client.certificate},
        {peers.client.certificate, other.key, "does not belong to the client certificate"},
        {"", peers.client.key, "there is no client_certificate that it belongs to"},
    };
    for (const Row& row : rows) {
        const auto outcome = fetch_one(get(peers.server.url()), peers.showing(row.certificate, row.key));
        EXPECT_EQ(outcome.kind(), FailureKind::tls);
        EXPECT_THAT(outcome.message(), HasSubstr(row.want));
    }
    EXPECT_EQ(peers.server.counts().connections, 0U) << "nothing is worth a connection before all is read";
}

/// A server on a unix socket, and a client that goes there.
struct Local {
    explicit Local(FakeServerSettings listening = {}, FakeHandler handler = say_ok)
        : server(std::move(handler), at(std::move(listening))) {}

    FakeServerSettings at(FakeServerSettings listening) const {
        listening.unix_socket = path;
        return listening;
    }
    HttpClientSettings settings() const {
        auto out = without_proxies();
        out.connection.unix_socket = path;
        return out;
    }

    TemporaryFolder folder;
    std::string path = folder.file("server.sock");
    FakeServer server;
};

TEST(HttpClientConnection, TalksOverAUnixSocket) {
    const Local local;
    HttpClient::Statistics statistics;
    const std::vector<HttpRequest> requests(2, post("http://models.test:81/v1/chat?x", "hello"));
    for (const auto& outcome : run(fetch_all(requests, local.settings(), {}, &statistics)))
        EXPECT_EQ(outcome.body, "ok") << outcome.message();
    EXPECT_EQ(statistics.opened, 1U);
    EXPECT_EQ(statistics.reused, 1U);
    const auto seen = local.server.requests().at(0);
    EXPECT_EQ(seen.target, "/v1/chat?x");
    EXPECT_EQ(seen.header("Host"), "models.test:81");
    EXPECT_EQ(seen.body, "hello");
}

TEST(HttpClientConnection, TalksTlsOverAUnixSocketToTheNamedHost) {
    const auto identity = make_identity({"models.test"});
    const Local local(with_tls(identity));
    auto settings = local.settings();
    settings.connection.ca_file = identity.certificate;
    EXPECT_EQ(fetch_one(get("https://models.test/"), settings).body, "ok");
    EXPECT_THAT(fetch_one(get("https://else.test/"), settings).message(), HasSubstr("not for else.test"));
}

TEST(HttpClientConnection, UsesNoProxyOfTheEnvironmentForAUnixSocket) {
    const Local local;
    auto settings = local.settings();
    settings.environment = [](std::string_view) { return "http://127.0.0.1:1"; };
    EXPECT_EQ(fetch_one(get("http://models.test/"), settings).body, "ok");
}

TEST(HttpClientConnection, SaysWhatIsWrongWithAUnixSocket) {
    const TemporaryFolder folder;
    auto settings = without_proxies();
    const auto missing = folder.file("nobody.sock");
    settings.connection.unix_socket = missing;
    auto outcome = fetch_one(get("http://models.test/"), settings);
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_THAT(outcome.message(), HasSubstr("cannot connect to " + missing + " (no such file or directory)"));

    settings.connection.unix_socket = "/" + std::string(107, 'x');
    outcome = fetch_one(get("http://models.test/"), settings);
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_THAT(outcome.message(), HasSubstr("too long"));

    settings.connection.unix_socket = missing;
    settings.connection.proxy = "http://127.0.0.1:1";
    outcome = fetch_one(get("http://models.test/"), settings);
    EXPECT_EQ(outcome.kind(), FailureKind::bad_request);
    EXPECT_THAT(outcome.message(), HasSubstr("both a unix socket and a proxy are set for models.test:80"));
}

/// The environment names a proxy where nobody listens.
HttpClientSettings despite_environment(const std::string& proxy) {
    HttpClientSettings settings;
    settings.environment = [](std::string_view) { return "http://127.0.0.1:1"; };
    settings.connection.proxy = proxy;
    return settings;
}

TEST(HttpClientConnection, UsesTheProxyOfTheSettingsForEverything) {
    FakeServer proxy(say_ok);
    FakeServer server([](FakeExchange& exchange) { exchange.answer(200, "not through the proxy"); });
    const auto settings = despite_environment("http://me:secret@" + proxy.url("").substr(7));
    EXPECT_EQ(fetch_one(get("http://api.example.test/v1"), settings).body, "ok");
    EXPECT_EQ(fetch_one(get(server.url("/v1")), settings).body, "ok") << "it was named on purpose, loopback or not";
    const auto seen = proxy.requests();
    EXPECT_EQ(seen.at(0).target, "http://api.example.test/v1");
    EXPECT_EQ(seen.at(0).header("Proxy-Authorization"), "Basic bWU6c2VjcmV0");
    EXPECT_EQ(seen.at(1).target, server.url("/v1"));
}

TEST(HttpClientConnection, NoneMeansNoProxy) {
    Limits limits;
    limits.connect = 2s;
    const auto outcome = fetch_one(get("http://no-such-host.invalid/"), despite_environment("none"), limits);
    EXPECT_THAT(outcome.message(), HasSubstr("no-such-host.invalid")) << "asked for itself, not at the proxy";
}

TEST(HttpClientConnection, RefusesAProxyItCannotUse) {
    for (const char* proxy : {"https://proxy.test:1", "socks5://proxy.test:1", "http://me:secret@"}) {
        const auto outcome = fetch_one(get("http://api.example.test/"), despite_environment(proxy));
        EXPECT_EQ(outcome.kind(), FailureKind::connect);
        EXPECT_THAT(outcome.message(), HasSubstr("the proxy that the settings name for api.example.test:80"));
        EXPECT_THAT(outcome.message(), testing::Not(HasSubstr("secret")));
    }
}

}  // namespace
}  // namespace enough
