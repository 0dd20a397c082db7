// Workers, the server and the batch itself die, stop and come back. Every item ends once, and what is asked again is
// only what the fault forces: each test says how much that can be.

#include "e2e/fleet_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

class FleetFaults : public FleetTest {
protected:
    FleetFaults() {
        write("w.yaml", two_calls);
        serve_model([](FakeExchange& exchange) {
            exchange.pause(20ms);
            answer(exchange);
        });
    }

    static constexpr std::size_t slots = 4;  // of each worker
    std::unique_ptr<Child> small_worker(const std::string& name) const {
        return worker(name, {"-c", std::to_string(slots)});
    }
};

// A worker that dies may lose, of each run it held, the call it waited for, and the answer before it if that was not
// on the server yet.
constexpr std::size_t lost_by_a_run = 2;

TEST_F(FleetFaults, WorkersKilledAgainAndAgain) {
    constexpr std::size_t count = 60;
    constexpr std::size_t kills = 6;
    items(count);
    std::array<std::unique_ptr<Child>, 2> workers{small_worker("a0"), small_worker("b0")};
    const auto running = batch();
    for (std::size_t kill = 1; kill <= kills; ++kill) {
        ASSERT_TRUE(asked(kill * 14)) << running->said();
        const std::size_t victim = kill % 2;
        workers.at(victim)->kill();
        workers.at(victim) = small_worker((victim == 0 ? "a" : "b") + std::to_string(kill));
    }
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), 2 * count);
    EXPECT_LE(requests(), 2 * count + kills * slots * lost_by_a_run);
    EXPECT_GE(requests(), 2 * count);
}

TEST_F(FleetFaults, TheServerKilledAndStartedAgain) {
    constexpr std::size_t count = 60;
    constexpr std::size_t kills = 3;
    items(count);
    const auto first = small_worker("first");
    const auto second = small_worker("second");
    const auto running = batch();
    for (std::size_t kill = 1; kill <= kills; ++kill) {
        ASSERT_TRUE(asked(kill * 25)) << running->said();
        server_.kill();
        server_.start();
    }
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), 2 * count);
    // A run outlives the server; if its lease does not, another worker begins it beside: at most all of a worker's.
    EXPECT_LE(requests(), 2 * count + kills * 2 * slots * lost_by_a_run);
    EXPECT_THAT(first->said(), HasSubstr("connection to the NATS server is lost"));
}

TEST_F(FleetFaults, TheBatchKilledWhileWorkersLive) {
    constexpr std::size_t count = 60;
    items(count);
    const auto first = small_worker("first");
    const auto second = small_worker("second");
    {
        const auto running = batch();
        ASSERT_TRUE(asked(30)) << running->said();
        running->kill();
    }
    const auto resumed = batch({"--resume"});
    const json summary = summary_of(*resumed);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), 2 * count);
    // Workers go on while they wait for the batch to come back, or stop in order: nothing is asked again but what they
    // were asking when they stopped.
    EXPECT_LE(requests(), 2 * count + 2 * slots);
}

TEST_F(FleetFaults, TheBatchAndAllWorkersKilled) {
    constexpr std::size_t count = 40;
    items(count);
    {
        const auto first = small_worker("first");
        const auto second = small_worker("second");
        const auto running = batch();
        ASSERT_TRUE(asked(30)) << running->said();
        running->kill();
        first->kill();
        second->kill();
    }
    const auto third = small_worker("third");
    const auto resumed = batch({"--resume"});
    const json summary = summary_of(*resumed);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), 2 * count);
    EXPECT_LE(requests(), 2 * count + 2 * slots * lost_by_a_run);
}

TEST_F(FleetFaults, InterruptedItStopsCallsAtOnceAndAsksNothingAnsweredAgain) {
    items(4);
    doors_.close("large");
    serve_model([this](FakeExchange& exchange) {
        if (question_of(exchange.request()).small) return answer(exchange);
        if (exchange.request().number < 8) {
            exchange.stall();
            return;
        }
        answer(exchange);
    });
    const auto first = small_worker("first");
    const auto running = batch();
    ASSERT_TRUE(asked(8)) << running->said();  // every small one is answered, every large one is awaited
    running->signal(SIGINT);
    EXPECT_EQ(running->wait(30s).code, 130);
    EXPECT_TRUE(upstream_->wait_until([](const auto& counts) { return counts.closed_by_client >= 4; }, 5s));
    const auto resumed = batch({"--resume"});
    const json summary = summary_of(*resumed);
    expect_all(4);
    for (const auto& [item, calls] : asked_by_item()) {
        EXPECT_EQ(calls.first, 1) << item;
        EXPECT_EQ(calls.second, 2) << item;
    }
}

TEST_F(FleetFaults, AWorkerToldToStopHandsItsItemsOver) {
    items(4);
    serve_model([](FakeExchange& exchange) {
        if (question_of(exchange.request()).small) return answer(exchange);
        if (exchange.request().number < 8) {
            exchange.stall();
            return;
        }
        answer(exchange);
    });
    const auto first = small_worker("first");
    const auto running = batch();
    ASSERT_TRUE(asked(8)) << running->said();
    first->signal(SIGTERM);
    EXPECT_EQ(first->wait(30s).code, 0);
    EXPECT_TRUE(first->has_said("stopped; what was under way goes on elsewhere"));
    const auto second = small_worker("second");
    summary_of(*running);
    expect_all(4);
    for (const auto& [item, calls] : asked_by_item()) {
        EXPECT_EQ(calls.first, 1) << item;
        EXPECT_EQ(calls.second, 2) << item;
    }
}

// One worker is stopped while it waits for the large model; another one finishes its item meanwhile.
class FleetStopped : public FleetFaults {
protected:
    /// The item that the slow worker got; the other one is not answered before `open("other")`.
    std::atomic<int> held_{-1};
    std::atomic<int> large_of_held_{0};
    std::unique_ptr<Child> slow_;
    std::unique_ptr<Child> other_;
    std::unique_ptr<Child> running_;

    /// `held` is what the model does with the slow worker's large call.
    void stop_the_slow_one(const FakeHandler& held) {
        items(2);
        doors_.close("other");
        serve_model([this, held](FakeExchange& exchange) {
            const Question question = question_of(exchange.request());
            if (question.small) {
                int nobody = -1;
                held_.compare_exchange_strong(nobody, question.item);
            } else if (question.item != held_) {
                doors_.pass("other");
            } else if (++large_of_held_ == 1) {
                return held(exchange);
            }
            answer(exchange);
        });
        slow_ = worker("slow", {"-c", "1"});
        running_ = batch();
        ASSERT_TRUE(becomes_true([&] { return large_of_held_ == 1; })) << running_->said();
        other_ = worker("other", {"-c", "2"});
        ASSERT_TRUE(asked(4)) << running_->said();
        slow_->signal(SIGSTOP);
    }
    bool ended(int items) const {
        return becomes_true([&] { return status().at("ended") == items; });
    }
};

TEST_F(FleetStopped, PastItsLeaseAWorkersResultDoesNotCountAndItsTokensDo) {
    doors_.close("slow");
    stop_the_slow_one([this](FakeExchange& exchange) {
        doors_.pass("slow");
        answer(exchange);
    });
    doors_.open("slow");  // its answer comes while it is stopped
    ASSERT_TRUE(ended(1)) << running_->said();
    EXPECT_EQ(large_of_held_, 2);
    slow_->signal(SIGCONT);
    ASSERT_TRUE(becomes_true([&] { return status().at("wasted_usage").at("calls") == 1; })) << running_->said();
    doors_.open("other");
    const json summary = summary_of(*running_);
    expect_all(2);
    EXPECT_EQ(summary.at("usage").at("calls"), 4);
    EXPECT_EQ(summary.at("wasted_usage").at("calls"), 1);
    EXPECT_EQ(summary.at("wasted_usage").at("output_tokens"), 3);  // "it is 42"
    EXPECT_EQ(requests(), 5);
}

// As above, but the answer does not come: nobody needs it any more.
TEST_F(FleetStopped, PastItsLeaseAWorkerEndsItsCallWhenItWakes) {
    stop_the_slow_one([](FakeExchange& exchange) { exchange.stall(); });
    ASSERT_TRUE(ended(1)) << running_->said();
    const std::size_t closed = upstream_->counts().closed_by_client;
    slow_->signal(SIGCONT);
    EXPECT_TRUE(upstream_->wait_until([=](const auto& counts) { return counts.closed_by_client > closed; }, 10s));
    doors_.open("other");
    summary_of(*running_);
    expect_all(2);
    EXPECT_EQ(requests(), 5);
}

TEST_F(FleetFaults, AnItemThatKillsItsWorkersIsGivenUp) {
    constexpr int count = 10;
    constexpr int most = 3;
    items(count);
    write("w.yaml", one_call);
    std::atomic<int> poisoned{0};
    serve_model([&](FakeExchange& exchange) {
        if (question_of(exchange.request()).item != 4) return answer(exchange);
        ++poisoned;
        exchange.stall();
    });
    auto victim = worker("victim0", {"-c", "1"});
    const auto running = batch({"--max-deliveries", std::to_string(most)});
    for (int death = 1; death <= most; ++death) {
        ASSERT_TRUE(becomes_true([&] { return poisoned == death; })) << running->said();
        victim->kill();
        victim = worker("victim" + std::to_string(death), {"-c", "1"});
    }
    const json summary = summary_of(*running, 90s, 1);
    EXPECT_EQ(summary.at("failed"), 1);
    EXPECT_EQ(summary.at("accepted"), count - 1);
    EXPECT_EQ(poisoned, most);
    EXPECT_EQ(requests(), count - 1 + most);
    const std::vector<json> all = lines();
    ASSERT_EQ(all.size(), count);
    EXPECT_EQ(all.at(4).at("status"), "failed");
    EXPECT_THAT(all.at(4).dump(), HasSubstr("given up: 3 workers took this item"));
}

TEST_F(FleetFaults, ItTellsHowItStandsWhileItRuns) {
    items(3);
    write("w.yaml", one_call);
    doors_.close("item 2");
    serve_model([this](FakeExchange& exchange) {
        if (question_of(exchange.request()).item == 2) doors_.pass("item 2");
        answer(exchange);
    });
    const auto running = batch();
    const auto first = small_worker("first");
    ASSERT_TRUE(becomes_true([&] { return status().at("ended") == 2; })) << running->said();
    EXPECT_EQ(status().at("items"), 3);
    const auto seen = enough({"batch", "--status", "--nats", url_, "--json"});
    EXPECT_EQ(seen.code, 0) << seen.err;
    const json batches = json::parse(seen.out).at("batches");
    ASSERT_EQ(batches.size(), 1);
    EXPECT_EQ(batches.at(0).at("workflow"), "one");
    EXPECT_EQ(batches.at(0).at("alive"), true);
    EXPECT_EQ(batches.at(0).at("waiting"), 1);
    EXPECT_EQ(batches.at(0).at("models"), json::array({"small"}));
    EXPECT_EQ(batches.at(0).at("workers"), json::array({"first"}));
    running->kill();
    const auto silent = enough({"batch", "--status", "--nats", url_});
    EXPECT_THAT(silent.out, HasSubstr("its program is silent"));
    doors_.open("item 2");
    const auto resumed = batch({"--resume"});
    summary_of(*resumed);
    expect_all(3);
    const auto nothing = enough({"batch", "--status", "--nats", url_});
    EXPECT_EQ(nothing.out, "no batch is on the server\n");
}

}  // namespace
}  // namespace enough::test
