#include <enough/net/http_client.hpp>

#include "http_fixtures.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(HttpClient, SendsARequestAndReadsItsAnswer) {
    FakeServer server([](FakeExchange& exchange) { exchange.answer(201, "thanks, " + exchange.request().body); });
    const auto outcome = fetch_one(post(server.url("/v1/x?y=1"), "hello"));
    EXPECT_EQ(outcome.message(), "no failure");
    EXPECT_EQ(outcome.status, 201);
    EXPECT_EQ(outcome.body, "thanks, hello");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/x?y=1");
    EXPECT_EQ(request.header("Host"), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(request.header("Content-Type"), "text/plain");
    EXPECT_EQ(request.header("Content-Length"), "5");
    EXPECT_EQ(request.header("Accept-Encoding"), "identity");
}

TEST(HttpClient, SendsAndReadsManyBytes) {
    FakeServer server([](FakeExchange& exchange) { exchange.answer(200, exchange.request().body); });
    const std::string large(3'000'000, 'x');
    const auto outcome = fetch_one(post(server.url(), large));
    EXPECT_EQ(outcome.message(), "no failure");
    EXPECT_TRUE(outcome.body == large);
}

TEST(HttpClient, ReusesAConnection) {
    FakeServer server(say_ok);
    HttpClient::Statistics statistics;
    std::vector<HttpRequest> requests(5, get(server.url()));
    for (const auto& outcome : run(fetch_all(requests, without_proxies(), {}, &statistics)))
        EXPECT_EQ(outcome.body, "ok");
    EXPECT_EQ(statistics.opened, 1U);
    EXPECT_EQ(statistics.reused, 4U);
    EXPECT_EQ(statistics.idle, 1U);
    EXPECT_EQ(statistics.active, 0U);
    EXPECT_EQ(server.counts().connections, 1U);
}

TEST(HttpClient, OpensANewConnectionForEachRequestIfToldTo) {
    FakeServer server(say_ok);
    HttpClient::Statistics statistics;
    auto settings = without_proxies();
    settings.max_idle_per_origin = 0;
    std::vector<HttpRequest> requests(3, get(server.url()));
    run(fetch_all(requests, settings, {}, &statistics));
    EXPECT_EQ(statistics.opened, 3U);
    EXPECT_EQ(statistics.reused, 0U);
    EXPECT_TRUE(server.wait_until_client_closed(3));
}

TEST(HttpClient, ReadsAStreamInPiecesOfAnySize) {
    std::string stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const auto* chunk : {"6\r\ndata: \r\n", "5\r\nhello\r\n", "2\r\n\n\n\r\n", "0\r\n\r\n"})
        stream += chunk;
    FakeServer server([&](FakeExchange& exchange) {
        exchange.send_in_pieces(stream, 1 + exchange.request().number % stream.size());
    });
    HttpClient::Statistics statistics;
    std::vector<HttpRequest> requests(stream.size(), get(server.url()));
    for (const auto& outcome : run(fetch_all(requests, without_proxies(), {}, &statistics)))
        EXPECT_EQ(outcome.body, "data: hello\n\n");
    EXPECT_EQ(statistics.opened, 1U);
}

TEST(HttpClient, ReadsABodyUpToTheConnectionsEnd) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.send("HTTP/1.1 200 OK\r\n\r\nall of it");
        exchange.close();
    });
    const auto outcome = fetch_one(get(server.url()));
    EXPECT_EQ(outcome.message(), "no failure");
    EXPECT_EQ(outcome.body, "all of it");
}

TEST(HttpClient, SaysThatNobodyListens) {
    std::uint16_t port = 0;
    {
        const FakeServer server(say_ok);
        port = server.port();
    }
    const auto outcome = fetch_one(get("http://127.0.0.1:" + std::to_string(port) + "/"));
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_EQ(outcome.message(),
              "cannot connect to 127.0.0.1:" + std::to_string(port) + " (connection refused); is the server running?");
    EXPECT_TRUE(outcome.failure->retryable);
}

TEST(HttpClient, SaysThatANameHasNoAddress) {
    const auto outcome = fetch_one(get("http://no-such-host.invalid/"));
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_NE(outcome.message().find("cannot find the address of no-such-host.invalid"), std::string::npos);
}

TEST(HttpClient, RefusesABadRequestWithoutSendingIt) {
    FakeServer server(say_ok);
    auto smuggled = get(server.url());
    smuggled.headers.emplace_back("X", "1\r\nY: 2");
    auto bad_name = get(server.url());
    bad_name.headers.emplace_back("X Y", "1");
    auto bad_method = get(server.url());
    bad_method.method = "GET /";
    for (const auto& request :
         {smuggled, bad_name, bad_method, get("localhost:80"), get("http://me:secret@127.0.0.1/")}) {
        const auto outcome = fetch_one(request);
        EXPECT_EQ(outcome.kind(), FailureKind::bad_request) << outcome.message();
        EXPECT_EQ(outcome.message().find("secret"), std::string::npos);
    }
    EXPECT_EQ(server.counts().connections, 0U);
}

TEST(HttpClient, GivesUpWhenNoAnswerBegins) {
    FakeServer server([](FakeExchange& exchange) { exchange.stall(); });
    Limits limits;
    limits.response = 300ms;
    const auto outcome = fetch_one(get(server.url()), without_proxies(), limits);
    EXPECT_EQ(outcome.kind(), FailureKind::timeout);
    EXPECT_NE(outcome.message().find("did not begin to answer in time"), std::string::npos) << outcome.message();
    EXPECT_TRUE(server.wait_until_client_closed());
}

TEST(HttpClient, GivesUpWhenAStreamStalls) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.chunk("a");
        exchange.stall();
    });
    Limits limits;
    limits.body = 300ms;
    const auto outcome = fetch_one(get(server.url()), without_proxies(), limits);
    EXPECT_EQ(outcome.body, "a");
    EXPECT_EQ(outcome.kind(), FailureKind::timeout);
    EXPECT_TRUE(server.wait_until_client_closed());
}

TEST(HttpClient, ADeadlinePassedAlreadyIsATimeout) {
    FakeServer server(say_ok);
    Limits limits;
    limits.response = 0ms;
    EXPECT_EQ(fetch_one(get(server.url()), without_proxies(), limits).kind(), FailureKind::timeout);
}

/// Reads one piece before it lets the server go on: a reset drops what has not been read.
Task<std::optional<Failure>> read_past_release(FakeServer* server) {
    HttpClient client(co_await asio::this_coro::executor, without_proxies());
    auto exchange = co_await client.send(get(server->url()), 10s, Deadline::never());
    if (!exchange) co_return exchange.error();
    const auto first = co_await (*exchange)->read_some(Deadline::after(10s));
    if (!first) co_return first.error();
    EXPECT_EQ(*first, "a");
    server->release();
    const auto second = co_await (*exchange)->read_some(Deadline::after(10s));
    if (second) co_return std::nullopt;
    const auto again = co_await (*exchange)->read_some(Deadline::after(10s));
    EXPECT_FALSE(again.has_value());
    co_return second.error();
}

TEST(HttpClient, NoticesAStreamThatIsCut) {
    for (const bool reset : {false, true}) {
        FakeServer server([reset](FakeExchange& exchange) {
            exchange.start_stream();
            exchange.chunk("a");
            exchange.stall();
            reset ? exchange.reset() : exchange.close();
        });
        const auto failure = run(read_past_release(&server));
        ASSERT_TRUE(failure);
        EXPECT_EQ(failure->kind, FailureKind::stream_cut) << failure->message;
        EXPECT_TRUE(failure->retryable);
    }
}

TEST(HttpClient, NoticesAConnectionClosedWithoutAnAnswer) {
    FakeServer server([](FakeExchange& exchange) { exchange.close(); });
    const auto outcome = fetch_one(get(server.url()));
    EXPECT_EQ(outcome.kind(), FailureKind::connect);
    EXPECT_NE(outcome.message().find("closed the connection without answering"), std::string::npos)
        << outcome.message();
    EXPECT_EQ(server.counts().requests, 1U);
}

TEST(HttpClient, BoundsHeaderAndBody) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().target == "/header") {
            exchange.answer(200, "", {{"X", std::string(2000, 'x')}});
        } else {
            exchange.answer(200, std::string(2000, 'x'));
        }
    });
    auto settings = without_proxies();
    settings.max_header_bytes = 1000;
    settings.max_body_bytes = 1000;
    for (const auto* target : {"/header", "/body"}) {
        const auto outcome = fetch_one(get(server.url(target)), settings);
        EXPECT_EQ(outcome.kind(), FailureKind::bad_response) << target;
        EXPECT_FALSE(outcome.failure->retryable);
    }
}

TEST(HttpClient, ReadsTheAnswerOfAServerThatStopsListening) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.answer(413, "too large");
        exchange.close();
    });
    EXPECT_EQ(fetch_one(post(server.url(), "x")).status, 413);
}

TEST(HttpClient, ReplacesAReusedConnectionThatFailsUnanswered) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.request().on_connection == 0 ? exchange.answer(200, "ok") : exchange.close();
    });
    HttpClient::Statistics statistics;
    std::vector<HttpRequest> requests(2, post(server.url(), "x"));
    for (const auto& outcome : run(fetch_all(requests, without_proxies(), {}, &statistics)))
        EXPECT_EQ(outcome.body, "ok") << outcome.message();
    EXPECT_EQ(statistics.opened, 2U);
    EXPECT_EQ(statistics.reused, 1U);
    EXPECT_EQ(server.counts().requests, 3U);
}

TEST(HttpClient, DoesNotRepeatARequestWhoseAnswerHasBegun) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number == 0) return exchange.answer(200, "ok");
        exchange.send("H");
        exchange.close();
    });
    std::vector<HttpRequest> requests(2, post(server.url(), "x"));
    const auto outcomes = run(fetch_all(requests, without_proxies(), {}, nullptr));
    EXPECT_EQ(outcomes[1].kind(), FailureKind::stream_cut);
    EXPECT_EQ(server.counts().requests, 2U);
}

TEST(HttpClient, DoesNotRepeatARequestThatTimedOut) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().number == 0) return exchange.answer(200, "ok");
        exchange.stall();
    });
    Limits limits;
    limits.response = 100ms;
    std::vector<HttpRequest> requests(2, post(server.url(), "x"));
    EXPECT_EQ(run(fetch_all(requests, without_proxies(), limits, nullptr))[1].kind(), FailureKind::timeout);
    EXPECT_EQ(server.counts().requests, 2U);
}

bool has_ipv6_loopback() {
    asio::io_context context;
    boost::system::error_code error;
    asio::ip::tcp::acceptor probe(context);
    probe.open(asio::ip::tcp::v6(), error);
    if (!error) probe.bind(asio::ip::tcp::endpoint(asio::ip::address_v6::loopback(), 0), error);
    return !error;
}

TEST(HttpClient, SpeaksIpv6WhereThereIsAny) {
    if (!has_ipv6_loopback()) return;  // the parsing of such addresses has tests of its own
    FakeServerSettings settings;
    settings.ipv6 = true;
    FakeServer server(say_ok, settings);
    EXPECT_EQ(fetch_one(get(server.url())).body, "ok");
    EXPECT_EQ(server.requests().at(0).header("Host"), "[::1]:" + std::to_string(server.port()));
}

TEST(HttpClient, TriesAllAddressesOfAName) {
    FakeServer server(say_ok);  // localhost may also mean ::1, where nobody listens
    EXPECT_EQ(fetch_one(get("http://localhost:" + std::to_string(server.port()) + "/")).body, "ok");
}

}  // namespace
}  // namespace enough
