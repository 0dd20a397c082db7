// Runs real workflows against a server that fails a fifth of its calls, for as long as wished, and checks that
// everything is accounted for. Exit 1 if anything does not add up.

#include "soak/account.hpp"
#include "soak/faulty_server.hpp"
#include "soak/soaked_workflows.hpp"

#include <enough/orchestrator/engine.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace enough::soak {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;
constexpr seconds grace{2};        // beyond a run's own deadline
constexpr seconds end_of_all{60};  // after the last run was begun
constexpr double share_of_faults = 0.2;
constexpr std::size_t most_growth = 48 * 1024 * 1024;

struct Options {
    int seconds = 120;
    std::uint64_t seed = 1;
    int runs = 200;
};

/// Resident memory and open files of this process.
struct Footprint {
    std::size_t bytes = 0;
    std::size_t files = 0;
};

Footprint footprint() {
    Footprint now;
    std::size_t all = 0;
    std::ifstream("/proc/self/statm") >> all >> now.bytes;
    now.bytes *= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
        ++now.files;
    return now;
}

/// Keeps so many runs under way until its time is over.
class Soak {
public:
    Soak(const Options& options, const std::vector<std::shared_ptr<const Workflow>>& workflows)
        : until_(Clock::now() + seconds(options.seconds)), lanes_(options.runs) {
        for (const auto& workflow : workflows)
            engines_.push_back(std::make_unique<Engine>(workflow, context_.get_executor()));
    }

    void begin() {
        const int lanes = lanes_;
        for (int lane = 0; lane < lanes; ++lane)
            asio::co_spawn(context_, work(static_cast<std::size_t>(lane)), [this](std::exception_ptr) { --lanes_; });
    }
    void run_until(Clock::time_point moment) { context_.run_until(moment); }
    bool ended() const { return lanes_ == 0; }
    Account& account() { return account_; }

private:
    Task<void> work(std::size_t lane) {
        for (std::size_t turn = lane; Clock::now() < until_; ++turn) {
            Task<void> one = run_one(*engines_[turn % engines_.size()], turn);
            co_await std::move(one);
        }
    }

    Task<void> run_one(Engine& engine, std::size_t turn) {
        const auto allowed = *engine.workflow().limits.time + grace;
        const auto began = Clock::now();
        AccountSink sink(account_);
        RunOptions options;
        options.sinks.push_back(&sink);
        nlohmann::json inputs = nlohmann::json::object();
        inputs["question"] = "Which number, " + std::to_string(turn) + "?";
        account_.started();
        try {
            RunState state = co_await engine.run(std::move(inputs), std::move(options));
            account_.finished(state, Clock::now() - began, allowed);
        } catch (const std::exception& error) {
            account_.threw(error.what());
        }
    }

    asio::io_context context_{1};
    std::vector<std::unique_ptr<Engine>> engines_;
    Account account_;
    Clock::time_point until_;
    int lanes_;
};

void print(const char* when, const Footprint& footprint) {
    fmt::print("{:<10} {:>6.1f} MiB resident, {} open files\n", when,
               static_cast<double>(footprint.bytes) / (1024 * 1024), footprint.files);
    std::fflush(stdout);
}

void print(const ServerCounts& server) {
    fmt::print("server     {} connections, {} requests, {} words sent, {} times down\n           faults:",
               server.connections, server.requests, server.words_sent, server.times_down);
    for (std::size_t i = 1; i < fault_kinds; ++i)
        fmt::print(" {} {},", server.faults[i], name(static_cast<Fault>(i)));
    fmt::print("\n");
}

/// What does not add up, in words.
std::vector<std::string> soak(const Options& options) {
    auto server = std::make_unique<FaultyServer>(options.seed, share_of_faults);
    const auto workflows = soaked_workflows(fmt::format("http://127.0.0.1:{}/v1", server->port()));
    auto runs = std::make_unique<Soak>(options, workflows);
    const Footprint start = footprint();
    print("start", start);
    const auto began = Clock::now();
    const auto at = [&](double share) {
        return began +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds * share));
    };
    runs->begin();
    runs->run_until(at(0.25));
    const Footprint quarter = footprint();
    print("quarter", quarter);
    runs->run_until(at(0.5));
    print("half", footprint());
    runs->run_until(at(1));
    const Footprint end = footprint();
    print("end", end);
    runs->run_until(at(1) + end_of_all);
    if (!runs->ended()) {
        runs->account().print();
        return {"runs are still under way long after their deadlines"};
    }
    Account account = std::move(runs->account());
    runs.reset();
    const Footprint after = footprint();
    print("after", after);
    const ServerCounts sent = server->counts();
    server.reset();
    account.print();
    print(sent);
    auto faults = account.faults(sent.words_sent);
    if (end.bytes > quarter.bytes + most_growth) faults.push_back("memory has grown since the first quarter");
    // The server's side of a connection that has just been closed may still be open.
    const Footprint alone = footprint();
    print("alone", alone);
    if (alone.files > start.files) faults.push_back("files are still open");
    return faults;
}

std::optional<Options> read_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) return std::nullopt;
        const int value = std::atoi(arguments[i + 1].c_str());
        if (value < 1) return std::nullopt;
        if (arguments[i] == "--seconds")
            options.seconds = value;
        else if (arguments[i] == "--seed")
            options.seed = static_cast<std::uint64_t>(value);
        else if (arguments[i] == "--runs")
            options.runs = value;
        else
            return std::nullopt;
    }
    return options;
}

}  // namespace
}  // namespace enough::soak

int main(int count, char** words) {
    const auto options = enough::soak::read_options({words + 1, words + count});
    if (!options) {
        fmt::print(stderr, "usage: soak [--seconds N] [--seed S] [--runs N]\n");
        return 2;
    }
    const auto faults = enough::soak::soak(*options);
    for (const auto& fault : faults)
        fmt::print("FAULT      {}\n", fault);
    fmt::print("{}\n", faults.empty() ? "everything adds up" : "something does not add up");
    std::fflush(stdout);
    return faults.empty() ? 0 : 1;
}
