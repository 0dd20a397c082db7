#include <enough/async/child_process.hpp>

#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <unistd.h>

namespace enough {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ChildCommand shell(const std::string& script) {
    return {{"sh", "-c", script}, {{"GIVEN", "a value"}}};
}

Task<std::string> read_line(ChildProcess* program) {
    std::string text;
    const auto size =
        co_await asio::async_read_until(program->output(), asio::dynamic_buffer(text), '\n', asio::use_awaitable);
    co_return text.substr(0, size - 1);
}

Task<std::string> end_of(ChildCommand what) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    ChildProcess program(what, executor);
    co_await program.ended();
    co_return *program.end();
}

TEST(ChildProcess, SaysHowItEnded) {
    EXPECT_EQ(test::run(end_of(shell("exit 0"))), "exited with status 0");
    EXPECT_EQ(test::run(end_of(shell("exit 7"))), "exited with status 7");
    EXPECT_EQ(test::run(end_of(shell("kill -9 $$"))), "was killed by signal 9");
}

TEST(ChildProcess, WhoseEndIsForgottenSaysThat) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);  // as some supervisors leave it
    EXPECT_EQ(test::run(end_of(shell("exit 7"))), "ended in a way that is not known");
    std::signal(SIGCHLD, before);
}

TEST(ChildProcess, IsNamedWhenItIsMissing) {
    EXPECT_THROW(
        try { test::run(end_of({{"/no/such/program"}, {}})); } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), HasSubstr("'/no/such/program' can't be started: No such file"));
            throw;
        },
        std::runtime_error);
}

Task<std::string> echo_of(ChildCommand what, std::string text) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    ChildProcess program(what, executor);
    co_await asio::async_write(program.input(), asio::buffer(text), asio::use_awaitable);
    co_return co_await read_line(&program);
}

TEST(ChildProcess, HasStreamsAndAnEnvironment) {
    EXPECT_EQ(test::run(echo_of(shell("read line; echo \"$line $GIVEN $HOME\""), "hello\n")),
              std::string("hello a value ") + std::getenv("HOME"));
}

Task<std::string> stopped(ChildCommand what) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    ChildProcess program(what, executor);
    co_await read_line(&program);
    co_await program.stop(200ms);
    co_return program.end().value_or("still runs");
}

TEST(ChildProcess, IsStoppedByTheGentlestWayThatWorks) {
    EXPECT_EQ(test::run(stopped(shell("echo; cat; exit 3"))), "exited with status 3") << "its input ends";
    EXPECT_EQ(test::run(stopped(shell("echo; exec sleep 1000"))), "was killed by signal 15");
    EXPECT_EQ(test::run(stopped(shell("trap '' TERM; echo; while :; do sleep 1000; done"))), "was killed by signal 9");
    EXPECT_EQ(test::run(stopped(shell("trap 'exit 4' TERM; echo; while :; do sleep 0.01; done"))),
              "exited with status 4");
}

Task<pid_t> abandoned() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto what = shell("echo $$; exec sleep 1000");
    ChildProcess program(what, executor);
    const auto line = co_await read_line(&program);
    co_return std::stoi(line);
}

TEST(ChildProcess, DoesNotOutliveItsOwner) {
    const pid_t program = test::run(abandoned());
    EXPECT_EQ(::kill(program, 0), -1);
    EXPECT_EQ(errno, ESRCH) << "it is waited for, too";
}

}  // namespace
}  // namespace enough
