// Clients that mean harm, or are merely broken.

#include "orchestrator/stalling_upstream.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct RawCase {
    std::string bytes;
    std::string status;
};

Task<void> sends_raw(ServerClient* client, std::vector<RawCase> cases) {
    for (const RawCase& each : cases) {
        const std::string answer = co_await client->raw(each.bytes);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + each.status)) << each.bytes.substr(0, 200);
        EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << "one answer, whatever follows: " << each.bytes;
    }
    const Reply after = co_await client->ask("GET", "/healthz");
    EXPECT_EQ(after.status, 200) << "the server goes on";
}

TEST(ServerHttp, SmugglersGarbageAndGiantsAreRefused) {
    const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n";
    const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::vector<RawCase> cases = {
        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: -1\r\n\r\n" + hidden, "400"},
        {post + "Content-Length: 1 2\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: gzip\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked, gzip\r\n\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + hidden, "400"},
        {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + hidden, "400"},
        {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        {"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        {"\x16\x03\x01 this is TLS\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n", "431"},
        {post + "Content-Length: 99999999\r\n\r\n", "413"},
    };
    with_server({scripted_cascade}, [&](ServerClient* client, Server*) { return sends_raw(client, cases); });
}

Task<void> dawdles(ServerClient* client, Server*) {
    const std::string header = co_await client->raw("GET /healthz HTTP/1.1\r\nHo");
    EXPECT_THAT(header, StartsWith("HTTP/1.1 408"));
    const std::string post = "POST /v1/runs HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{";
    const std::string body = co_await client->raw(post);
    EXPECT_THAT(body, StartsWith("HTTP/1.1 408"));
    const std::string nothing = co_await client->raw("");
    EXPECT_EQ(nothing, "") << "an idle connection is just closed";
}

TEST(ServerHttp, WhoSendsTooSlowlyIsSentAway) {
    ServeSettings settings = on_any_port();
    settings.limits.header_time = settings.limits.body_time = settings.limits.idle_time = std::chrono::milliseconds(50);
    with_server({scripted_cascade}, dawdles, settings);
}
/// A request with one header of its own.
std::string with_header(const std::string& method, const std::string& header) {
    return fmt::format("{} /v1/models HTTP/1.1\r\nConnection: close\r\n{}\r\n\r\n", method, header);
}

Task<void> comes_from_elsewhere(ServerClient* client, Server* server) {
    const std::string here = server->address();
    const std::vector<RawCase> cases = {
        {with_header("GET", "Host: " + here), "200"},
        {with_header("GET", "Host: localhost:80"), "200"},
        {with_header("GET", "Host: [::1]:80"), "200"},
        {with_header("GET", "Host: rebound.example"), "403"},
        {with_header("GET", "Host: 192.0.2.1"), "403"},
        {with_header("GET", "Host: " + here + "\r\nOrigin: http://" + here), "200"},
        {with_header("GET", "Host: " + here + "\r\nOrigin: http://evil.example"), "403"},
        {with_header("GET", "Host: " + here + "\r\nOrigin: null"), "403"},
        {with_header("OPTIONS",
                     "Host: " + here + "\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: GET"),
         "403"},
    };
    for (const RawCase& each : cases) {
        const std::string answer = co_await client->raw(each.bytes);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + each.status)) << each.bytes;
        EXPECT_THAT(answer, Not(HasSubstr("Access-Control"))) << "off by default";
    }
}

TEST(ServerHttp, PagesOfOtherSitesMayNotAsk) {
    with_server({scripted_cascade}, comes_from_elsewhere);
}

Task<void> comes_from_a_known_page(ServerClient* client, Server*) {
    const std::string page = "Host: localhost\r\nOrigin: https://page.example";
    const std::string asked =
        co_await client->raw(with_header("OPTIONS", page + "\r\nAccess-Control-Request-Method: GET"));
    EXPECT_THAT(asked, StartsWith("HTTP/1.1 204"));
    EXPECT_THAT(asked, HasSubstr("\r\nAccess-Control-Allow-Origin: https://page.example\r\n"));
    EXPECT_THAT(asked, HasSubstr("\r\nAccess-Control-Allow-Headers: Authorization"));
    const std::string answered = co_await client->raw(with_header("GET", page));
    EXPECT_THAT(answered, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answered, HasSubstr("\r\nAccess-Control-Allow-Origin: https://page.example\r\n"));
    const std::string other =
        co_await client->raw(with_header("GET", "Host: localhost\r\nOrigin: https://other.example"));
    EXPECT_THAT(other, StartsWith("HTTP/1.1 403"));
}

TEST(ServerHttp, PagesOfAnAllowedOriginMay) {
    ServeSettings settings = on_any_port();
    settings.cors_origin = "https://page.example";
    with_server({scripted_cascade}, comes_from_a_known_page, settings);
}

/// Holds a connection each, with a request that is being answered.
Task<void> takes_every_place(ServerClient* client, Stalling* upstream) {
    const std::string request =
        fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                    std::string_view(ask_cascade).size(), ask_cascade);
    std::vector<asio::ip::tcp::socket> sockets;
    for (int i = 1; i <= 2; ++i) {
        sockets.push_back(co_await client->connect());
        co_await asio::async_write(sockets.back(), asio::buffer(request), asio::use_awaitable);
        co_await wait_for(&upstream->asked, i);
    }
    const std::string answer = co_await client->raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
}

ServeSettings with_two_places() {
    ServeSettings settings = on_any_port();
    settings.limits.connections = 2;
    return settings;
}

TEST(ServerHttp, MoreConnectionsThanAllowedAreTurnedAway) {
    Stalling upstream;
    with_server(
        {served_at(upstream.server.url("/v1"))},
        [&](ServerClient* client, Server*) { return takes_every_place(client, &upstream); }, with_two_places());
}

Task<void> asks_nothing(ServerClient* client, Server*) {
    asio::ip::tcp::socket oldest = co_await client->connect();
    const std::string half = "GET /healthz HTT";
    co_await asio::async_write(oldest, asio::buffer(half), asio::use_awaitable);
    const asio::ip::tcp::socket other = co_await client->connect();
    const std::string answer =
        co_await client->raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    std::string rest;
    boost::system::error_code ended;
    co_await asio::async_read(oldest, asio::dynamic_buffer(rest), asio::redirect_error(asio::use_awaitable, ended));
    EXPECT_TRUE(ended) << "whoever has held a place for the longest without asking makes room";
    EXPECT_EQ(rest, "");
}

TEST(ServerHttp, WhoOnlyHoldsAPlaceMakesRoom) {
    with_server({scripted_cascade}, asks_nothing, with_two_places());
}

Task<void> probes(ServerClient* client, Server*) {
    for (const char* path : {"/healthz", "/readyz"}) {
        const Reply head = co_await client->ask("HEAD", path);
        EXPECT_EQ(head.status, 200);
        for (const char* method : {"POST", "TRACE", "PATCH"}) {
            const Reply reply = co_await client->ask(method, path);
            EXPECT_EQ(reply.status, 405) << method << ' ' << path;
        }
    }
}

TEST(ServerHttp, ProbesAreOnlyRead) {
    with_server({scripted_cascade}, probes);
}

}  // namespace
}  // namespace enough::test
