#pragma once

#include <enough/tools/tool_server.hpp>

#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace enough::test {

/// What a task came to, once it has ended.
template <class T>
struct Ended {
    std::optional<T> value;
    std::exception_ptr error;
    bool over = false;
};

/// A tool server on a loop of its own, which runs only while a test waits for something. Closed in the end, whatever
/// happened: then nothing may be left on the loop.
class ToolServerTest : public testing::Test {
protected:
    void TearDown() override {
        if (server_ == nullptr) return;
        close();
        server_.reset();
        context_.restart();
        context_.run_for(time_limit);
        EXPECT_TRUE(context_.stopped()) << "something is left after the end";
    }

    void open(ToolServerSettings settings) { server_ = make_tool_server(std::move(settings), context_.get_executor()); }

    /// Begins a task; it goes on whenever the loop runs.
    template <class T>
    std::shared_ptr<Ended<T>> begin(Task<T> task, asio::cancellation_signal* cancel = nullptr) {
        auto ended = std::make_shared<Ended<T>>();
        auto on_end = [ended](std::exception_ptr error, T value) {
            ended->error = error;
            if (!error) ended->value.emplace(std::move(value));
            ended->over = true;
        };
        const auto slot = cancel == nullptr ? asio::cancellation_slot() : cancel->slot();
        asio::co_spawn(context_, std::move(task), asio::bind_cancellation_slot(slot, std::move(on_end)));
        return ended;
    }

    template <class T>
    void await(const std::shared_ptr<Ended<T>>& ended) {
        context_.restart();
        const auto limit = std::chrono::steady_clock::now() + time_limit;
        while (!ended->over && context_.run_one_until(limit) > 0) {
        }
        if (!ended->over) throw std::logic_error("it did not end in time");
    }

    /// Lets the loop run until another thread has seen to the condition.
    bool run_until(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + time_limit;
        while (!condition() && std::chrono::steady_clock::now() < limit) {
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds(5));
        }
        return condition();
    }

    template <class T>
    T result(const std::shared_ptr<Ended<T>>& ended) {
        await(ended);
        if (ended->error) std::rethrow_exception(ended->error);
        return std::move(*ended->value);
    }

    Result<std::vector<ToolSpec>> list() { return result(begin(server_->list(Deadline::never()))); }

    Result<ToolResult> call(const std::string& name, const std::string& arguments = "{}",
                            Deadline deadline = Deadline::never()) {
        return result(begin(server_->call(name, arguments, deadline)));
    }

    /// The text of a result that is no error, or what went wrong.
    std::string text(const std::string& name, const std::string& arguments = "{}") {
        return words(call(name, arguments));
    }

    static std::string words(const Result<ToolResult>& result) {
        if (!result) return "failure: " + result.error().message;
        return (result->is_error ? "error: " : "") + result->content;
    }

    std::string failure() {
        const auto tools = list();
        return tools ? "none" : tools.error().message;
    }

    static Task<bool> closed(ToolServer* server) {
        co_await server->close();
        co_return true;
    }
    void close() { result(begin(closed(server_.get()))); }

    asio::io_context context_{1};
    std::unique_ptr<ToolServer> server_;
};

}  // namespace enough::test
