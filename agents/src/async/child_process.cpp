#include <enough/async/child_process.hpp>

#include <enough/async/deadline.hpp>
#include <enough/async/with_deadline.hpp>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <csignal>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace enough {
namespace {

class SpawnSettings {
public:
    SpawnSettings(int input, int output, int errors) {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // our sockets are not its own
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &broken_pipe);  // whatever this process does with it
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
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

// As `exec` wants them: pointers to strings that stay with their owner, and a null at the end.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& each : strings)
        out.push_back(const_cast<char*>(each.c_str()));
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!added.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
    }
    for (const auto& [name, value] : added)
        out.push_back(name + "=" + value);
    return out;
}

std::string how_it_ended(pid_t waited, int status) {
    // Somebody has told the system to forget ended children.
    if (waited <= 0) return "ended in a way that is not known";
    if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
    return fmt::format("was killed by signal {}", WTERMSIG(status));
}

}  // namespace

ChildProcess::ChildProcess(const ChildCommand& what, const asio::any_io_executor& executor)
    : input_(executor), output_(executor), errors_(executor), end_of_process_(executor) {
    if (what.command.empty()) throw std::runtime_error("a program to start must be named");
    asio::local::stream_protocol::socket its_input(executor);
    asio::writable_pipe its_output(executor);
    asio::writable_pipe its_errors(executor);
    asio::local::connect_pair(input_, its_input);
    asio::connect_pipe(output_, its_output);
    asio::connect_pipe(errors_, its_errors);
    const bool ours = what.output == ChildOutput::ours;
    const SpawnSettings settings(its_input.native_handle(), ours ? its_output.native_handle() : STDERR_FILENO,
                                 ours ? its_errors.native_handle() : STDERR_FILENO);
    const auto environment = environment_with(what.environment);
    const auto arguments = pointers(what.command);
    if (const int error = posix_spawnp(&id_, arguments[0], &settings.actions, &settings.attributes, arguments.data(),
                                       pointers(environment).data())) {
        throw std::runtime_error(fmt::format("the program '{}' can't be started: {}", what.command.front(),
                                             std::generic_category().message(error)));
    }
    // Not pidfd_open: the header of glibc 2.36 forgets that it is a C function.
    const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
    if (descriptor >= 0) {
        end_of_process_.assign(descriptor);
    } else {
        const int error = errno;
        if (error != ESRCH) kill();
        reap();
        if (error != ESRCH) throw std::runtime_error("pidfd_open: " + std::generic_category().message(error));
    }
}

ChildProcess::~ChildProcess() {
    if (end_) return;
    kill();
    waitpid(id_, nullptr, 0);
}

void ChildProcess::kill() {
    if (!end_) ::kill(-id_, SIGKILL);
}

// Once it has ended. Its number still names the group as long as it has not been waited for.
void ChildProcess::reap() {
    if (end_) return;
    ::kill(-id_, SIGKILL);
    int status = 0;
    const pid_t waited = waitpid(id_, &status, 0);
    end_ = how_it_ended(waited, status);
    if (waited > 0 && WIFEXITED(status)) exit_status_ = WEXITSTATUS(status);
}

Task<void> ChildProcess::ended() {
    if (end_) co_return;
    co_await end_of_process_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    reap();
}

Task<bool> ChildProcess::ends_within(std::chrono::milliseconds grace) {
    Task<void> end = ended();
    try {
        co_await with_deadline(std::move(end), Deadline::after(grace));
    } catch (const DeadlineExceeded&) {
        // The answer below says it.
    }
    co_return end_.has_value();
}

Task<void> ChildProcess::stop(std::chrono::milliseconds grace) {
    static constexpr std::array signals{SIGTERM, SIGKILL};
    boost::system::error_code ignored;
    input_.close(ignored);
    bool over = co_await ends_within(grace);
    for (std::size_t i = 0; i < signals.size() && !over; ++i) {
        ::kill(-id_, signals[i]);
        over = co_await ends_within(grace);
    }
}

}  // namespace enough
