// Runs that are cut off at every event and gone on with.

#include "orchestrator/counting_agent.hpp"

#include "support/random_workflow.hpp"
#include "support/recorder.hpp"
#include "support/run.hpp"
#include "support/run_workflow.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace enough::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* cascade = R"yaml(
version: 1
name: cascade
models:
  small: {provider: scripted, answers: [{text: "it is 40", entropy: [1.9], repeat: true}]}
  large: {provider: scripted, answers: [{text: "it is 42", repeat: true}]}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "What is 6 * 7?"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert, handover: answer}]
  - {id: check, prompt: "Is it so? {{ steps.solve.text }}", agent: expert}
output: "{{ steps.solve.text }}, {{ steps.check.text }}"
)yaml";

constexpr const char* refining = R"yaml(
version: 1
name: refining
models:
  small:
    provider: scripted
    answers:
      - {when: Review, text: "surely 42", entropy: [0.7], repeat: true}
      - {text: "perhaps 40", entropy: [1.9], repeat: true}
agents: {solver: {model: small, answer: {extract: number}}}
steps:
  - id: solve
    prompt: "What is 6 * 7?"
    agent: solver
    gate: {signal: entropy.mean, accept: [0.5, 0.6, 0.8]}
    refine: {max_steps: 3, prompt: Review it.}
)yaml";

constexpr const char* panel = R"yaml(
version: 1
name: panel
models:
  one: {provider: scripted, answers: [{text: "42", repeat: true}]}
  two: {provider: scripted, answers: [{text: "42", delay: 5ms, repeat: true}]}
  slow: {provider: scripted, answers: [{text: "41", delay: 60s, repeat: true}]}
agents:
  a: {model: one, answer: {extract: number}}
  b: {model: two, answer: {extract: number}}
  c: {model: slow, answer: {extract: number}}
steps:
  - {id: vote, prompt: "What is 6 * 7?", panel: {agents: [a, b, c], stop: {decided: true}}}
)yaml";

struct Resumed {
    RunState state;
    std::vector<Event> events;  ///< the recorded ones first
    AskedModels asked;          ///< since

    std::size_t asks() const {
        std::size_t count = 0;
        for (const auto& [model, questions] : asked)
            count += questions.size();
        return count;
    }
};

Task<void> resume_on(asio::any_io_executor executor, std::shared_ptr<const Workflow> workflow, Approver* approver,
                     Resumed* resumed) {
    Engine engine(workflow, with_fallbacks(counted_agents(*workflow, executor, resumed->asked), *workflow));
    Recorder recorder;
    RunOptions options;
    options.sinks.push_back(&recorder);
    options.approver = approver;
    std::vector<Event> recorded = resumed->events;
    resumed->state = co_await engine.resume(std::move(recorded), std::move(options));
    resumed->events.insert(resumed->events.end(), recorder.events().begin(), recorder.events().end());
}

Resumed resume(std::shared_ptr<const Workflow> workflow, std::vector<Event> recorded, Approver* approver = nullptr) {
    Resumed resumed;
    resumed.events = std::move(recorded);
    run_with([&](asio::any_io_executor executor) { return resume_on(executor, workflow, approver, &resumed); });
    return resumed;
}

std::vector<Event> first(const std::vector<Event>& events, std::size_t count) {
    return {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// One log, numbered through, whose conclusions follow from its facts.
void expect_one_log(const std::shared_ptr<const Workflow>& workflow, const Resumed& resumed) {
    for (std::size_t i = 0; i < resumed.events.size(); ++i)
        ASSERT_EQ(resumed.events[i].number, i + 1);
    EXPECT_TRUE(std::holds_alternative<RunFinished>(resumed.events.back().body));
    EXPECT_TRUE(is_final(resumed.state.status));
    EXPECT_TRUE(fold(workflow, resumed.events) == resumed.state);
}

/// The calls that a resumed run has to make: those of the whole log that were neither back nor set aside by then.
std::size_t calls_left(const Resumed& resumed, std::size_t cut) {
    std::set<CallId> open;
    for (std::size_t i = 0; i < resumed.events.size(); ++i) {
        const EventBody& body = resumed.events[i].body;
        if (const auto* asked = std::get_if<CallRequested>(&body)) open.insert(asked->call);
        if (i >= cut) continue;
        if (const auto* answered = std::get_if<CallAnswered>(&body)) open.erase(answered->call);
        if (const auto* aborted = std::get_if<CallAborted>(&body)) open.erase(aborted->call);
    }
    const RunState then = fold(resumed.state.workflow, first(resumed.events, cut));
    std::erase_if(open, [&](CallId id) { return id <= then.calls.size() && then.call(id).abort_requested; });
    return open.size();
}

/// What was booked for calls whose answers got lost.
std::int64_t lost_tokens(const Resumed& resumed, std::size_t cut) {
    std::int64_t lost = 0;
    for (const Event& event : resumed.events)
        if (const auto* again = std::get_if<AttemptRequested>(&event.body); again && event.number > cut)
            lost += again->spent.input_tokens;
    return lost;
}

class CutRun : public testing::TestWithParam<const char*> {};

TEST_P(CutRun, EndsAsIfItHadNotBeenCutAnywhere) {
    const std::shared_ptr<const Workflow> workflow = parse_workflow(GetParam());
    const Outcome whole = run_workflow(workflow, nlohmann::json::object());
    ASSERT_EQ(whole.state.status, Status::accepted);
    ASSERT_GT(whole.events.size(), 6U);
    std::int64_t most_lost = 0;
    for (std::size_t cut = 1; cut <= whole.events.size(); ++cut) {
        SCOPED_TRACE(fmt::format("cut after event {} ({})", cut, type_name(whole.events[cut - 1].body)));
        const Resumed resumed = resume(workflow, first(whole.events, cut));
        expect_one_log(workflow, resumed);
        EXPECT_EQ(resumed.state.run_id, whole.state.run_id);
        EXPECT_EQ(resumed.state.status, whole.state.status);
        EXPECT_EQ(resumed.state.output, whole.state.output);
        EXPECT_EQ(resumed.state.budget().calls(), whole.state.budget().calls());
        EXPECT_EQ(resumed.asks(), calls_left(resumed, cut));
        most_lost = std::max(most_lost, lost_tokens(resumed, cut));
        if (whole.state.wasted_calls > 0) continue;  // what it has used depends on when it is stopped
        EXPECT_EQ(resumed.state.budget().used().input_tokens,
                  whole.state.budget().used().input_tokens + lost_tokens(resumed, cut));
        EXPECT_EQ(resumed.state.budget().used().output_tokens, whole.state.budget().used().output_tokens);
    }
    EXPECT_GT(most_lost, 0) << "a request that was sent is not free";
}

INSTANTIATE_TEST_SUITE_P(Of, CutRun, testing::Values(cascade, refining, panel), [](const auto& each) {
    return each.index == 0 ? "ACascade" : each.index == 1 ? "ARefiningAgent" : "APanelThatLeavesOneBehind";
});

TEST(Resume, OfARunThatHasEndedAsksAndTellsNothing) {
    const std::shared_ptr<const Workflow> workflow = parse_workflow(cascade);
    const Outcome whole = run_workflow(workflow, nlohmann::json::object());
    const Resumed resumed = resume(workflow, whole.events);
    EXPECT_EQ(resumed.events.size(), whole.events.size());
    EXPECT_EQ(resumed.asks(), 0U);
    EXPECT_TRUE(resumed.state == whole.state);
}

TEST(Resume, StaysWithinTheLimitsAndFoldsWhereverRandomRunsAreCut) {
    int over_budget = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const std::shared_ptr<const Workflow> workflow = parse_workflow(random_workflow(seed, 1000));
        const Outcome whole = run_workflow(workflow, nlohmann::json::object());
        for (std::size_t cut = 1 + seed % 5; cut <= whole.events.size() && !testing::Test::HasFailure(); cut += 5) {
            SCOPED_TRACE(fmt::format("seed {}, cut after event {}", seed, cut));
            const Resumed resumed = resume(workflow, first(whole.events, cut));
            expect_one_log(workflow, resumed);
            const Usage& used = resumed.state.budget().used();
            EXPECT_LE(used.input_tokens + used.output_tokens, 1000);
            over_budget += resumed.state.status == Status::over_budget ? 1 : 0;
        }
    }
    EXPECT_GT(over_budget, 0) << "the limit must be within reach, or the property says little";
}

/// The events of a run that was begun and got no further.
std::vector<Event> begun(const std::shared_ptr<const Workflow>& workflow, RunTime at = {}) {
    RunState state(workflow, "a-run");
    RunStarted start;
    start.workflow = workflow->name;
    start.workflow_hash = workflow->hash;
    start.started = "2020-01-01T00:00:00.000Z";
    start.inputs = nlohmann::json::object();
    std::vector<Event> events;
    for (const Action& action : step(state, at, start))
        if (const Emit* emit = std::get_if<Emit>(&action)) events.push_back(emit->event);
    return events;
}

constexpr const char* limited = R"yaml(
version: 1
name: limited
limits: {LIMITS}
models: {m: {provider: scripted, answers: [{text: "42", DELAYrepeat: true}]}}
agents: {a: {model: m, max_tokens: 20}}
steps: [{id: s, prompt: "What is it?", agent: a}]
)yaml";

std::shared_ptr<const Workflow> limited_by(const std::string& limits, const std::string& delay = {}) {
    std::string text = limited;
    text.replace(text.find("LIMITS"), 6, limits);
    text.replace(text.find("DELAY"), 5, delay);
    return parse_workflow(text);
}

TEST(Resume, DoesNotCountTheYearsInWhichNothingRan) {
    const auto workflow = limited_by("time: 60s");
    const Resumed resumed = resume(workflow, begun(workflow, RunTime(59'000)));
    EXPECT_EQ(resumed.state.status, Status::accepted);
    EXPECT_GE(resumed.state.now, RunTime(59'000)) << "the clock goes on from where it was";
    EXPECT_EQ(resumed.state.started, "2020-01-01T00:00:00.000Z");
}

TEST(Resume, LeavesWhatTimeIsLeft) {
    const auto workflow = limited_by("time: 60s", "delay: 60s, ");
    const Resumed resumed = resume(workflow, begun(workflow, RunTime(59'950)));
    EXPECT_EQ(resumed.state.status, Status::over_budget);
    EXPECT_GE(resumed.state.now, RunTime(60'000));
    expect_one_log(workflow, resumed);
}

TEST(Resume, DoesNotAskAgainWhatTheLimitsDoNotAllowTwice) {
    // The prompt is some 10 tokens with its turn, and 20 may be answered: once fits in, twice does not.
    const auto workflow = limited_by("tokens: 36");
    EXPECT_EQ(run_workflow(workflow, nlohmann::json::object()).state.status, Status::accepted);
    const Resumed resumed = resume(workflow, begun(workflow));
    EXPECT_EQ(resumed.asks(), 0U);
    EXPECT_TRUE(is_final(resumed.state.status));
    EXPECT_NE(resumed.state.status, Status::accepted);
    EXPECT_THAT(resumed.state.error.value_or(""), HasSubstr("the run was interrupted"));
    expect_one_log(workflow, resumed);
}

/// Says yes, and counts how often.
class Willing final : public Approver {
public:
    Task<ApprovalReply> ask(ApprovalQuestion question) override {
        asked.push_back(question.run_id + " " + question.message);
        ApprovalReply reply;
        reply.approved = true;
        reply.by = "test";
        co_return reply;
    }

    std::vector<std::string> asked;
};

TEST(Resume, AsksAPersonAgainWhoseAnswerIsNotRecordedAndNoOther) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: careful
models: {m: {provider: scripted, answers: [{text: "done", repeat: true}]}}
agents: {a: {model: m}}
steps:
  - {id: ok, approve: "May I?", timeout: 60s}
  - {id: act, prompt: "Go. {{ steps.ok.answer }}", agent: a}
)yaml");
    const std::vector<Event> waiting = begun(workflow);
    Willing willing;
    const Resumed resumed = resume(workflow, waiting, &willing);
    EXPECT_THAT(willing.asked, testing::ElementsAre("a-run May I?"));
    EXPECT_EQ(resumed.state.status, Status::accepted);
    expect_one_log(workflow, resumed);

    Willing second;
    const Resumed again = resume(workflow, first(resumed.events, waiting.size() + 1), &second);
    EXPECT_THAT(second.asked, IsEmpty());
    EXPECT_EQ(again.state.output, resumed.state.output);
}

std::string refusal(std::shared_ptr<const Workflow> workflow, std::vector<Event> recorded) {
    try {
        resume(std::move(workflow), std::move(recorded));
    } catch (const std::invalid_argument& error) {
        return error.what();
    } catch (const AuditError& error) {
        return std::string("audit: ") + error.what();
    }
    return "nothing";
}

TEST(Resume, RefusesWhatIsNotThisWorkflowsRun) {
    const std::shared_ptr<const Workflow> workflow = parse_workflow(cascade);
    const Outcome whole = run_workflow(workflow, nlohmann::json::object());
    EXPECT_THAT(refusal(parse_workflow(refining), whole.events), HasSubstr("another version of workflow 'cascade'"));
    EXPECT_THAT(refusal(workflow, {}), HasSubstr("run_started"));
    std::vector<Event> gap = whole.events;
    gap.erase(gap.begin() + 1);
    EXPECT_THAT(refusal(workflow, gap), HasSubstr("audit: event 3"));
    std::vector<Event> changed = whole.events;
    for (Event& event : changed)
        if (auto* judged = std::get_if<CallJudged>(&event.body)) judged->judgement.reason = "because";
    EXPECT_THAT(refusal(workflow, changed), HasSubstr("differs from what its facts lead to"));
}

}  // namespace
}  // namespace enough::test
