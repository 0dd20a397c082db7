#pragma once

#include "support/temporary_folder.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <sys/types.h>

namespace enough::test {

struct NatsServerSettings {
    bool jet_stream = true;
    std::string token = {};           ///< that clients must bring
    std::string max_file_store = {};  ///< "1MB"; empty: plenty
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

    void kill();   ///< SIGKILL: what it had not written yet is lost
    void start();  ///< again, on the same port and with the same store
    void signal(int number) const;

private:
    void write_configuration() const;
    void spawn();
    void read_log();
    void wait_until_ready();

    const NatsServerSettings settings_;
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
