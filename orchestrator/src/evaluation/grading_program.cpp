#include "evaluation/grading_program.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/with_deadline.hpp>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace enough {
namespace {

using Socket = asio::local::stream_protocol::socket;

constexpr std::chrono::seconds longest{60};

struct SpawnSettings {
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings() {
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

/// A child process that does not outlive this, nor do those that it starts in its turn.
class Program {
public:
    Program(const std::vector<std::string>& command, int input) {
        SpawnSettings settings;
        posix_spawn_file_actions_adddup2(&settings.actions, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&settings.actions, STDERR_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);  // our sockets are not its own
        posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETPGROUP);           // to be ended as a whole
        std::vector<char*> arguments;
        for (const std::string& each : command)
            arguments.push_back(const_cast<char*>(each.c_str()));
        arguments.push_back(nullptr);
        if (const int error =
                posix_spawnp(&id_, arguments[0], &settings.actions, &settings.attributes, arguments.data(), environ))
            throw std::runtime_error(fmt::format("the grading program '{}' can't be started: {}", command.front(),
                                                 std::generic_category().message(error)));
    }
    ~Program() {
        if (ended_) return;
        kill(-id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// A descriptor that becomes readable when it ends.
    int end_descriptor() const {
        // Not pidfd_open: the header of glibc 2.36 forgets that it is a C function.
        const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
        if (descriptor < 0 && errno == ESRCH) throw end_unknown();
        if (descriptor < 0)
            throw std::runtime_error(fmt::format("pidfd_open: {}", std::generic_category().message(errno)));
        return descriptor;
    }

    /// The exit status of one that has ended.
    int status() {
        int status = 0;
        const pid_t waited = waitpid(id_, &status, 0);
        ended_ = true;
        if (waited != id_) throw end_unknown();
        if (!WIFEXITED(status)) throw std::runtime_error("the grading program was killed by a signal");
        return WEXITSTATUS(status);
    }

private:
    /// Somebody has told the system to forget ended children; that it is not known must not count as right.
    static std::runtime_error end_unknown() {
        return std::runtime_error("how the grading program ended is not known: is SIGCHLD ignored?");
    }

    pid_t id_ = 0;
    bool ended_ = false;
};

/// Writes the input and waits for the end. A program that does not read its input is free to.
Task<void> feed_and_wait(Socket& input_end, asio::posix::stream_descriptor& end, std::string input) {
    boost::system::error_code ignored;
    co_await asio::async_write(input_end, asio::buffer(input), asio::redirect_error(asio::use_awaitable, ignored));
    input_end.close();
    co_await end.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

}  // namespace

Task<int> run_grading_program(std::vector<std::string> command, std::string input) {
    const auto executor = co_await asio::this_coro::executor;
    // A socket, not a pipe: writing to a program that is gone must be an error, not a signal.
    Socket ours(executor);
    Socket theirs(executor);
    asio::local::connect_pair(ours, theirs);
    Program program(command, theirs.native_handle());
    theirs.close();
    asio::posix::stream_descriptor end(executor, program.end_descriptor());
    Task<void> work = feed_and_wait(ours, end, std::move(input));
    try {
        co_await with_deadline(std::move(work), Deadline::after(longest));
    } catch (const DeadlineExceeded&) {
        throw std::runtime_error(fmt::format("the grading program did not end within {} s", longest.count()));
    }
    co_return program.status();
}

}  // namespace enough
