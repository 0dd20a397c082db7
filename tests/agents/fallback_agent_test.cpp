#include <enough/agents/fallback.hpp>

#include "agents/recording_sink.hpp"
#include "failure_kind.hpp"
#include "retry_agent.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace enough {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Usage tokens(std::int64_t input, std::int64_t output) {
    return {.input_tokens = input, .output_tokens = output};
}

Failure failure(std::string message, FailureKind kind = FailureKind::server_error, Usage spent = {}) {
    auto out = make_failure(kind, std::move(message));
    out.spent = spent;
    return out;
}

/// Gives prepared outcomes and notes what it was asked.
class Prepared final : public Agent {
public:
    explicit Prepared(std::deque<Result<Answer>> outcomes) : outcomes_(std::move(outcomes)) {}

    Task<Result<Answer>> ask(Request request) override {
        candidates.push_back(request.top_logprobs);
        if (request.sink != nullptr) request.sink->on_text(Phase::answer, "text");
        auto outcome = outcomes_.front();
        outcomes_.pop_front();
        co_return outcome;
    }

    std::vector<int> candidates;

private:
    std::deque<Result<Answer>> outcomes_;
};

Answer answer(std::string text, Usage usage = {}) {
    Answer out;
    out.text = std::move(text);
    out.usage = usage;
    return out;
}

class Purse final : public Attempts {
public:
    explicit Purse(int grants) : grants_(grants) {}

    bool another(AttemptKind kind, const Usage& spent, std::string_view reason) override {
        kinds.push_back(kind);
        output.push_back(spent.output_tokens);
        reasons.emplace_back(reason);
        return grants_-- > 0;
    }

    std::vector<AttemptKind> kinds;
    std::vector<std::int64_t> output;
    std::vector<std::string> reasons;

private:
    int grants_;
};

TEST(FallbackAgent, IsNotAskedWhileTheModelAnswers) {
    Prepared other({});
    const auto agent =
        make_fallback(std::make_unique<Prepared>(std::deque<Result<Answer>>{answer("own")}), {{"other", &other}});
    const auto result = test::run(agent->ask(Request()));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->text, "own");
    EXPECT_EQ(result->answered_by, "");
}

TEST(FallbackAgent, AnswersInTheModelsPlaceWithoutEvidence) {
    auto first = std::make_unique<Prepared>(
        std::deque<Result<Answer>>{failure("down", FailureKind::server_error, tokens(10, 3))});
    Prepared second({failure("down too", FailureKind::connect, tokens(0, 4))});
    Prepared third({answer("third", tokens(20, 5))});
    const auto* asked = first.get();
    const auto agent = make_fallback(std::move(first), {{"second", &second}, {"third", &third}});
    test::RecordingSink sink;
    Purse purse(9);
    Request request;
    request.top_logprobs = 20;
    request.sink = &sink;
    request.attempts = &purse;
    const auto result = test::run(agent->ask(request));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->text, "third");
    EXPECT_EQ(result->answered_by, "third");
    EXPECT_EQ(result->usage.input_tokens, 30) << "what all have used";
    EXPECT_EQ(result->usage.output_tokens, 12);
    EXPECT_EQ(sink.restarts, 2);
    EXPECT_EQ(sink.text, "text") << "of the last alone";
    EXPECT_THAT(asked->candidates, ElementsAre(20));
    EXPECT_THAT(third.candidates, ElementsAre(0))
        << "a threshold belongs to a model: others' evidence is not asked for";
    EXPECT_THAT(purse.kinds, testing::Each(AttemptKind::fallback));
    EXPECT_THAT(purse.output, ElementsAre(3, 4)) << "each attempt's tokens are named once";
    EXPECT_THAT(purse.reasons, ElementsAre(HasSubstr("down"), HasSubstr("the fallback 'second': down too")));
}

TEST(FallbackAgent, NamesTokensThatRetriesHaveNamedNoSecondTime) {
    auto flaky = std::make_unique<Prepared>(std::deque<Result<Answer>>{
        failure("a", FailureKind::overloaded, tokens(0, 3)), failure("b", FailureKind::overloaded, tokens(0, 4))});
    auto first = std::make_unique<RetryAgent>(
        std::move(flaky), RetryPolicy{.attempts = 2, .delay = 1ms, .max_delay = 1ms}, [] { return 1.0; });
    Prepared second({answer("second", tokens(0, 5))});
    const auto agent = make_fallback(std::move(first), {{"second", &second}});
    Purse purse(9);
    Request request;
    request.attempts = &purse;
    EXPECT_EQ(test::run(agent->ask(request))->usage.output_tokens, 12);
    EXPECT_THAT(purse.kinds, ElementsAre(AttemptKind::retry, AttemptKind::fallback));
    EXPECT_THAT(purse.output, ElementsAre(3, 4));
}

TEST(FallbackAgent, TheFailureNamesAll) {
    Prepared second({failure("second is down", FailureKind::connect, tokens(0, 2))});
    const auto agent = make_fallback(std::make_unique<Prepared>(std::deque<Result<Answer>>{
                                         failure("first is down", FailureKind::overloaded, tokens(0, 1))}),
                                     {{"second", &second}});
    const auto result = test::run(agent->ask(Request()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::overloaded);
    EXPECT_EQ(result.error().message, "first is down; the fallback 'second': second is down");
    EXPECT_EQ(result.error().spent.output_tokens, 3);
}

TEST(FallbackAgent, IsAskedOnlyIfTheBudgetAllows) {
    Prepared second({});
    const auto agent =
        make_fallback(std::make_unique<Prepared>(std::deque<Result<Answer>>{failure("down")}), {{"second", &second}});
    Purse purse(0);
    Request request;
    request.attempts = &purse;
    const auto result = test::run(agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "down (the budget does not allow to ask the fallback 'second')");
}

TEST(FallbackAgent, IsNotAskedAfterTheDeadlineNorForAScriptThatEnded) {
    for (const auto kind : {FailureKind::timeout, FailureKind::script_ended}) {
        Prepared second({});
        const auto agent = make_fallback(std::make_unique<Prepared>(std::deque<Result<Answer>>{failure("no", kind)}),
                                         {{"second", &second}});
        Request request;
        if (kind == FailureKind::timeout) request.deadline = Deadline::after(0s);
        EXPECT_FALSE(test::run(agent->ask(request)));
        EXPECT_TRUE(second.candidates.empty());
    }
}

TEST(FallbackAgent, TheInnermostNameCounts) {
    auto inner_first = std::make_unique<Prepared>(std::deque<Result<Answer>>{failure("b is down")});
    Prepared c({answer("c's")});
    const auto b = make_fallback(std::move(inner_first), {{"c", &c}});
    const auto a =
        make_fallback(std::make_unique<Prepared>(std::deque<Result<Answer>>{failure("a is down")}), {{"b", b.get()}});
    EXPECT_EQ(test::run(a->ask(Request()))->answered_by, "c");
}

}  // namespace
}  // namespace enough
