#include "retry_agent.hpp"

#include "agents/recording_sink.hpp"
#include "failure_kind.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <random>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::RecordingSink;
using testing::HasSubstr;
using Verdict = RetryDecision::Verdict;

constexpr RetryPolicy policy{.attempts = 4, .delay = 500ms, .max_delay = 3s};

Failure retryable(std::optional<std::chrono::milliseconds> retry_after = std::nullopt) {
    auto failure = make_failure(FailureKind::overloaded, "http://h answered 503");
    failure.retry_after = retry_after;
    return failure;
}

TEST(DecideRetry, Table) {
    struct Case {
        const char* name;
        Failure failure;
        int attempts;
        double jitter;
        Deadline::Clock::duration remaining;
        RetryDecision want;
    };
    const auto never = Deadline::Clock::duration::max();
    for (const auto& test : {
             Case{"first", retryable(), 1, 1, never, {Verdict::wait, 500ms}},
             Case{"second", retryable(), 2, 1, never, {Verdict::wait, 1s}},
             Case{"third", retryable(), 3, 1, never, {Verdict::wait, 2s}},
             Case{"all used up", retryable(), 4, 1, never, {Verdict::no_attempts, 0ms}},
             Case{"full jitter", retryable(), 2, 0.25, never, {Verdict::wait, 250ms}},
             Case{"never nothing", retryable(), 1, 1e-9, never, {Verdict::wait, 1ms}},
             Case{"server's wish, ours on top", retryable(2s), 1, 1, never, {Verdict::wait, 2500ms}},
             Case{"never earlier than the wish", retryable(2s), 1, 1e-9, never, {Verdict::wait, 2001ms}},
             Case{"a wish beyond max_delay", retryable(60s), 1, 0.5, never, {Verdict::wait, 60'250ms}},
             Case{"which the deadline forbids", retryable(60s), 1, 0.5, 59s, {Verdict::no_time, 60'250ms}},
             Case{"too little time", retryable(), 1, 1, 500ms, {Verdict::no_time, 500ms}},
             Case{"just enough", retryable(), 1, 1, 501ms, {Verdict::wait, 500ms}},
             Case{"pointless", make_failure(FailureKind::bad_request, ""), 1, 1, never, {Verdict::not_retryable, 0ms}},
         }) {
        EXPECT_EQ(decide_retry(policy, test.failure, test.attempts, test.jitter, test.remaining), test.want)
            << test.name;
    }
}

TEST(DecideRetry, GrowsUpToMaxDelayAndNeverOverflows) {
    const RetryPolicy patient{.attempts = 1'000'000, .delay = 500ms, .max_delay = 3s};
    const auto never = Deadline::Clock::duration::max();
    EXPECT_EQ(decide_retry(patient, retryable(), 4, 1, never).delay, 3s);
    EXPECT_EQ(decide_retry(patient, retryable(), 999'999, 1, never).delay, 3s);
}

TEST(DecideRetry, JitterIsUniformOverTheWholeDelay) {
    std::mt19937 engine(7);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::array<int, 5> fifths{};
    for (int i = 0; i < 10'000; ++i) {
        const auto delay =
            decide_retry(policy, retryable(), 1, 1 - uniform(engine), Deadline::Clock::duration::max()).delay;
        ASSERT_GT(delay, 0ms);
        ASSERT_LE(delay, 500ms);
        ++fifths.at(static_cast<std::size_t>((delay.count() - 1) / 100));
    }
    for (const int count : fifths)
        EXPECT_NEAR(count, 2'000, 200) << "5 standard deviations of a binomial(10,000, 1/5)";
}

/// Fails so often, then answers.
class FlakyAgent final : public Agent {
public:
    explicit FlakyAgent(std::deque<Failure> failures) : failures_(std::move(failures)) {}

    Task<Result<Answer>> ask(Request request) override {
        ++asked;
        if (sends && request.sink != nullptr) request.sink->on_sent();
        if (failures_.empty()) {
            Answer answer;
            answer.text = "done";
            answer.usage.output_tokens = 10;
            co_return answer;
        }
        auto failure = failures_.front();
        failures_.pop_front();
        co_return failure;
    }

    int asked = 0;
    bool sends = true;

private:
    std::deque<Failure> failures_;
};

struct Fixture {
    explicit Fixture(std::deque<Failure> failures,
                     RetryPolicy retry = {.attempts = 3, .delay = 1ms, .max_delay = 2ms}) {
        auto owned = std::make_unique<FlakyAgent>(std::move(failures));
        inner = owned.get();
        agent = std::make_unique<RetryAgent>(std::move(owned), retry, [] { return 1.0; });
    }
    FlakyAgent* inner;
    std::unique_ptr<Agent> agent;
};

Failure spending(std::int64_t tokens) {
    auto failure = retryable();
    failure.spent.output_tokens = tokens;
    failure.spent.estimated = true;
    return failure;
}

TEST(RetryAgent, AnswersInTheEndAndCountsWhatWasSpent) {
    Fixture fixture({spending(3), spending(4)});
    RecordingSink sink;
    Request request;
    request.sink = &sink;
    const auto answer = test::run(fixture.agent->ask(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->usage.output_tokens, 17);
    EXPECT_TRUE(answer->usage.estimated);
    EXPECT_EQ(sink.restarts, 2);
    EXPECT_EQ(fixture.inner->asked, 3);
}

TEST(RetryAgent, GivesUpAfterAllAttempts) {
    Fixture fixture({spending(1), spending(2), spending(3), spending(4)});
    RecordingSink sink;
    Request request;
    request.sink = &sink;
    const auto result = test::run(fixture.agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::overloaded);
    EXPECT_THAT(result.error().message, HasSubstr("http://h answered 503 (gave up after 3 attempts)"));
    EXPECT_EQ(result.error().spent.output_tokens, 6);
    EXPECT_EQ(fixture.inner->asked, 3);
    EXPECT_EQ(sink.restarts, 2);
}

Task<void> count_refusal(RetryAgent* agent, std::atomic<int>* refused) {
    const auto result = co_await agent->ask(Request());
    if (!result && result.error().message.find("used up their retries") != std::string::npos) ++*refused;
}

/// Grants so many attempts and notes what it is told.
class Purse final : public Attempts {
public:
    explicit Purse(int grants) : grants_(grants) {}

    bool another(AttemptKind kind, const Usage& spent, std::string_view reason) override {
        kinds.push_back(kind);
        tokens.push_back(spent.output_tokens);
        reasons.emplace_back(reason);
        return grants_-- > 0;
    }

    std::vector<AttemptKind> kinds;
    std::vector<std::int64_t> tokens;
    std::vector<std::string> reasons;

private:
    int grants_;
};

TEST(RetryAgent, AsksForEachAttemptAndNamesWhatTheLastOneSpent) {
    Fixture fixture({spending(3), spending(4)});
    Purse purse(2);
    Request request;
    request.attempts = &purse;
    const auto answer = test::run(fixture.agent->ask(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->usage.output_tokens, 17) << "what was named before is counted once, in the end";
    EXPECT_THAT(purse.tokens, testing::ElementsAre(3, 4));
    EXPECT_THAT(purse.kinds, testing::Each(AttemptKind::retry));
    EXPECT_THAT(purse.reasons, testing::Each("http://h answered 503"));
}

TEST(RetryAgent, GivesUpAtOnceWhenTheBudgetAllowsNoOther) {
    Fixture fixture({spending(1), retryable(1h)});  // it must not wait for an hour before it asks
    Purse purse(1);
    Request request;
    request.attempts = &purse;
    const auto result = test::run(fixture.agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::overloaded);
    EXPECT_THAT(result.error().message, HasSubstr("503 (gave up after 2 attempts: the budget allows no other)"));
    EXPECT_EQ(result.error().spent.output_tokens, 1);
    EXPECT_EQ(fixture.inner->asked, 2);
}

TEST(RetryAgent, AsksForNoAttemptThatItWouldNotMake) {
    for (auto failures : {std::deque{retryable(1h)}, std::deque{make_failure(FailureKind::bad_request, "no")}}) {
        Fixture fixture(std::move(failures));
        Purse purse(9);
        Request request;
        request.attempts = &purse;
        request.deadline = Deadline::after(10s);
        EXPECT_FALSE(test::run(fixture.agent->ask(request)));
        EXPECT_THAT(purse.kinds, testing::IsEmpty());
    }
}

TEST(RetryAgent, DoesNotRepeatWhatCannotHelp) {
    Fixture fixture({make_failure(FailureKind::unauthorized, "no key")});
    const auto result = test::run(fixture.agent->ask(Request()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "no key");
    EXPECT_EQ(fixture.inner->asked, 1);
}

TEST(RetryAgent, GivesUpAtOnceWhenTheWaitIsTooLong) {
    Fixture fixture({retryable(1h)});
    Request request;
    request.deadline = Deadline::after(10s);
    const auto result = test::run(fixture.agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("3600001 ms, which is past the deadline"));
    EXPECT_EQ(fixture.inner->asked, 1);
}

/// Never answers.
class DeadAgent final : public Agent {
public:
    explicit DeadAgent(std::atomic<int>& asked) : asked_(asked) {}

    Task<Result<Answer>> ask(Request request) override {
        ++asked_;
        request.sink->on_sent();
        co_return retryable();
    }

private:
    std::atomic<int>& asked_;
};

TEST(RetryAgent, AThousandFailingCallsCannotMakeAStorm) {
    std::atomic<int> asked = 0;
    const RetryPolicy eager{.attempts = 4, .budget = 0.2, .delay = 1ms, .max_delay = 1ms};
    RetryAgent agent(std::make_unique<DeadAgent>(asked), eager);
    std::atomic<int> refused = 0;
    const auto one = [&](std::size_t) -> Task<void> { return count_refusal(&agent, &refused); };
    test::run_many(one, 1'000, 2);
    EXPECT_LE(asked, 1'000 + 10 + 200) << "without a budget these would be 4,000 requests";
    EXPECT_GE(asked, 1'000 + 10) << "but the reserve is there to be used";
    EXPECT_GE(refused, 1'000 - 210);
}

TEST(RetryAgent, SaysThatTheBudgetOfRetriesIsUsedUp) {
    const RetryPolicy strict{.attempts = 50, .budget = 0, .delay = 1ms, .max_delay = 1ms};
    Fixture fixture(std::deque<Failure>(50, retryable()), strict);
    const auto result = test::run(fixture.agent->ask(Request()));
    ASSERT_FALSE(result);
    EXPECT_EQ(fixture.inner->asked, 11) << "the reserve of ten";
    EXPECT_THAT(result.error().message,
                HasSubstr("503 (gave up after 11 attempts: the model's calls have used up their retries; "
                          "retry.budget allows 0 per call)"));
}

TEST(RetryAgent, WaitingForACircuitTakesNothingOfTheBudget) {
    const RetryPolicy strict{.attempts = 50, .budget = 0, .delay = 1ms, .max_delay = 1ms};
    Fixture fixture(std::deque<Failure>(49, retryable()), strict);
    fixture.inner->sends = false;
    EXPECT_TRUE(test::run(fixture.agent->ask(Request())));
    EXPECT_EQ(fixture.inner->asked, 50);
}

TEST(RetryAgent, ARetryThatThePurseRefusesIsNotCounted) {
    const RetryPolicy strict{.attempts = 2, .budget = 0, .delay = 1ms, .max_delay = 1ms};
    Fixture fixture(std::deque<Failure>(100, retryable()), strict);
    Purse empty(0);
    Request poor;
    poor.attempts = &empty;
    for (int i = 0; i < 20; ++i)
        EXPECT_THAT(test::run(fixture.agent->ask(poor)).error().message, HasSubstr("the budget allows no other"));
    EXPECT_THAT(test::run(fixture.agent->ask(Request())).error().message, HasSubstr("gave up after 2 attempts"));
}

TEST(RetryAgent, WaitCanBeCancelled) {
    Fixture fixture({retryable(1h)});
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    asio::co_spawn(
        context, fixture.agent->ask(Request()),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, Result<Answer>) { thrown = error; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(5s);
    ASSERT_TRUE(thrown);
    EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
    EXPECT_EQ(fixture.inner->asked, 1);
}

}  // namespace
}  // namespace enough
