#include "support/nats_server_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace enough::test {
namespace {

constexpr std::chrono::seconds start_limit{20};
constexpr const char* ready_line = "Server is ready";
constexpr const char* port_line = "Listening for client connections on 127.0.0.1:";

}  // namespace

NatsServerProcess::NatsServerProcess(NatsServerSettings settings) : settings_(std::move(settings)) {
    start();
}

NatsServerProcess::~NatsServerProcess() {
    kill();
}

std::string NatsServerProcess::address() const {
    return "127.0.0.1:" + std::to_string(port_);
}

std::string NatsServerProcess::url() const {
    return "nats://" + (settings_.token.empty() ? "" : settings_.token + "@") + address();
}

void NatsServerProcess::write_configuration() const {
    std::ofstream file(folder_.file("server.conf"));
    file << "listen: \"127.0.0.1:" << (port_ == 0 ? "-1" : std::to_string(port_)) << "\"\n";
    if (!settings_.token.empty()) file << "authorization { token: \"" << settings_.token << "\" }\n";
    if (settings_.jet_stream) {
        file << "jetstream {\n  store_dir: \"" << folder_.file("store") << "\"\n";
        if (!settings_.max_file_store.empty()) file << "  max_file_store: " << settings_.max_file_store << "\n";
        file << "}\n";
    }
    file << settings_.more << "\n";
}

void NatsServerProcess::start() {
    write_configuration();
    text_.clear();
    ready_ = ended_ = false;
    spawn();
    reader_ = std::thread([this] { read_log(); });
    wait_until_ready();
}

void NatsServerProcess::spawn() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::string program = ENOUGH_NATS_SERVER;
    std::string option = "-c";
    std::string configuration = folder_.file("server.conf");
    const std::array<char*, 4> arguments{program.data(), option.data(), configuration.data(), nullptr};
    const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    log_ = ends[0];
    if (error != 0) throw std::system_error(error, std::generic_category(), program);
}

void NatsServerProcess::read_log() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t size = read(log_, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        const std::lock_guard lock(mutex_);
        if (size <= 0) {
            ended_ = true;
            changed_.notify_all();
            return;
        }
        text_.append(buffer.data(), static_cast<std::size_t>(size));
        if (text_.find(ready_line) != std::string::npos) ready_ = true;
        changed_.notify_all();
    }
}

void NatsServerProcess::wait_until_ready() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, start_limit, [this] { return ready_ || ended_; });
    const auto at = text_.find(port_line);
    if (!ready_ || at == std::string::npos) {
        const std::string printed = text_;
        lock.unlock();
        kill();
        throw std::runtime_error("nats-server does not start:\n" + printed);
    }
    port_ = static_cast<std::uint16_t>(std::stoi(text_.substr(at + std::char_traits<char>::length(port_line), 5)));
}

void NatsServerProcess::signal(int number) const {
    ::kill(pid_, number);
}

void NatsServerProcess::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    if (reader_.joinable()) reader_.join();
    close(log_);
}

}  // namespace enough::test
