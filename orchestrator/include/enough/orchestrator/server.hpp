#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/telemetry.hpp>
#include <enough/workflows/workflow.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// Bounds on everything a client may do.
struct ServerLimits {
    std::size_t header_bytes = 32 * 1024;
    std::size_t body_bytes = 1024 * 1024;
    std::size_t connections = 1'024;
    std::size_t runs = 1'000;                       ///< in flight; more are refused with 429
    std::size_t kept_runs = 1'000;                  ///< that have ended and can still be looked at
    std::chrono::milliseconds header_time{10'000};  ///< from a request's first byte to its header's end
    std::chrono::milliseconds body_time{30'000};
    std::chrono::milliseconds idle_time{60'000};      ///< between requests of a kept connection
    std::chrono::milliseconds write_time{30'000};     ///< for each piece that a client is slow to take
    std::chrono::milliseconds total_time{3'600'000};  ///< for a completion; its run is cancelled then
    std::chrono::milliseconds keep_alive{15'000};     ///< of silence, before a stream says that it is still there
};

/// Where runs are kept beyond the server's end.
struct StoreSettings {
    std::filesystem::path file;      ///< an SQLite database, made if it is not there; empty: runs are kept in memory
    std::size_t keep_runs = 10'000;  ///< that have ended; the earliest beyond them are removed
    int keep_days = 0;               ///< since their end; 0: however long
    bool resume = false;             ///< go on at the start with runs that were interrupted
    /// Told, on the server's executor, what a person should know: that writing fails (once, until it works again), and
    /// what became of interrupted runs.
    std::function<void(const std::string&)> notice;
};

struct ServeSettings {
    std::string address = "127.0.0.1";  ///< an IP address; other than loopback only with `api_keys`
    std::uint16_t port = 8484;          ///< 0: any free one
    std::filesystem::path api_keys;     ///< file with a key a line (docs/serve.md); empty: nobody needs one
    std::string cors_origin;            ///< pages of this origin may ask, too; `*`: all; empty: none
    std::optional<double> max_usd;      ///< for all runs together, as long as it serves
    ServerLimits limits;
    StoreSettings store;
    std::optional<TraceSettings> traces;            ///< where spans of runs go; absent: none are made
    LogSettings log;                                ///< a line for each request and run, on standard error
    std::chrono::milliseconds drain_notice{1'000};  ///< between `/readyz` failing and the end of accepting
    std::chrono::milliseconds drain{30'000};        ///< for requests in flight, before they are cancelled
};

/// Serves workflows over HTTP as OpenAI's models, and their runs (docs/serve.md). Its requests and runs live on one
/// executor: a strand, or a context run by one thread.
class Server {
public:
    /// Listens at once. Throws `std::invalid_argument` for settings that can't be used (an address that is none, no
    /// keys where they are needed, a bad file of keys, a port that can't be had, a store that can't be written or is
    /// another server's).
    Server(asio::any_io_executor executor, const ServeSettings& settings);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Puts these in the place of all that were served before, for requests to come; runs in flight end with what they
    /// were started with. Throws `std::invalid_argument`, and changes nothing, if two have one name, or if money is
    /// limited and one of them asks a model without a price.
    void offer(const std::vector<std::shared_ptr<const Workflow>>& workflows);

    /// Reads the file of keys again. Throws `std::invalid_argument`, and changes nothing, for one that can't be used:
    /// also for a budget in money where a workflow asks a model without a price.
    void reload_keys();

    std::string address() const;  ///< `127.0.0.1:8484`, with the real port

    /// Serves until it is cancelled (`terminal`); then drains and returns normally.
    Task<void> serve();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace enough
