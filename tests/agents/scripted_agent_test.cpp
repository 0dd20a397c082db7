#include "providers/scripted_agent.hpp"

#include "agents/recording_sink.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cmath>
#include <stdexcept>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::RecordingSink;

double entropy(const std::vector<Candidate>& candidates) {
    double bits = 0;
    for (const auto& candidate : candidates)
        bits -= std::exp(candidate.logprob) * candidate.logprob / std::log(2.0);
    return bits;
}

std::unique_ptr<Agent> agent_of(std::vector<ScriptedAnswer> answers) {
    ScriptedSettings settings;
    settings.answers = std::move(answers);
    return make_scripted_agent(settings);
}

ScriptedAnswer saying(std::string text) {
    ScriptedAnswer answer;
    answer.text = std::move(text);
    return answer;
}

Request asking(std::string prompt, AnswerSink* sink = nullptr) {
    Request request;
    request.messages = {{Role::system, "You count."}, {Role::user, std::move(prompt)}};
    request.top_logprobs = 20;
    request.sink = sink;
    return request;
}

TEST(ScriptedCandidates, HaveTheStatedEntropy) {
    for (const int k : {2, 3, 5, 20}) {
        for (const double bits : {0.0, 1e-9, 1e-3, 0.25, 0.58, 0.999, std::log2(k) - 1e-6, std::log2(k)}) {
            const auto candidates = scripted_candidates("a", bits, k, 3);
            ASSERT_TRUE(candidates) << bits << " of " << k;
            ASSERT_EQ(candidates->size(), static_cast<std::size_t>(k));
            EXPECT_NEAR(entropy(*candidates), bits, 1e-9);
            double mass = 0;
            for (const auto& candidate : *candidates) {
                mass += std::exp(candidate.logprob);
                EXPECT_GE(candidate.logprob, -100) << "it would be dropped as a sentinel";
                EXPECT_LE(candidate.logprob, candidates->front().logprob + 1e-12);
            }
            EXPECT_NEAR(mass, 1, 1e-12);
            EXPECT_EQ(candidates->front().bytes, "a");
        }
        EXPECT_FALSE(scripted_candidates("a", std::log2(k) + 0.01, k, 0));
    }
    EXPECT_NE(*scripted_candidates("a", 0.5, 5, 0), *scripted_candidates("a", 0.5, 5, 1));
}

TEST(ScriptedAgent, AnswersInOrderAndThenNoMore) {
    const auto agent = agent_of({saying("one"), saying("two")});
    EXPECT_EQ(test::run(agent->ask(asking("a")))->text, "one");
    EXPECT_EQ(test::run(agent->ask(asking("b")))->text, "two");
    const auto third = test::run(agent->ask(asking("c")));
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, FailureKind::script_ended);
    EXPECT_FALSE(third.error().retryable);
}

TEST(ScriptedAgent, PicksTheFirstThatFits) {
    auto sum = saying("four");
    sum.when = "2\\s*\\+";
    auto any = saying("else");
    any.repeat = true;
    const auto agent = agent_of({sum, any});
    EXPECT_EQ(test::run(agent->ask(asking("hello")))->text, "else");
    EXPECT_EQ(test::run(agent->ask(asking("2 + 2?")))->text, "four");
    EXPECT_EQ(test::run(agent->ask(asking("2 + 2?")))->text, "else") << "once without repeat";
    EXPECT_EQ(test::run(agent->ask(asking("hello")))->text, "else");
}

TEST(ScriptedAgent, EmitsTokensWithEvidence) {
    auto scripted = saying("It is 42.");
    scripted.reasoning = "Let me see";
    scripted.entropy = {0.5, 1.0, 0.25};
    scripted.tokens = 6;
    const auto agent = agent_of({scripted});
    RecordingSink sink;
    const auto answer = test::run(agent->ask(asking("what is it", &sink)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "It is 42.");
    EXPECT_EQ(answer->reasoning, "Let me see");
    EXPECT_EQ(sink.text, answer->text);
    EXPECT_EQ(sink.joined(Phase::answer), answer->text);
    EXPECT_EQ(sink.joined(Phase::reasoning), answer->reasoning);
    ASSERT_EQ(sink.tokens.size(), 6u);
    const double want[] = {0.5, 1.0, 0.25, 0.25, 0.25, 0.25};
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_NEAR(entropy(sink.tokens[i].candidates), want[i], 1e-9);
        EXPECT_EQ(sink.tokens[i].candidates.front(), (Candidate{sink.tokens[i].bytes, sink.tokens[i].logprob}));
    }
    EXPECT_EQ(answer->usage, (Usage{5, 0, 6, 3, false}));
    EXPECT_EQ(answer->reported_output_tokens, 6);
    EXPECT_EQ(answer->finish_reason, FinishReason::stop);
}

TEST(ScriptedAgent, TokensAreWordsOrEntropiesUnlessSaid) {
    auto words = saying("a b c");
    auto entropies = saying("a b c");
    entropies.entropy = {0.1, 0.2, 0.3, 0.4, 0.5};
    auto few = saying("a b c d e");
    few.tokens = 2;
    const auto agent = agent_of({words, entropies, few});
    for (const std::size_t count : {3u, 5u, 2u}) {
        RecordingSink sink;
        const auto answer = test::run(agent->ask(asking("x", &sink)));
        EXPECT_EQ(answer->usage.output_tokens, static_cast<std::int64_t>(count));
        EXPECT_EQ(sink.tokens.size(), count);
        EXPECT_EQ(sink.joined(Phase::answer), answer->text);
    }
}

TEST(ScriptedAgent, GivesNoEvidenceWhereNoneIsWantedOrScripted) {
    auto scripted = saying("a b");
    scripted.entropy = {0.5};
    const auto agent = agent_of({scripted, saying("c")});
    RecordingSink sink;
    auto request = asking("x", &sink);
    request.top_logprobs = 0;
    test::run(agent->ask(request));
    test::run(agent->ask(asking("x", &sink)));
    ASSERT_EQ(sink.tokens.size(), 3u);
    for (const auto& token : sink.tokens) {
        EXPECT_TRUE(token.candidates.empty());
        EXPECT_TRUE(std::isnan(token.logprob));
    }
}

TEST(ScriptedAgent, StandsForAProviderWithoutLogprobs) {
    ScriptedSettings settings;
    settings.answers = {saying("a b")};
    settings.answers[0].entropy = {0.5};
    settings.answers[0].repeat = true;
    settings.logprobs = false;
    const auto agent = make_scripted_agent(settings);
    RecordingSink sink;
    const auto answer = test::run(agent->ask(asking("x", &sink)));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->logprobs_refused);
    for (const auto& token : sink.tokens)
        EXPECT_TRUE(token.candidates.empty() && std::isnan(token.logprob));
    auto request = asking("x");
    request.top_logprobs = 0;
    EXPECT_FALSE(test::run(agent->ask(request))->logprobs_refused) << "none were asked for";
}

TEST(ScriptedAgent, CallsToolsAndReactsToTheirResults) {
    auto calls = saying("I look.");
    calls.when = "weather";
    calls.tool_calls = {{"", "weather", R"({"city":"Oslo"})"}, {"own", "clock", ""}};
    auto sunny = saying("Go out.");
    sunny.when = "sunny";
    const auto agent = agent_of({calls, sunny});
    RecordingSink sink;
    auto request = asking("How is the weather?", &sink);
    auto answer = test::run(agent->ask(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->finish_reason, FinishReason::tool_calls);
    EXPECT_EQ(answer->tool_calls,
              (std::vector<ToolCall>{{"call_1", "weather", R"({"city":"Oslo"})"}, {"own", "clock", "{}"}}));
    EXPECT_EQ(answer->text, "I look.");
    EXPECT_EQ(sink.progress, 1);
    request.messages.push_back({Role::assistant, answer->text, answer->tool_calls});
    request.messages.push_back({Role::tool, "it is sunny", {}, "call_1"});
    request.messages.push_back({Role::tool, "noon", {}, "own"});
    answer = test::run(agent->ask(request));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "Go out.");
    EXPECT_EQ(answer->finish_reason, FinishReason::stop);
}

TEST(ScriptedAgent, SearchesNoToolResultsOfEarlierTurns) {
    auto sunny = saying("Go out.");
    sunny.when = "sunny";
    const auto agent = agent_of({sunny});
    auto request = asking("weather?");
    request.messages.push_back({Role::tool, "it is sunny", {}, "c"});
    request.messages.push_back({Role::user, "and tomorrow?"});
    EXPECT_FALSE(test::run(agent->ask(request)));
    request.messages.pop_back();
    EXPECT_TRUE(test::run(agent->ask(request)));
}

TEST(ScriptedAgent, ACutAnswerCallsNoTools) {
    auto calls = saying("a b c");
    calls.tool_calls = {{"", "clock", ""}};
    const auto agent = agent_of({calls});
    auto request = asking("x");
    request.sampling.max_tokens = 1;
    const auto answer = test::run(agent->ask(request));
    EXPECT_EQ(answer->finish_reason, FinishReason::length);
    EXPECT_TRUE(answer->tool_calls.empty());
}

TEST(ScriptedAgent, IsCutAtMaxTokensAndByTheSink) {
    auto scripted = saying("a b c d");
    scripted.repeat = true;
    const auto agent = agent_of({scripted});
    auto request = asking("x");
    request.sampling.max_tokens = 2;
    auto answer = test::run(agent->ask(request));
    EXPECT_EQ(answer->finish_reason, FinishReason::length);
    EXPECT_EQ(answer->text, "a b");
    request.sampling.max_tokens = 4;
    EXPECT_EQ(test::run(agent->ask(request))->finish_reason, FinishReason::stop);

    RecordingSink sink(3);
    answer = test::run(agent->ask(asking("x", &sink)));
    EXPECT_EQ(answer->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(answer->usage.output_tokens, 3);
    EXPECT_TRUE(answer->usage.estimated);
    EXPECT_EQ(answer->text, "a b c");
}

TEST(ScriptedAgent, FailsAsScripted) {
    auto overloaded = saying("");
    overloaded.error = "overloaded";
    auto refused = saying("");
    refused.error = "bad_request";
    const auto agent = agent_of({overloaded, refused});
    const auto first = test::run(agent->ask(asking("x")));
    EXPECT_EQ(first.error().kind, FailureKind::overloaded);
    EXPECT_TRUE(first.error().retryable);
    const auto second = test::run(agent->ask(asking("x")));
    EXPECT_EQ(second.error().kind, FailureKind::bad_request);
    EXPECT_FALSE(second.error().retryable);
}

TEST(ScriptedAgent, AnImpossibleEntropyIsAFailure) {
    auto scripted = saying("a");
    scripted.entropy = {1.5};
    const auto agent = agent_of({scripted});
    auto request = asking("x");
    request.top_logprobs = 2;
    const auto result = test::run(agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::bad_request);
    EXPECT_THAT(result.error().message, testing::HasSubstr("1.5 bits"));
}

TEST(ScriptedAgent, DelayEndsAtTheDeadline) {
    auto slow = saying("late");
    slow.delay = 1h;
    const auto agent = agent_of({slow});
    auto request = asking("x");
    request.deadline = Deadline::after(10ms);
    const auto result = test::run(agent->ask(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
}

TEST(ScriptedAgent, DelayCanBeCancelled) {
    auto slow = saying("late");
    slow.delay = 1h;
    const auto agent = agent_of({slow});
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    asio::co_spawn(
        context, agent->ask(asking("x")),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, Result<Answer>) { thrown = error; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(5s);
    ASSERT_TRUE(thrown);
    EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
}

TEST(ScriptedAgent, RefusesScriptsThatCanNeverWork) {
    auto regex = saying("a");
    regex.when = "(";
    auto error = saying("a");
    error.error = "tired";
    auto reason = saying("a");
    reason.finish_reason = "bored";
    auto bits = saying("a");
    bits.entropy = {-1};
    auto tokens = saying("a");
    tokens.tokens = -1;
    auto nameless = saying("a");
    nameless.tool_calls = {{"id", "", "{}"}};
    auto no_calls = saying("a");
    no_calls.finish_reason = "tool_calls";
    for (const auto& scripted : {regex, error, reason, bits, tokens, nameless, no_calls}) {
        EXPECT_THROW(agent_of({scripted}), std::invalid_argument);
    }
}

}  // namespace
}  // namespace enough
