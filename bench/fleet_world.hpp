#pragma once

#include "fleet_wire.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include <unistd.h>

namespace enough::bench {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* result_subject = "$KV.sim_results.";
constexpr const char* run_subject = "$KV.sim_runs.";
constexpr std::string_view first_of_key = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 0\r\n\r\n";

struct Plan {
    int port = 0;
    int server = 0;  ///< process id
    int workers = 10;
    int slots = 16;
    double seconds = 5;  ///< of an item, on average
    int items = 1000;
    int calls = 1;      ///< each but the last leaves a record
    int on_server = 0;  ///< items at once; 0: twice the slots
    double lease = 30;
    double vanish = 0;                         ///< this share of the workers …
    double vanish_at = 10;                     ///< … goes after so many seconds
    double limit = 150;                        ///< seconds, then it is given up
    double pull = 0;                           ///< seconds that a worker without a job asks for one; 0: as workers do
    int looks = 2;                             ///< for a result and a record; 1: as if both stood in one place
    std::size_t report = 1000, record = 1000;  ///< bytes
};

inline double cpu_seconds(int process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 2, text.size())));
    std::string skip;
    double user = 0, system = 0;
    for (int i = 0; i < 11; ++i)
        fields >> skip;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

inline long memory_kib(int process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
    return 0;
}

class Latencies {
public:
    void add(Clock::time_point since) {
        values_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - since).count());
    }
    void print(const char* what) {
        std::sort(values_.begin(), values_.end());
        const auto at = [&](double share) {
            return values_.empty() ? 0.0 : values_[static_cast<std::size_t>(share * double(values_.size() - 1))];
        };
        std::printf("  %-8s p50 %8.1f ms   p99 %8.1f ms   longest %8.1f ms\n", what, at(0.5), at(0.99), at(1));
    }

private:
    std::vector<double> values_;
};

/// What the server and all connections have done up to some moment.
struct Reading {
    Clock::time_point when;
    double cpu = 0;
    Traffic traffic;
    std::uint64_t pulls = 0;
};

/// What all see.
struct World {
    explicit World(Plan what)
        : plan(what), work(std::string(plan.report, 'r')), record(std::string(plan.record, 'e')) {}

    Plan plan;
    asio::io_context context{1};
    tcp::endpoint server;
    std::string work, record;
    Traffic traffic;
    Latencies look, create, ack;
    std::uint64_t redelivered = 0, late = 0, runs = 0, pulls = 0;
    std::mt19937_64 random{1};

    Reading read() const { return {Clock::now(), cpu_seconds(plan.server), traffic, pulls}; }

    void after(double seconds, std::function<void()> then) {
        auto timer = std::make_shared<asio::steady_timer>(context);
        timer->expires_after(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
        timer->async_wait([timer, then](boost::system::error_code error) {
            if (!error) then();
        });
    }
};

/// libnats's fetch: first what is there, then, if that is nothing, whatever comes within the time.
class Pull : public std::enable_shared_from_this<Pull> {
public:
    Pull(World& world, std::shared_ptr<Wire> wire, std::string stream, std::string consumer, double seconds)
        : world_(world),
          wire_(std::move(wire)),
          stream_(std::move(stream)),
          consumer_(std::move(consumer)),
          seconds_(seconds) {}

    /// What is handed out comes under its own subject, a status under that of the request.
    void begin() {
        wire_->subscribe(wire_->name() + ".pull." + consumer_ + ".*", [raw = this](const WireMessage& message) {
            const bool of_another =
                message.status() != 0 && !message.subject.ends_with("." + std::to_string(raw->asked_));
            if (!raw->over_ && !of_another) raw->take(message);
        });
    }

    void fetch(int most, Wire::Handler each, std::function<void(int)> done) {
        most_ = most, got_ = 0, each_ = std::move(each), done_ = std::move(done), over_ = false;
        ask(most > 1);
    }

private:
    void ask(bool no_wait) {
        ++world_.pulls;
        const std::string body = "{\"batch\":" + std::to_string(most_) +
                                 ",\"expires\":" + std::to_string(static_cast<std::int64_t>(seconds_ * 1e9)) +
                                 (no_wait ? ",\"no_wait\":true}" : "}");
        const std::uint64_t mine = ++asked_;
        no_wait_ = no_wait;
        wire_->publish("$JS.API.CONSUMER.MSG.NEXT." + stream_ + "." + consumer_, body,
                       wire_->name() + ".pull." + consumer_ + "." + std::to_string(mine));
        world_.after(seconds_ + 1, [self = shared_from_this(), mine] {
            if (mine == self->asked_ && !self->wire_->closed()) self->end();
        });
    }

    void take(const WireMessage& message) {
        const int status = message.status();
        if (status == 100) return;
        if (status == 0) {
            each_(message);
            if (++got_ == most_) end();
            return;
        }
        if (no_wait_ && got_ == 0) return ask(false);
        end();
    }

    void end() {
        if (std::exchange(over_, true)) return;
        ++asked_;
        // A new turn: what ends here was called by what begins there.
        asio::post(world_.context, [self = shared_from_this(), got = got_] {
            if (!self->wire_->closed()) self->done_(got);
        });
    }

    World& world_;
    std::shared_ptr<Wire> wire_;
    std::string stream_, consumer_;
    double seconds_;
    int most_ = 0, got_ = 0;
    std::uint64_t asked_ = 0;
    Wire::Handler each_;
    std::function<void(int)> done_;
    bool no_wait_ = false;
    bool over_ = true;
};

}  // namespace enough::bench
