#pragma once

#include "support/temporary_folder.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <sys/types.h>

namespace enough::test {

struct NatsServerSettings {
    bool jet_stream = true;
    std::string token = {};           ///< that clients must bring
    std::string max_file_store = {};  ///< "1MB"; empty: plenty
    std::string host = "127.0.0.1";   ///< an address of this machine
    std::string more = {};            ///< further lines of its configuration
};

/// A real NATS server on a free port of the loopback, with a store of its own that outlasts restarts. It takes clients
/// when the constructor returns; it is killed when this goes. Throws if it does not start, with what it printed.
class NatsServerProcess {
public:
    explicit NatsServerProcess(NatsServerSettings settings = {});
    ~NatsServerProcess();
    NatsServerProcess(const NatsServerProcess&) = delete;
    NatsServerProcess& operator=(const NatsServerProcess&) = delete;

    std::uint16_t port() const { return port_; }
    std::string address() const;  ///< host:port
    std::string url() const;      ///< with the token

    void kill();          ///< SIGKILL: what it had not written yet is lost
    void start();         ///< again, on the same port and with the same store
    void freeze() const;  ///< connections stay, nothing is answered; done when it has come to a stop

    /// Counts from the next start.
    void set_max_file_store(std::string size) { settings_.max_file_store = std::move(size); }

private:
    void write_configuration() const;
    void spawn();
    void read_log();
    void wait_until_ready();

    NatsServerSettings settings_;
    const TemporaryFolder folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    int log_ = -1;
    std::thread reader_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;  // what it has printed
    bool ready_ = false;
    bool ended_ = false;
};

}  // namespace enough::test
