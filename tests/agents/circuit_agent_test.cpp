#include "circuit_agent.hpp"

#include "failure_kind.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <thread>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;
using testing::HasSubstr;

/// A breaker whose clock stands still unless told otherwise.
struct Circuit {
    CircuitBreaker::Clock::time_point now{1h};
    CircuitBreaker breaker{{.failures = 3, .cooldown = 15s}, [this] { return now; }};

    void fail(int times) {
        for (int i = 0; i < times; ++i) {
            ASSERT_FALSE(breaker.held_back());
            breaker.failed();
        }
    }
};

TEST(CircuitBreaker, OpensAfterSoManyFailuresInARow) {
    Circuit circuit;
    circuit.fail(2);
    EXPECT_EQ(circuit.breaker.state(), State::closed);
    circuit.fail(1);
    EXPECT_EQ(circuit.breaker.state(), State::open);
    EXPECT_EQ(circuit.breaker.held_back(), 15s);
    circuit.now += 14'999ms;
    EXPECT_EQ(circuit.breaker.held_back(), 1ms);
}

TEST(CircuitBreaker, AnAnswerInBetweenStartsTheCountAgain) {
    Circuit circuit;
    circuit.fail(2);
    EXPECT_FALSE(circuit.breaker.held_back());
    circuit.breaker.answered();
    circuit.fail(2);
    EXPECT_EQ(circuit.breaker.state(), State::closed);
}

TEST(CircuitBreaker, WhatSaysNothingDoesNot) {
    Circuit circuit;
    circuit.fail(2);
    EXPECT_FALSE(circuit.breaker.held_back());
    circuit.breaker.undecided();
    circuit.fail(1);
    EXPECT_EQ(circuit.breaker.state(), State::open);
}

TEST(CircuitBreaker, LetsOneProbeOutAndClosesWhenItIsAnswered) {
    Circuit circuit;
    circuit.fail(3);
    circuit.now += 15s;
    EXPECT_FALSE(circuit.breaker.held_back());
    EXPECT_EQ(circuit.breaker.state(), State::half_open);
    EXPECT_EQ(circuit.breaker.held_back(), 3'750ms) << "one probe at a time, and no rush of the others";
    circuit.now += 5s;
    EXPECT_EQ(circuit.breaker.held_back(), 5s) << "as long again as it has taken so far";
    circuit.now += 1h;
    EXPECT_EQ(circuit.breaker.held_back(), 15s) << "but no longer than the cooldown";
    circuit.breaker.answered();
    EXPECT_EQ(circuit.breaker.state(), State::closed);
    EXPECT_FALSE(circuit.breaker.held_back());
}

TEST(CircuitBreaker, AFailedProbeOpensItAgain) {
    Circuit circuit;
    circuit.fail(3);
    circuit.now += 20s;
    circuit.fail(1);
    EXPECT_EQ(circuit.breaker.state(), State::open);
    EXPECT_EQ(circuit.breaker.held_back(), 15s);
}

TEST(CircuitBreaker, AProbeThatWasCancelledLeavesRoomForAnother) {
    Circuit circuit;
    circuit.fail(3);
    circuit.now += 15s;
    EXPECT_FALSE(circuit.breaker.held_back());
    circuit.breaker.undecided();
    EXPECT_FALSE(circuit.breaker.held_back());
    EXPECT_TRUE(circuit.breaker.held_back());
}

TEST(CircuitBreaker, CallsThatWereUnderWayWhenItOpenedDoNotProlongIt) {
    Circuit circuit;
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(circuit.breaker.held_back());
    for (int i = 0; i < 3; ++i)
        circuit.breaker.failed();
    circuit.now += 10s;
    circuit.breaker.failed();
    EXPECT_EQ(circuit.breaker.held_back(), 5s);
}

TEST(CircuitBreaker, LetsOneProbeOutAmongThreads) {
    Circuit circuit;
    circuit.fail(3);
    circuit.now += 15s;
    std::atomic<int> out = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&] {
            if (!circuit.breaker.held_back()) ++out;
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(out, 1);
}

TEST(CircuitBreaker, KnowsWhatIsTheServersFault) {
    for (const auto kind : {FailureKind::unauthorized, FailureKind::rate_limited, FailureKind::bad_request,
                            FailureKind::context_full, FailureKind::no_model})
        EXPECT_FALSE(counts_against_server(make_failure(kind, "no"))) << name(kind);
    for (const auto kind : {FailureKind::connect, FailureKind::timeout, FailureKind::overloaded,
                            FailureKind::server_error, FailureKind::stream_cut, FailureKind::bad_response})
        EXPECT_TRUE(counts_against_server(make_failure(kind, "no"))) << name(kind);
    auto own_deadline = make_failure(FailureKind::timeout, "the run's time is over");
    own_deadline.retryable = false;
    EXPECT_FALSE(counts_against_server(own_deadline));
}

/// Fails as it is told, then answers; or waits for ever.
class ScriptedServer final : public Agent {
public:
    explicit ScriptedServer(std::deque<FailureKind> failures) : failures_(std::move(failures)) {}

    Task<Result<Answer>> ask(Request) override {
        ++asked;
        if (hangs) {
            asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        if (failures_.empty()) co_return Answer();
        const auto kind = failures_.front();
        failures_.pop_front();
        co_return make_failure(kind, "no");
    }

    int asked = 0;
    bool hangs = false;

private:
    std::deque<FailureKind> failures_;
};

struct Fixture {
    explicit Fixture(std::deque<FailureKind> failures, bool retryable = true) {
        auto owned = std::make_unique<ScriptedServer>(std::move(failures));
        server = owned.get();
        agent =
            std::make_unique<CircuitAgent>(std::move(owned), "model m", CircuitPolicy{.failures = 2, .cooldown = 15s},
                                           retryable, [this] { return now; });
    }
    Result<Answer> ask() { return test::run(agent->ask(Request())); }

    CircuitBreaker::Clock::time_point now{1h};
    ScriptedServer* server = nullptr;
    std::unique_ptr<Agent> agent;
};

TEST(CircuitAgent, FailsAtOnceWhileOpenAndSaysWhenItWillBeTriedAgain) {
    Fixture fixture({FailureKind::overloaded, FailureKind::connect});
    EXPECT_FALSE(fixture.ask());
    EXPECT_FALSE(fixture.ask());
    const auto refused = fixture.ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(fixture.server->asked, 2);
    EXPECT_EQ(refused.error().kind, FailureKind::overloaded);
    EXPECT_EQ(refused.error().retry_after, 15s);
    EXPECT_TRUE(refused.error().retryable);
    EXPECT_EQ(refused.error().message,
              "model m failed 2 times in a row and is left alone for now; it will be tried again in 15000 ms");
    fixture.now += 15s;
    EXPECT_TRUE(fixture.ask());
    EXPECT_TRUE(fixture.ask());
}

TEST(CircuitAgent, IsNotWaitedForWhereAnotherModelCanBeAsked) {
    Fixture fixture({FailureKind::connect, FailureKind::connect}, false);
    fixture.ask();
    fixture.ask();
    EXPECT_FALSE(fixture.ask().error().retryable);
}

TEST(CircuitAgent, RefusalsOpenNothing) {
    Fixture fixture(std::deque<FailureKind>(50, FailureKind::rate_limited));
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(fixture.ask().error().kind, FailureKind::rate_limited);
    EXPECT_EQ(fixture.server->asked, 50);
}

TEST(CircuitAgent, ARefusedProbeShowsThatTheServerIsThere) {
    Fixture fixture({FailureKind::connect, FailureKind::connect, FailureKind::unauthorized, FailureKind::unauthorized});
    fixture.ask();
    fixture.ask();
    fixture.now += 15s;
    EXPECT_EQ(fixture.ask().error().kind, FailureKind::unauthorized);
    EXPECT_EQ(fixture.ask().error().kind, FailureKind::unauthorized) << "what is wrong is said, not hidden";
}

TEST(CircuitAgent, ACancelledProbeDoesNotKeepItShut) {
    Fixture fixture({FailureKind::connect, FailureKind::connect});
    fixture.ask();
    fixture.ask();
    fixture.now += 15s;
    fixture.server->hangs = true;
    asio::io_context context;
    asio::cancellation_signal signal;
    asio::co_spawn(context, fixture.agent->ask(Request()),
                   asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr, Result<Answer>) {}));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(5s);
    fixture.server->hangs = false;
    EXPECT_TRUE(fixture.ask());
}

}  // namespace
}  // namespace enough
