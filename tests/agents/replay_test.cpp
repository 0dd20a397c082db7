#include <enough/agents/replay.hpp>

#include "agents/recorded_calls.hpp"
#include "failure_kind.hpp"
#include "providers/scripted_agent.hpp"
#include "retry_agent.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <mutex>
#include <set>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::answered;
using test::asking;
using test::same;
using test::shown;
using test::StreamSink;
using test::token;
using testing::HasSubstr;
using testing::StartsWith;

ScriptedAnswer saying(std::string text) {
    ScriptedAnswer answer;
    answer.text = std::move(text);
    answer.reasoning = "let me think";
    answer.entropy = {0.5, 0.1, 1.5};
    return answer;
}

std::unique_ptr<Agent> scripted(std::vector<ScriptedAnswer> answers) {
    ScriptedSettings settings;
    settings.answers = std::move(answers);
    return make_scripted_agent(settings);
}

OnRecorded onto(const std::shared_ptr<Tape>& tape) {
    return [tape](RecordedCall call) { tape->add(std::move(call)); };
}

std::shared_ptr<Tape> tape_of(std::vector<RecordedCall> calls) {
    auto tape = std::make_shared<Tape>();
    for (auto& call : calls)
        tape->add(std::move(call));
    return tape;
}

Result<Answer> ask(Agent& agent, Request request, AnswerSink* sink = nullptr) {
    request.sink = sink;
    return test::run(agent.ask(std::move(request)));
}

std::string text_of(const Result<Answer>& result) {
    return result ? result->text : std::string(name(result.error().kind));
}

TEST(Recording, ReplayEqualsTheLiveCallEventForEvent) {
    auto tape = std::make_shared<Tape>();
    const auto recording = make_recording(scripted({saying("four and twenty"), saying("five")}), "m", onto(tape));
    StreamSink live[2];
    const Result<Answer> answers[] = {ask(*recording, asking("a"), &live[0]), ask(*recording, asking("a"), &live[1])};
    ASSERT_EQ(tape->size(), 2U);
    EXPECT_TRUE(same(tape->calls()[0]->stream, live[0].stream));

    const auto replaying = make_replaying("m", tape);
    for (int i = 0; i < 2; ++i) {
        StreamSink sink;
        const auto answer = ask(*replaying, asking("a"), &sink);
        EXPECT_GT(sink.tokens, 1);
        EXPECT_TRUE(same(sink.stream, live[i].stream));
        EXPECT_TRUE(same(answer, answers[i])) << "the times too";
    }
}

TEST(Recording, NotesWhatWasAskedAndNeedsNoSink) {
    auto tape = std::make_shared<Tape>();
    const auto recording = make_recording(scripted({saying("four")}), "m", onto(tape));
    const auto request = asking("a", 7);
    EXPECT_EQ(text_of(ask(*recording, request)), "four");
    const auto call = tape->calls().at(0);
    EXPECT_EQ(call->model, "m");
    EXPECT_EQ(call->messages, request.messages);
    EXPECT_EQ(call->sampling, request.sampling);
    EXPECT_EQ(call->top_logprobs, 7);
    EXPECT_FALSE(call->stream.empty());
}

/// Streams what it is given, whatever the sink says; then ends as it is told.
class StreamingAgent final : public Agent {
public:
    StreamingAgent(std::vector<StreamEvent> stream, Result<Answer> outcome)
        : stream_(std::move(stream)), outcome_(std::move(outcome)) {}

    Task<Result<Answer>> ask(Request request) override {
        for (const StreamEvent& event : stream_) {
            if (const auto* token = std::get_if<Token>(&event)) request.sink->on_token(*token);
            if (const auto* shown = std::get_if<ShownText>(&event)) request.sink->on_text(shown->phase, shown->text);
            if (std::holds_alternative<Restart>(event)) request.sink->on_restart();
        }
        co_return outcome_;
    }

private:
    std::vector<StreamEvent> stream_;
    Result<Answer> outcome_;
};

TEST(Recording, KeepsRestartsAndFailures) {
    const std::vector<StreamEvent> stream = {shown("x"), token("x", -1), Restart{}, shown("y"), token("y", -2)};
    auto failure = make_failure(FailureKind::stream_cut, "cut");
    failure.spent.output_tokens = 2;
    auto tape = std::make_shared<Tape>();
    const auto recording = make_recording(std::make_unique<StreamingAgent>(stream, failure), "m", onto(tape));
    StreamSink live;
    EXPECT_TRUE(same(ask(*recording, asking("a"), &live), failure));
    StreamSink sink;
    EXPECT_TRUE(same(ask(*make_replaying("m", tape), asking("a"), &sink), failure));
    EXPECT_TRUE(same(sink.stream, stream));
    EXPECT_TRUE(same(live.stream, stream));
}

TEST(Recording, ReplaysUnderTheSameRetries) {
    auto error = saying("");
    error.error = "overloaded";
    const auto retrying = [](std::unique_ptr<Agent> agent) {
        return RetryAgent(std::move(agent), RetryPolicy{.attempts = 3, .delay = 1ms, .max_delay = 1ms});
    };
    auto tape = std::make_shared<Tape>();
    auto live = retrying(make_recording(scripted({error, saying("four")}), "m", onto(tape)));
    EXPECT_EQ(text_of(ask(live, asking("a"))), "four");
    EXPECT_EQ(tape->size(), 2U);
    auto replaying = retrying(make_replaying("m", tape));
    StreamSink sink;
    EXPECT_EQ(text_of(ask(replaying, asking("a"), &sink)), "four");
    EXPECT_TRUE(std::holds_alternative<Restart>(sink.stream.front()));
}

TEST(Recording, ACancelledCallIsNotRecorded) {
    auto slow = saying("late");
    slow.delay = 1h;
    int recorded = 0;
    const auto agent = make_recording(scripted({slow}), "m", [&](RecordedCall) { ++recorded; });
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    asio::co_spawn(
        context, agent->ask(asking("x")),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, Result<Answer>) { thrown = error; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(5s);
    EXPECT_TRUE(thrown);
    EXPECT_EQ(recorded, 0);
}

// What the scripted provider answers to a sink that stops is what a replay of the whole answer must give.
TEST(Replaying, StopsLikeAProvider) {
    auto tape = std::make_shared<Tape>();
    StreamSink whole;
    ask(*make_recording(scripted({saying("four and twenty")}), "m", onto(tape)), asking("a"), &whole);
    for (int stop_at = 1; stop_at <= whole.tokens; ++stop_at) {
        StreamSink live(stop_at);
        const auto want = ask(*scripted({saying("four and twenty")}), asking("a"), &live);
        StreamSink sink(stop_at);
        const auto got = ask(*make_replaying("m", tape), asking("a"), &sink);
        ASSERT_TRUE(want && got);
        EXPECT_EQ(want->finish_reason, FinishReason::stopped_early);
        EXPECT_EQ(got->finish_reason, want->finish_reason);
        EXPECT_EQ(got->text, want->text);
        EXPECT_EQ(got->reasoning, want->reasoning);
        EXPECT_EQ(got->usage, want->usage);
        EXPECT_EQ(got->reported_output_tokens, want->reported_output_tokens);
        EXPECT_EQ(got->model, want->model);
        EXPECT_TRUE(same(sink.stream, live.stream)) << stop_at;
    }
}

TEST(Replaying, ARecordingThatWasCutIsGivenAsItIs) {
    auto tape = std::make_shared<Tape>();
    StreamSink live(2);
    const auto want = ask(*make_recording(scripted({saying("four and twenty")}), "m", onto(tape)), asking("a"), &live);
    ASSERT_EQ(want->finish_reason, FinishReason::stopped_early);
    for (const auto stop_at : {std::optional<int>(), std::optional<int>(2)}) {
        StreamSink sink(stop_at);
        EXPECT_TRUE(same(ask(*make_replaying("m", tape), asking("a"), &sink), want));
        EXPECT_TRUE(same(sink.stream, live.stream));
    }
    StreamSink sooner(1);
    const auto cut = ask(*make_replaying("m", tape), asking("a"), &sooner);
    EXPECT_EQ(cut->usage.output_tokens, 1);
    EXPECT_EQ(sooner.tokens, 1);
}

TEST(Replaying, ARecordingThatWasCutKeepsWhatTheServerCounted) {
    RecordedCall call = answered("m", asking("a"), "ab");
    call.stream = {token("a", -1), shown("a"), token("b", -1), shown("b")};
    call.outcome->finish_reason = FinishReason::stopped_early;
    call.outcome->usage.output_tokens = 5;  // the server wrote on until it noticed
    call.outcome->reported_output_tokens = 5;
    StreamSink sink(2);
    EXPECT_TRUE(same(ask(*make_replaying("m", tape_of({call})), asking("a"), &sink), call.outcome));
    EXPECT_TRUE(same(sink.stream, call.stream)) << "the last token's text too";
}

TEST(Replaying, ACutEndsWithTheTextOfItsLastToken) {
    const auto cut_at_two = [](std::vector<StreamEvent> stream) {
        auto call = answered("m", asking("a"), "abc");
        call.stream = std::move(stream);
        StreamSink sink(2);
        return text_of(ask(*make_replaying("m", tape_of({call})), asking("a"), &sink));
    };
    const auto a = token("a", -1);
    const auto b = token("b", -1);
    const auto c = token("c", -1);
    EXPECT_EQ(cut_at_two({shown("a"), a, shown("b"), b, shown("c"), c}), "ab");
    EXPECT_EQ(cut_at_two({a, shown("a"), b, shown("b"), c, shown("c")}), "ab");
    EXPECT_EQ(cut_at_two({a, shown("a"), Restart{}, shown("b"), b, shown("c"), c}), "b")
        << "what was restarted is void";
}

TEST(Replaying, AStopBeforeARecordedFailureIsAnAnswer) {
    RecordedCall call = answered("m", asking("a"), "");
    call.stream = {shown("x"), token("x", -1), token("y", -1)};
    auto failure = make_failure(FailureKind::stream_cut, "cut");
    failure.spent.input_tokens = 11;
    call.outcome = failure;
    StreamSink sink(1);
    const auto answer = ask(*make_replaying("m", tape_of({call})), asking("a"), &sink);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "x");
    EXPECT_EQ(answer->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(answer->usage, (Usage{.input_tokens = 11, .output_tokens = 1, .estimated = true}));
}

std::vector<std::string> candidates_at(const RecordedCall& call, int k) {
    StreamSink sink;
    const auto answer = ask(*make_replaying("m", tape_of({call})), asking("a", k), &sink);
    EXPECT_EQ(text_of(answer), "done");
    std::vector<std::string> out;
    for (const auto& event : sink.stream)
        if (const auto* token = std::get_if<Token>(&event))
            for (const auto& candidate : token->candidates)
                out.push_back(candidate.bytes);
    return out;
}

TEST(Replaying, PassesOnTheLargestOfMoreCandidatesThanAreWanted) {
    using List = std::vector<std::string>;
    auto call = answered("m", asking("a", 5), "done");
    call.outcome->logprobs_refused = true;
    call.stream = {
        shown("a"),
        token("a", -0.5,
              {{"nan", test::nan}, {"low", -7}, {"high", -1}, {"inf", test::infinity}, {"middle", -2}, {"extra", -9}})};
    EXPECT_EQ(candidates_at(call, 5), (List{"nan", "low", "high", "inf", "middle", "extra"}))
        << "as the server sent it";
    EXPECT_EQ(candidates_at(call, 4), (List{"high", "middle", "low", "extra"}));
    EXPECT_EQ(candidates_at(call, 1), List{"high"});

    StreamSink sink;
    const auto answer = ask(*make_replaying("m", tape_of({call})), asking("a", 0), &sink);
    EXPECT_TRUE(same(sink.stream, std::vector<StreamEvent>{shown("a")})) << "no evidence was asked for";
    EXPECT_FALSE(answer->logprobs_refused);
}

TEST(Replaying, EachAgentIsOnePassOverTheTape) {
    const auto tape = tape_of({answered("m", asking("a"), "m1"), answered("n", asking("a"), "n1"),
                               answered("m", asking("a"), "m2"), answered("m", asking("b"), "m3")});
    const auto first = make_replaying("m", tape);
    const auto second = make_replaying("m", tape);
    const auto other = make_replaying("n", tape);
    EXPECT_EQ(text_of(ask(*first, asking("a"))), "m1");
    EXPECT_EQ(text_of(ask(*first, asking("b"))), "m3");
    EXPECT_EQ(text_of(ask(*first, asking("a"))), "m2");
    EXPECT_EQ(text_of(ask(*second, asking("a"))), "m1");
    EXPECT_EQ(text_of(ask(*other, asking("a"))), "n1");
    EXPECT_EQ(text_of(ask(*first, asking("a"))), "script_ended");
    EXPECT_EQ(text_of(ask(*second, asking("a"))), "m2");
}

TEST(Replaying, AMissIsAFailureThatIsNotRetried) {
    const auto tape = tape_of({answered("m", asking("How many apples?"), "")});
    const auto agent = make_replaying("m", tape);
    const auto result = ask(*agent, asking("How many pears?"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::script_ended);
    EXPECT_FALSE(result.error().retryable);
    EXPECT_THAT(result.error().message, StartsWith("no recording fits: "));
    EXPECT_THAT(result.error().message, HasSubstr(tape->nearest("m", asking("How many pears?"))));
}

TEST(Replaying, AsksOnMissAndAddsNothing) {
    const auto tape = tape_of({answered("m", asking("a"), "recorded")});
    const auto agent = make_replaying("m", tape, scripted({saying("live"), saying("again")}));
    EXPECT_EQ(text_of(ask(*agent, asking("a"))), "recorded");
    StreamSink sink;
    EXPECT_EQ(text_of(ask(*agent, asking("a"), &sink)), "live");
    EXPECT_GT(sink.tokens, 0);
    EXPECT_EQ(text_of(ask(*agent, asking("b"))), "again");
    EXPECT_EQ(tape->size(), 1U);
}

TEST(Memo, EqualRequestsOfLaterPassesGetTheSameAnswers) {
    auto tape = std::make_shared<Tape>();
    const auto live = scripted({saying("one"), saying("two"), saying("three")});
    const auto first = make_memo("m", tape, borrow(*live));
    StreamSink told;
    EXPECT_EQ(text_of(ask(*first, asking("a"), &told)), "one");
    EXPECT_EQ(text_of(ask(*first, asking("a"))), "two") << "a second sample is another one";
    const auto second = make_memo("m", tape, borrow(*live));
    StreamSink again;
    EXPECT_EQ(text_of(ask(*second, asking("a"), &again)), "one");
    EXPECT_TRUE(same(again.stream, told.stream));
    EXPECT_EQ(text_of(ask(*second, asking("a"))), "two");
    EXPECT_EQ(text_of(ask(*second, asking("a"))), "three");
    EXPECT_EQ(tape->size(), 3U);
}

TEST(Memo, AsksAgainWhereEvidenceIsMissing) {
    auto tape = std::make_shared<Tape>();
    const auto live = scripted({saying("bare"), saying("with evidence")});
    const auto fresh = [&] { return make_memo("m", tape, borrow(*live)); };
    EXPECT_EQ(text_of(ask(*fresh(), asking("a", 0))), "bare");
    EXPECT_EQ(text_of(ask(*fresh(), asking("a", 5))), "with evidence");
    EXPECT_EQ(text_of(ask(*fresh(), asking("a", 5))), "with evidence");
    EXPECT_EQ(text_of(ask(*fresh(), asking("a", 0))), "bare");
}

TEST(Memo, KeepsNeitherFailuresNorFragments) {
    auto error = saying("");
    error.error = "overloaded";
    auto tape = std::make_shared<Tape>();
    const auto live = scripted({error, saying("cut short"), saying("whole")});
    const auto agent = make_memo("m", tape, borrow(*live));
    EXPECT_EQ(text_of(ask(*agent, asking("a"))), "overloaded");
    StreamSink sink(1);
    EXPECT_EQ(ask(*agent, asking("a"), &sink)->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(tape->size(), 0U);
    EXPECT_EQ(text_of(ask(*agent, asking("a"))), "whole");
    EXPECT_EQ(tape->size(), 1U);
}

/// Never gives the same answer twice.
class CountingAgent final : public Agent {
public:
    Task<Result<Answer>> ask(Request) override {
        Answer answer;
        answer.text = std::to_string(++asked);
        co_await asio::post(asio::use_awaitable);
        co_return answer;
    }

    std::atomic<int> asked = 0;
};

Task<void> ask_and_keep(Agent& agent, std::mutex& mutex, std::set<std::string>& texts) {
    const auto answer = co_await agent.ask(asking("a"));
    const std::lock_guard lock(mutex);
    texts.insert(answer->text);
}

TEST(Memo, NoPassGetsARecordingTwiceFromSeveralThreads) {
    constexpr std::size_t calls = 64;
    auto tape = std::make_shared<Tape>();
    CountingAgent live;
    std::mutex mutex;
    for (int pass = 0; pass < 3; ++pass) {
        const auto agent = make_memo("m", tape, borrow(live));
        std::set<std::string> texts;
        test::run_many([&](std::size_t) { return ask_and_keep(*agent, mutex, texts); }, calls, 4);
        EXPECT_EQ(texts.size(), calls) << pass;
        EXPECT_EQ(live.asked, static_cast<int>(calls)) << "only the first pass asks";
    }
    EXPECT_EQ(tape->size(), calls);
}

}  // namespace
}  // namespace enough
