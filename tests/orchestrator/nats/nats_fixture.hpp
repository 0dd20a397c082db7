#pragma once

#include "support/nats_server_process.hpp"
#include "support/run.hpp"

#include "nats/connection.hpp"
#include "nats/wakeup.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace enough::nats {

using namespace std::chrono_literals;
using test::NatsServerProcess;
using test::NatsServerSettings;
using test::run;

inline ConnectionSettings quick(const std::string& url) {
    ConnectionSettings settings;
    settings.servers = {url};
    settings.connect_timeout = 2s;
    settings.reconnect_wait = 20ms;
    settings.reconnect_jitter = 10ms;
    return settings;
}

inline Task<Result<std::unique_ptr<Connection>>> try_to_connect(ConnectionSettings settings) {
    auto executor = co_await asio::this_coro::executor;
    co_return co_await Connection::connect(std::move(settings), std::move(executor));
}

/// A connection that must come about.
inline Task<std::unique_ptr<Connection>> connected(std::string url) {
    ConnectionSettings settings = quick(url);
    auto connection = co_await try_to_connect(std::move(settings));
    co_return std::move(connection.value());
}

template <class T>
void expect_error(const Result<T>& result, ErrorKind kind, const std::string& words = "") {
    ASSERT_FALSE(result) << "it should have failed: " << name(kind) << " " << words;
    EXPECT_EQ(name(result.error().kind), name(kind)) << result.error().message;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

template <class T>
void expect_success(const Result<T>& result) {
    EXPECT_TRUE(result) << result.error().message;
}

}  // namespace enough::nats
