// The whole at once: many items, and everything dies again and again.

#include "e2e/fleet_fixture.hpp"
#include "e2e/nats_stranger.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

namespace enough::test {
namespace {

using nlohmann::json;

/// Counts the results that did not come of an item's first delivery. What is said while the server is down it misses.
class Redeliveries {
public:
    explicit Redeliveries(std::uint16_t port) : listener_([this, port] { listen(port); }) {}
    ~Redeliveries() {
        over_ = true;
        listener_.join();
    }
    Redeliveries(const Redeliveries&) = delete;
    Redeliveries& operator=(const Redeliveries&) = delete;

    int seen() const { return seen_; }

private:
    void listen(std::uint16_t port) {
        while (!over_) {
            try {
                NatsStranger stranger(port);
                stranger.listen("$KV.*.*");
                while (!over_)
                    count(stranger.next(std::chrono::milliseconds(200)));
            } catch (const std::runtime_error&) {
                ::poll(nullptr, 0, 20);  // the server is away
            }
        }
    }

    void count(const std::optional<NatsStranger::Heard>& heard) {
        if (!heard || heard->subject.find("enough_results_") == std::string::npos) return;
        const json result = json::parse(heard->payload, nullptr, false);
        if (result.is_object() && result.value("delivery", 1) > 1) ++seen_;
    }

    std::atomic<bool> over_{false};
    std::atomic<int> seen_{0};
    std::thread listener_;
};

TEST_F(FleetTest, TenThousandItemsThroughManyDeaths) {
    constexpr int count = 10'000;
    constexpr int rounds = 12;
    items(count);
    const Redeliveries redeliveries(server_.port());
    const std::vector<std::string> eager{"-c", "32"};
    std::array<std::unique_ptr<Child>, 2> workers{worker("a0", eager), worker("b0", eager)};
    auto running = batch({"--max-deliveries", "100"});
    std::array<int, 3> kills{};  // of workers, of the server, of the batch
    for (int round = 1; round <= rounds; ++round) {
        const int reached = count * round / (rounds + 2);
        ASSERT_TRUE(becomes_true([&] { return finished() >= reached; })) << running->said();
        const std::size_t victim = static_cast<std::size_t>(round % 2);
        workers.at(victim)->kill();
        workers.at(victim) = worker((victim == 0 ? "a" : "b") + std::to_string(round), eager);
        ++kills[0];
        if (round % 3 == 0) {
            server_.kill();
            server_.start();
            ++kills[1];
        }
        if (round % 4 == 0) {
            running->kill();
            running = batch({"--max-deliveries", "100", "--resume"});
            ++kills[2];
        }
    }
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("accepted"), count);
    EXPECT_EQ(summary.at("usage").at("calls"), count);
    std::printf(
        "%d items; kills: %d of workers, %d of the server, %d of the batch; %d results of redeliveries or "
        "more; calls booked in vain: %d\n",
        count, kills[0], kills[1], kills[2], redeliveries.seen(), summary.at("wasted_usage").at("calls").get<int>());
}

}  // namespace
}  // namespace enough::test
