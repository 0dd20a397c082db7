#include "terminal_approver.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string_view>
#include <utility>

namespace enough::cli {
namespace {

constexpr std::size_t longest_line = 4096;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// `y`, `yes`, `n`, `no`, each with a comment after it; absent for anything else.
std::optional<ApprovalReply> reply_in(std::string_view line) {
    line = trimmed(line);
    const auto end = line.find_first_of(" ,:");
    const std::string_view word = line.substr(0, end);
    const bool yes = word == "y" || word == "yes" || word == "Y";
    const bool no = word == "n" || word == "no" || word == "N";
    if (!yes && !no) return std::nullopt;
    const std::string_view rest = end == std::string_view::npos ? "" : trimmed(line.substr(end + 1));
    return ApprovalReply{yes, "the terminal", std::string(rest)};
}

}  // namespace

Task<ApprovalReply> TerminalApprover::ask(ApprovalQuestion question) {
    if (mode_ == ApprovalMode::yes) co_return ApprovalReply{true, "--approve yes", {}};
    if (mode_ == ApprovalMode::no) co_return ApprovalReply{false, "--approve no", {}};
    if (isatty(STDIN_FILENO) != 1)
        co_return ApprovalReply{false, "", "standard input is no terminal; say --approve yes or --approve no"};
    const auto turn = co_await one_at_a_time_.acquire(0, Deadline());
    terminal_.line(fmt::format("  {:<10} {}", question.step, terminal_.paint(Colour::yellow, "needs your approval")));
    terminal_.line(question.message);
    while (true) {
        fmt::print(stderr, "  approve? [y/n, and a comment] ");
        const std::string line = co_await read_line();
        if (line.empty()) co_return ApprovalReply{false, "", "standard input has ended"};
        if (auto reply = reply_in(line)) co_return *std::move(reply);
    }
}

/// Empty at the end of the input.
Task<std::string> TerminalApprover::read_line() {
    const int descriptor = dup(STDIN_FILENO);
    if (descriptor < 0) co_return std::string();
    asio::posix::stream_descriptor input(co_await asio::this_coro::executor, descriptor);
    boost::system::error_code error;
    const std::size_t size = co_await asio::async_read_until(input, asio::dynamic_buffer(unread_, longest_line), '\n',
                                                             asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (error) co_return std::string();
    std::string line = unread_.substr(0, size);
    unread_.erase(0, size);
    co_return line;
}

}  // namespace enough::cli
