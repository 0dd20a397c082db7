#include "hedge_agent.hpp"

#include "agents/recording_sink.hpp"
#include "failure_kind.hpp"
#include "providers/scripted_agent.hpp"
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

#include <atomic>
#include <deque>
#include <stdexcept>

namespace enough {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using test::RecordingSink;

constexpr auto forever = 1h;

/// What one request does: it is sent, says its first word after a while, and ends after another.
struct Part {
    milliseconds first_word{0};
    milliseconds rest{0};
    std::string text = "a";
    std::optional<Failure> failure = {};  ///< in place of the end
    bool sent = true;                     ///< false: it waits its turn
    std::int64_t input = 10;
};

/// Plays the parts in the order in which it is asked, and counts what is under way.
class Player final : public Agent {
public:
    explicit Player(std::deque<Part> parts) : parts_(std::move(parts)) {}

    Task<Result<Answer>> ask(Request request) override {
        const Part part = parts_.at(asked++);
        const Presence presence(*this);
        if (part.sent) request.sink->on_sent();
        asio::steady_timer timer(co_await asio::this_coro::executor, part.first_word);
        co_await timer.async_wait(asio::use_awaitable);
        if (!part.text.empty()) request.sink->on_text(Phase::answer, part.text);
        timer.expires_after(part.rest);
        co_await timer.async_wait(asio::use_awaitable);
        if (part.failure) co_return *part.failure;
        Answer answer;
        answer.text = part.text;
        answer.usage.input_tokens = part.input;
        answer.usage.output_tokens = 1;
        answer.latency = part.first_word + part.rest;
        answer.first_token = part.first_word;
        ++ended;
        co_return answer;
    }

    std::size_t asked = 0;
    int ended = 0;
    std::atomic<int> present = 0;  ///< calls that have neither ended nor been cancelled

private:
    class Presence {
    public:
        explicit Presence(Player& player) : player_(player) { ++player_.present; }
        ~Presence() { --player_.present; }
        Presence(const Presence&) = delete;
        Presence& operator=(const Presence&) = delete;

    private:
        Player& player_;
    };

    std::deque<Part> parts_;
};

class Consent final : public Attempts {
public:
    explicit Consent(bool given) : given_(given) {}

    bool another(AttemptKind kind, const Usage& spent, std::string_view reason) override {
        EXPECT_EQ(kind, AttemptKind::hedge);
        EXPECT_EQ(spent, Usage()) << "nothing is over yet";
        reasons.emplace_back(reason);
        return given_;
    }

    std::vector<std::string> reasons;

private:
    bool given_;
};

Failure broken(std::int64_t input = 0) {
    auto failure = make_failure(FailureKind::stream_cut, "it broke");
    failure.spent.input_tokens = input;
    return failure;
}

constexpr HedgePolicy soon{.after = 5ms, .quantile = {}};

class HedgeAgentTest : public testing::Test {
protected:
    Result<Answer> ask(std::deque<Part> parts, HedgePolicy policy = soon) {
        auto owned = std::make_unique<Player>(std::move(parts));
        player = owned.get();
        agent_ = std::make_unique<HedgeAgent>(std::move(owned), policy);
        return again();
    }

    Result<Answer> again() {
        Request request;
        request.sink = &sink;
        request.attempts = attempts;
        request.deadline = deadline;
        auto result = test::run(agent_->ask(request));
        EXPECT_EQ(player->present, 0) << "both are joined";
        return result;
    }

    Player* player = nullptr;
    RecordingSink sink;
    Attempts* attempts = nullptr;
    Deadline deadline;
    std::unique_ptr<HedgeAgent> agent_;
};

TEST_F(HedgeAgentTest, AQuickRequestIsAlone) {
    Consent consent(true);
    attempts = &consent;
    const auto answer = ask({{.first_word = 0ms, .rest = 250ms}}, {.after = 200ms, .quantile = {}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(player->asked, 1U);
    EXPECT_EQ(answer->usage, (Usage{.input_tokens = 10, .output_tokens = 1}));
    EXPECT_THAT(consent.reasons, testing::IsEmpty());
    EXPECT_EQ(sink.sent, 1);
}

TEST_F(HedgeAgentTest, ASecondRequestWinsAndTheFirstIsCancelled) {
    Consent consent(true);
    attempts = &consent;
    const auto answer =
        ask({{.first_word = forever, .text = "slow"}, {.first_word = 1ms, .rest = 1ms, .text = "quick"}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "quick");
    EXPECT_EQ(sink.text, "quick");
    EXPECT_EQ(sink.restarts, 0);
    EXPECT_EQ(answer->usage, (Usage{.input_tokens = 20, .output_tokens = 1, .estimated = true})) << "both have read";
    EXPECT_THAT(consent.reasons, testing::ElementsAre("no token after 5 ms"));
    EXPECT_GE(*answer->first_token, 6ms) << "counted from the first request";
    EXPECT_GE(answer->latency, 7ms);
}

TEST_F(HedgeAgentTest, TheFirstRequestWinsWhenItSpeaksFirst) {
    const auto answer =
        ask({{.first_word = 20ms, .rest = 1ms, .text = "first"}, {.first_word = forever, .text = "second"}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(player->asked, 2U);
    EXPECT_EQ(answer->text, "first");
    EXPECT_EQ(sink.text, "first");
    EXPECT_EQ(answer->usage.input_tokens, 20);
    EXPECT_EQ(player->ended, 1) << "the other was cancelled, not waited for";
}

TEST_F(HedgeAgentTest, WhatIsRefusedIsNotSent) {
    Consent consent(false);
    attempts = &consent;
    const auto answer = ask({{.first_word = 30ms}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(player->asked, 1U);
    EXPECT_EQ(consent.reasons.size(), 1U) << "it is asked once, not again and again";
    EXPECT_EQ(answer->usage.input_tokens, 10);
}

TEST_F(HedgeAgentTest, AnAnswerWithoutTextWinsByItsEnd) {
    const auto answer = ask({{.first_word = forever}, {.text = ""}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "");
    EXPECT_EQ(answer->usage.input_tokens, 20);
}

TEST_F(HedgeAgentTest, TheOtherCountsWhenOneFails) {
    auto answer = ask({{.first_word = 20ms, .text = "", .failure = broken(4)}, {.first_word = 40ms, .text = "second"}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "second");
    EXPECT_EQ(answer->usage.input_tokens, 14) << "the failed one's own account";
    answer = ask({{.first_word = 40ms, .text = "first"}, {.text = "", .failure = broken(4)}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "first");
    EXPECT_EQ(answer->usage.input_tokens, 14);
}

TEST_F(HedgeAgentTest, BothFailuresCount) {
    const auto result = ask({{.first_word = 20ms, .text = "", .failure = broken(4)},
                             {.first_word = 40ms, .text = "", .failure = make_failure(FailureKind::timeout, "late")}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "it broke");
    EXPECT_EQ(result.error().spent.input_tokens, 4);
}

TEST_F(HedgeAgentTest, AFailureBeforeTheHedgeIsForTheRetries) {
    const auto result = ask({{.text = "", .failure = broken()}});
    ASSERT_FALSE(result);
    EXPECT_EQ(player->asked, 1U);
}

TEST_F(HedgeAgentTest, AWinnerThatBreaksOffIsAFailureOfBoth) {
    const auto result = ask({{.first_word = forever}, {.rest = 1ms, .failure = broken(7)}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().spent, (Usage{.input_tokens = 14, .estimated = true}));
}

TEST_F(HedgeAgentTest, WaitingForATurnIsNoReason) {
    const auto answer = ask({{.first_word = 30ms, .sent = false}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(player->asked, 1U);
}

TEST_F(HedgeAgentTest, ALoserThatWasNeverSentCostsNothing) {
    const auto answer = ask({{.first_word = 30ms}, {.first_word = forever, .sent = false}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(player->asked, 2U);
    EXPECT_EQ(answer->usage, (Usage{.input_tokens = 10, .output_tokens = 1}));
}

TEST_F(HedgeAgentTest, NoSecondRequestAfterTheDeadline) {
    deadline = Deadline::after(1ms);
    ASSERT_TRUE(ask({{.first_word = 30ms}}));
    EXPECT_EQ(player->asked, 1U);
}

TEST_F(HedgeAgentTest, CancellingTheCallerCancelsBoth) {
    auto owned = std::make_unique<Player>(std::deque<Part>{{.first_word = forever}, {.first_word = forever}});
    player = owned.get();
    HedgeAgent agent(std::move(owned), soon);
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    asio::co_spawn(
        context, agent.ask(Request()),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, Result<Answer>) { thrown = error; }));
    while (player->present < 2 && context.run_one_for(test::time_limit) > 0) {
    }
    ASSERT_EQ(player->present, 2);
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(test::time_limit);
    ASSERT_TRUE(thrown);
    EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
    EXPECT_EQ(player->present, 0);
}

TEST_F(HedgeAgentTest, LearnsFromEnoughCallsWhatIsSlow) {
    std::deque<Part> parts(LatestWaits::least, Part{});
    parts.push_back({.first_word = forever});  // the 21st is slower than all
    parts.push_back({.text = "second"});
    ASSERT_TRUE(ask(parts, {.after = {}, .quantile = 0.95}));
    for (std::size_t i = 1; i < LatestWaits::least; ++i)
        ASSERT_TRUE(again());
    EXPECT_EQ(player->asked, LatestWaits::least) << "until then there is none";
    sink.text.clear();
    ASSERT_TRUE(again());
    EXPECT_EQ(sink.text, "second");
}

TEST_F(HedgeAgentTest, WithoutAReasonThereIsNoHedge) {
    ASSERT_TRUE(ask({{.first_word = 20ms}}, {}));
    EXPECT_EQ(player->asked, 1U);
    ASSERT_TRUE(ask({{.first_word = 20ms}}, {.after = {}, .quantile = 0.5}));
    EXPECT_EQ(player->asked, 1U) << "too few calls to know what is slow";
}

Task<void> ask_ten_times(Agent* agent, std::atomic<int>* answered) {
    for (int i = 0; i < 10; ++i) {
        const auto answer = co_await agent->ask(Request());
        if (answer) ++*answered;
    }
}

TEST(HedgeAgent, MayBeSharedByThreads) {
    ScriptedSettings settings;
    settings.answers.resize(1);
    settings.answers[0].text = "a";
    settings.answers[0].delay = 1ms;
    settings.answers[0].repeat = true;
    HedgeAgent agent(make_scripted_agent(settings), {.after = 1ms, .quantile = 0.5});
    std::atomic<int> answered = 0;
    test::run_many([&](std::size_t) { return ask_ten_times(&agent, &answered); }, 40, 4);
    EXPECT_EQ(answered, 400);
}

TEST(HedgeAgent, RefusesPoliciesThatMakeNoSense) {
    for (const HedgePolicy& policy :
         {HedgePolicy{.after = -1ms, .quantile = {}}, HedgePolicy{.after = {}, .quantile = 0.0},
          HedgePolicy{.after = {}, .quantile = 1.0}}) {
        EXPECT_THROW(HedgeAgent(nullptr, policy), std::invalid_argument);
    }
}

TEST(LatestWaits, AreSortedOnlyWhenThereAreEnough) {
    LatestWaits waits;
    for (int i = 1; i < 20; ++i)
        waits.add(milliseconds(i));
    EXPECT_EQ(waits.quantile(0.95), std::nullopt);
    waits.add(20ms);
    EXPECT_EQ(waits.quantile(0.95), 19ms) << "nineteen of twenty are no longer";
    EXPECT_EQ(waits.quantile(0.951), 20ms);
    EXPECT_EQ(waits.quantile(0.5), 10ms);
    EXPECT_EQ(waits.quantile(0.001), 1ms);
}

TEST(LatestWaits, ForgetTheOldest) {
    LatestWaits waits;
    for (int i = 0; i < 5; ++i)
        waits.add(1h);
    for (std::size_t i = 0; i < LatestWaits::most - 5; ++i)
        waits.add(1ms);
    EXPECT_EQ(waits.quantile(0.999), 1h);
    for (int i = 0; i < 5; ++i)
        waits.add(1ms);
    EXPECT_EQ(waits.quantile(0.999), 1ms);
}

}  // namespace
}  // namespace enough
