#include "evaluation/grading_program.hpp"

#include <enough/async/child_process.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/with_deadline.hpp>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::chrono::seconds longest{60};

/// Writes the input and waits for the end. A program that does not read its input is free to.
Task<void> feed_and_wait(ChildProcess& program, std::string input) {
    boost::system::error_code ignored;
    co_await asio::async_write(program.input(), asio::buffer(input),
                               asio::redirect_error(asio::use_awaitable, ignored));
    program.input().close(ignored);
    co_await program.ended();
}

}  // namespace

Task<int> run_grading_program(std::vector<std::string> command, std::string input) {
    const ChildCommand what{.command = std::move(command), .output = ChildOutput::standard_error};
    ChildProcess program(what, co_await asio::this_coro::executor);
    Task<void> work = feed_and_wait(program, std::move(input));
    try {
        co_await with_deadline(std::move(work), Deadline::after(longest));
    } catch (const DeadlineExceeded&) {
        throw std::runtime_error(fmt::format("the grading program did not end within {} s", longest.count()));
    }
    if (const auto status = program.exit_status()) co_return *status;
    throw std::runtime_error(fmt::format("the grading program {}", program.end().value_or("did not end")));
}

}  // namespace enough
