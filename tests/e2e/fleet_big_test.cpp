// The whole at once: many items, and everything dies again and again.

#include "e2e/fleet_fixture.hpp"

#include <array>
#include <cstdio>
#include <random>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST_F(FleetTest, TenThousandItemsThroughManyDeaths) {
    constexpr int count = 10'000;
    constexpr int rounds = 12;
    items(count);
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
    std::printf("%d items; kills: %d of workers, %d of the server, %d of the batch; calls booked in vain: %d\n", count,
                kills[0], kills[1], kills[2], summary.at("wasted_usage").at("calls").get<int>());
}

}  // namespace
}  // namespace enough::test
