#pragma once

#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/readable_pipe.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace enough {

/// Where what a program prints goes.
enum class ChildOutput {
    ours,            ///< `output()` and `errors()`
    standard_error,  ///< both to this process's standard error
};

struct ChildCommand {
    std::vector<std::string> command;                     ///< the program, found on PATH, and its arguments
    std::map<std::string, std::string> environment = {};  ///< added to this process's own
    ChildOutput output = ChildOutput::ours;
};

/// A program that was started, in a process group of its own, with its standard streams in our hands; it inherits no
/// other descriptor. It does not outlive this, nor do those that it starts in its turn. All on one strand.
class ChildProcess {
public:
    /// Throws `std::runtime_error` if it can't be started, naming the program.
    ChildProcess(const ChildCommand& what, const asio::any_io_executor& executor);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// What we write is its standard input: a socket, so that writing to a program that is gone is an error and no
    /// signal.
    asio::local::stream_protocol::socket& input() { return input_; }
    asio::readable_pipe& output() { return output_; }
    asio::readable_pipe& errors() { return errors_; }

    /// Waits for the program's end. What is left of its process group is killed then.
    Task<void> ended();

    /// How it ended: "exited with status 3", "was killed by signal 9"; absent while it runs.
    const std::optional<std::string>& end() const { return end_; }

    /// Its exit status; absent while it runs, and if it was killed or how it ended is not known.
    std::optional<int> exit_status() const { return exit_status_; }

    /// Ends it: closes its input, and if it goes on for so long after that, after SIGTERM, SIGKILL comes.
    Task<void> stop(std::chrono::milliseconds grace);

    /// Ends it at once (SIGKILL), with all that it started.
    void kill();

private:
    Task<bool> ends_within(std::chrono::milliseconds grace);
    void reap();

    asio::local::stream_protocol::socket input_;
    asio::readable_pipe output_;
    asio::readable_pipe errors_;
    asio::posix::stream_descriptor end_of_process_;  // readable when it has ended
    pid_t id_ = 0;
    std::optional<std::string> end_;
    std::optional<int> exit_status_;
};

}  // namespace enough
