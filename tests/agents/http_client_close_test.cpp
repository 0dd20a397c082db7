#include <enough/net/http_client.hpp>

#include <enough/async/task_group.hpp>

#include "http_fixtures.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// Reads a stream's first piece, then lets go of it.
Task<void> leave_early(std::string url, HttpClient::Statistics* statistics, std::string* first) {
    HttpClient client(co_await asio::this_coro::executor, without_proxies());
    {
        auto exchange = co_await client.send(get(std::move(url)), 10s, Deadline::never());
        EXPECT_TRUE(exchange.has_value());
        if (!exchange) co_return;
        const auto piece = co_await (*exchange)->read_some(Deadline::never());
        if (piece) *first = *piece;
        EXPECT_EQ(client.statistics().active, 1U);
    }
    *statistics = client.statistics();
}

TEST(HttpClientClose, AnExchangeDestroyedBeforeItsEndClosesTheConnection) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event("a");
        while (!exchange.client_gone()) {
            exchange.pause(1ms);
            exchange.event("more");
        }
    });
    HttpClient::Statistics statistics;
    std::string piece;
    run(leave_early(server.url(), &statistics, &piece));
    EXPECT_EQ(piece.substr(0, 9), "data: a\n\n");
    EXPECT_EQ(statistics.idle, 0U);
    EXPECT_EQ(statistics.active, 0U);
    EXPECT_TRUE(server.wait_until_client_closed());
}

/// Reads up to the end of the content, but not the end of the message, which has arrived with it.
Task<void> stop_after_content(std::string url, HttpClient::Statistics* statistics) {
    HttpClient client(co_await asio::this_coro::executor, without_proxies());
    {
        auto exchange = co_await client.send(get(url), 10s, Deadline::never());
        EXPECT_TRUE(exchange.has_value());
    }
    *statistics = client.statistics();
}

TEST(HttpClientClose, KeepsAConnectionWhoseRestHasArrivedAndIsSmall) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::size_t size : {0x10U, 0x100U}) {
        char chunk[16];
        std::snprintf(chunk, sizeof chunk, "%zx\r\n", size);
        const std::string all = head + chunk + std::string(size, 'x') + "\r\n0\r\n\r\n";
        FakeServer server([&](FakeExchange& exchange) { exchange.send(all); });
        HttpClient::Statistics statistics;
        run(stop_after_content(server.url(), &statistics));
        EXPECT_EQ(statistics.idle, 1U);
    }
}

Task<void> stream_until_cancelled(HttpClient* client, std::string url, bool* cancelled) {
    try {
        co_await fetch(client, get(std::move(url)));
    } catch (const boost::system::system_error& error) {
        *cancelled = error.code() == asio::error::operation_aborted;
        throw;
    }
}

Task<void> cancel_at(FakeServer* server, std::string url, std::chrono::milliseconds delay, bool* cancelled) {
    const auto executor = co_await asio::this_coro::executor;
    HttpClient client(executor, without_proxies());
    TaskGroup group(executor);
    group.spawn(stream_until_cancelled(&client, std::move(url), cancelled));
    asio::steady_timer timer(executor);
    if (delay > 0ms) {
        timer.expires_after(delay);
        co_await timer.async_wait(asio::use_awaitable);
    }
    group.cancel();
    co_await group.join();
    EXPECT_EQ(client.statistics().active, 0U);
    EXPECT_EQ(client.statistics().idle, 0U);
    EXPECT_TRUE(server->wait_until([](const auto& counts) { return counts.open == 0; }));
}

TEST(HttpClientClose, CancellationClosesTheConnectionWhereverItStrikes) {
    for (const auto delay : {0ms, 1ms, 2ms, 5ms, 50ms}) {
        for (const bool begins : {false, true}) {
            FakeServer server([begins](FakeExchange& exchange) {
                if (begins) {
                    exchange.start_stream();
                    exchange.event("a");
                }
                exchange.stall();
            });
            bool cancelled = false;
            run(cancel_at(&server, server.url(), delay, &cancelled));
            EXPECT_TRUE(cancelled) << delay.count();
        }
    }
}

Task<void> cancel_once_asked(FakeServer* server, bool* cancelled) {
    const auto executor = co_await asio::this_coro::executor;
    HttpClient client(executor, without_proxies());
    TaskGroup group(executor);
    group.spawn(stream_until_cancelled(&client, server->url(), cancelled));
    asio::steady_timer glance(executor);
    while (server->counts().requests == 0) {
        glance.expires_after(1ms);
        co_await glance.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(client.statistics().active, 1U);
    group.cancel();
    co_await group.join();
    EXPECT_TRUE(server->wait_until_client_closed());
}

TEST(HttpClientClose, CancellationIsSeenByAServerThatIsAnswering) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.stall();
    });
    bool cancelled = false;
    run(cancel_once_asked(&server, &cancelled));
    EXPECT_TRUE(cancelled);
}

Task<void> fetch_concurrently(std::string url) {
    const auto executor = co_await asio::this_coro::executor;
    HttpClient client(executor, without_proxies());
    TaskGroup group(executor);
    std::vector<TaskGroup::Id> ids;
    bool cancelled = false;
    for (int i = 0; i < 8; ++i)
        ids.push_back(group.spawn(stream_until_cancelled(&client, url, &cancelled)));
    asio::steady_timer timer(executor, 3ms);
    co_await timer.async_wait(asio::use_awaitable);
    for (std::size_t i = 0; i < ids.size(); i += 2)
        group.cancel(ids[i]);
    co_await group.join();
    EXPECT_EQ(client.statistics().active, 0U);
}

TEST(HttpClientClose, SurvivesManyAtOnce) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        for (int i = 0; i < 20; ++i)
            exchange.event("token");
        exchange.end_stream();
    });
    for (const std::size_t threads : {1U, 4U})
        run_many([&](std::size_t) { return fetch_concurrently(server.url()); }, 10, threads);
}

}  // namespace
}  // namespace enough
