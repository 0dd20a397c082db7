// Runs that are granted their calls one by one.

#include "orchestrator/counting_agent.hpp"

#include "support/random_ladder.hpp"
#include "support/recorder.hpp"
#include "support/run.hpp"

#include <enough/orchestrator/call_by_call.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace enough::test {
namespace {

using testing::HasSubstr;

/// One run, in as many parts as its grants make.
struct Parts {
    std::shared_ptr<const Workflow> workflow;
    RunState state;
    std::vector<Event> events;
    AskedModels asked;
    int suspended = 0;

    std::size_t asks() const {
        std::size_t count = 0;
        for (const auto& [model, questions] : asked)
            count += questions.size();
        return count;
    }
};

constexpr const char* no_more = "the calls are spent";

/// What the log says is what the run knows, also after it was written down and read again.
void expect_honest_log(const Parts& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.events.size(); ++i) {
        ASSERT_EQ(parts.events[i].number, i + 1);
        text += to_json(parts.events[i]).dump() + "\n";
    }
    std::istringstream log(text);
    EXPECT_TRUE(fold(parts.workflow, read_event_log(log)) == parts.state);
}

void expect_suspended(const Parts& parts, int granted) {
    EXPECT_EQ(parts.state.status, Status::running);
    EXPECT_FALSE(parts.state.anything_in_flight());
    EXPECT_EQ(parts.state.calls.size(), static_cast<std::size_t>(granted));
    EXPECT_FALSE(parts.events.empty() || std::holds_alternative<CallRequested>(parts.events.back().body));
    expect_honest_log(parts);
}

Task<RunState> part(Engine& engine, Parts& parts, std::optional<int> granted, std::string ended) {
    Recorder recorder([&](const Event& event) { parts.events.push_back(event); });
    RunOptions options;
    options.sinks.push_back(&recorder);
    options.granted_calls = granted;
    options.calls_ended = std::move(ended);
    std::vector<Event> recorded = parts.events;
    Task<RunState> going = recorded.empty() ? engine.run(nlohmann::json::object(), std::move(options))
                                            : engine.resume(std::move(recorded), std::move(options));
    RunState state = co_await std::move(going);
    co_return state;
}

/// Grants one call after the other, at most `most`, and then ends the calls.
Task<void> in_parts(asio::any_io_executor executor, Parts* parts, int most) {
    Engine engine(parts->workflow, counted_agents(*parts->workflow, executor, parts->asked));
    parts->state = co_await part(engine, *parts, 1, "");
    for (int granted = 1; awaits_call(parts->state) && granted < 20; ++granted) {
        expect_suspended(*parts, granted);
        ++parts->suspended;
        if (granted < most)
            parts->state = co_await part(engine, *parts, granted + 1, "");
        else
            parts->state = co_await part(engine, *parts, std::nullopt, no_more);
    }
}

Task<void> at_once(asio::any_io_executor executor, Parts* parts) {
    Engine engine(parts->workflow, counted_agents(*parts->workflow, executor, parts->asked));
    parts->state = co_await part(engine, *parts, std::nullopt, "");
}

Parts run_in_parts(std::shared_ptr<const Workflow> workflow, int most) {
    Parts parts;
    parts.workflow = std::move(workflow);
    run_with([&](asio::any_io_executor executor) { return in_parts(executor, &parts, most); });
    EXPECT_TRUE(is_final(parts.state.status));
    expect_honest_log(parts);
    return parts;
}

Parts run_at_once(std::shared_ptr<const Workflow> workflow) {
    Parts parts;
    parts.workflow = std::move(workflow);
    run_with([&](asio::any_io_executor executor) { return at_once(executor, &parts); });
    return parts;
}

/// What its calls came to, one a line.
std::string story(const RunState& state) {
    std::string text = fmt::format("{} {}\n", name(state.status), state.output.value_or("-"));
    for (const CallRecord& call : state.calls)
        text += fmt::format("{} rung {} step {}: {}; {} tokens\n", call.agent, call.rung, call.chain_step, call.reason,
                            call.usage.output_tokens);
    return text;
}

TEST(CallByCall, IsTheSameRunAsAtOnce) {
    int suspended = 0;
    std::map<Status, int> seen;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        const std::string text = random_ladder(seed);
        SCOPED_TRACE(text);
        std::shared_ptr<const Workflow> workflow = parse_workflow(text);
        // An answer that may be the last word is never cut short, and then it has other tokens.
        if (text.find("provable") != std::string::npos) continue;
        const Parts whole = run_at_once(workflow);
        const Parts parts = run_in_parts(workflow, 100);
        ASSERT_EQ(story(parts.state), story(whole.state));
        ASSERT_EQ(parts.asked, whole.asked);
        EXPECT_EQ(parts.state.budget().used(), whole.state.budget().used());
        EXPECT_EQ(parts.suspended + 1U, std::max<std::size_t>(whole.state.calls.size(), 1));
        suspended += parts.suspended;
        ++seen[whole.state.status];
    }
    EXPECT_GT(suspended, 100) << "runs of one call say little";
    for (const Status status : {Status::accepted, Status::unresolved, Status::failed})
        EXPECT_GT(seen[status], 0) << name(status);
}

TEST(CallByCall, NeverMakesMoreCallsThanItIsGrantedAndEndsWithWhatItHas) {
    int ended = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        const std::string text = random_ladder(seed);
        SCOPED_TRACE(text);
        const int most = 1 + static_cast<int>(seed % 3);
        const Parts parts = run_in_parts(parse_workflow(text), most);
        EXPECT_LE(parts.asks(), static_cast<std::size_t>(most));
        EXPECT_NE(parts.state.status, Status::over_budget);
        if (!parts.state.calls_ended) continue;
        ++ended;
        const bool answered = std::ranges::any_of(
            parts.state.calls, [](const CallRecord& call) { return call.answered && !call.stopped_early(); });
        const bool fails = text.find("on_exhausted: fail") != std::string::npos;
        EXPECT_EQ(parts.state.status, answered && !fails ? Status::unresolved : Status::failed);
    }
    EXPECT_GT(ended, 50);
}

constexpr const char* chain = R"yaml(
version: 1
name: chain
models:
  small:
    provider: scripted
    answers:
      - {text: "it is 40", entropy: 1.5}
      - {text: "it is 41", entropy: 1.1}
      - {text: "it is 42", entropy: 1.9}
agents: {solver: {model: small, answer: {extract: number}}}
steps:
  - id: solve
    prompt: "What is 6 * 7?"
    EXHAUSTED
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: ACCEPT}, refine: {max_steps: 3, prompt: Review., until: UNTIL}}]
)yaml";

std::shared_ptr<const Workflow> chain_of(const std::string& exhausted, const std::string& until = "accept") {
    std::string text = chain;
    text.replace(text.find("EXHAUSTED"), 9, exhausted.empty() ? "" : "on_exhausted: " + exhausted);
    text.replace(text.find("ACCEPT"), 6, until == "all" ? "0.5" : "[0.5, 0.5, 0.5]");
    text.replace(text.find("UNTIL"), 5, until);
    return parse_workflow(text);
}

/// Why the step ended.
std::string ending_reason(const Parts& parts) {
    for (const Event& event : parts.events)
        if (const auto* finished = std::get_if<StepFinished>(&event.body)) return finished->reason;
    return "";
}

TEST(CallByCall, EndedEarlyGivesTheBestTheLastOrNoAnswer) {
    for (const char* until : {"accept", "all"}) {
        SCOPED_TRACE(until);
        EXPECT_EQ(run_in_parts(chain_of("", until), 1).state.output, "40");
        const Parts best = run_in_parts(chain_of("", until), 2);
        EXPECT_EQ(best.state.status, Status::unresolved);
        EXPECT_EQ(best.state.output, "41") << "1.1 bits is surer than 1.5";
        EXPECT_THAT(ending_reason(best), HasSubstr(no_more));
        EXPECT_EQ(run_in_parts(chain_of("", until), 3).state.output, "41") << "and surer than 1.9";
    }
    EXPECT_EQ(run_in_parts(chain_of("last"), 2).state.output, "41");
    const Parts failed = run_in_parts(chain_of("fail"), 2);
    EXPECT_EQ(failed.state.status, Status::failed);
    EXPECT_THAT(failed.state.error.value_or(""), HasSubstr(no_more));
}

TEST(CallByCall, FailsWhereThereIsNoAnswerAtAll) {
    const Parts parts = run_in_parts(parse_workflow(R"yaml(
version: 1
name: broken
models:
  broken: {provider: scripted, answers: [{text: x, error: bad_request, repeat: true}]}
  sound: {provider: scripted, answers: [{text: "42", repeat: true}]}
agents: {a: {model: broken}, b: {model: sound}}
steps: [{id: s, prompt: "What?", ladder: [{agent: a, gate: {signal: entropy.mean, accept: 0.5}}, {agent: b}]}]
)yaml"),
                                     1);
    EXPECT_EQ(parts.state.status, Status::failed);
    EXPECT_THAT(parts.state.error.value_or(""), HasSubstr("there is no answer"));
}

TEST(CallByCall, KeepsTheWholeTextOfAnAnswerThatMayBeTheLastWord) {
    const Parts parts = run_in_parts(parse_workflow(R"yaml(
version: 1
name: cut
models:
  small: {provider: scripted, answers: [{text: "one two three four five six 42", entropy: 4.0, repeat: true}]}
agents: {a: {model: small, max_tokens: 7}, b: {model: small}}
steps:
  - id: s
    prompt: "What?"
    ladder:
      - {agent: a, gate: {signal: entropy.mean, accept: 0.1, stop_early: provable}}
      - {agent: b, handover: fresh}
)yaml"),
                                     1);
    EXPECT_EQ(parts.state.status, Status::unresolved);
    EXPECT_EQ(parts.state.output, "one two three four five six 42");
}

Task<void> resume_cut(asio::any_io_executor executor, Parts* parts, int granted) {
    Engine engine(parts->workflow, counted_agents(*parts->workflow, executor, parts->asked));
    parts->state = co_await part(engine, *parts, granted, "");
}

TEST(CallByCall, IsSuspendedAtTheSamePlaceWhereverItWasCutOff) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: steady
models:
  small:
    provider: scripted
    answers:
      - {when: Review, text: "it is 41", entropy: 1.1, repeat: true}
      - {text: "it is 40", entropy: 1.5, repeat: true}
agents: {solver: {model: small, answer: {extract: number}}}
steps:
  - id: solve
    prompt: "What is 6 * 7?"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}, refine: {max_steps: 3, prompt: Review., until: all}}]
)yaml");
    const Parts ended = run_in_parts(workflow, 2);
    ASSERT_EQ(ended.suspended, 2);
    for (std::size_t cut = 1; cut < ended.events.size(); ++cut) {
        SCOPED_TRACE(fmt::format("cut after event {} ({})", cut, type_name(ended.events[cut - 1].body)));
        Parts parts;
        parts.workflow = workflow;
        parts.events.assign(ended.events.begin(), ended.events.begin() + static_cast<std::ptrdiff_t>(cut));
        const bool had_ended = std::ranges::any_of(
            parts.events, [](const Event& event) { return std::holds_alternative<CallsEnded>(event.body); });
        run_with([&](asio::any_io_executor executor) { return resume_cut(executor, &parts, 2); });
        EXPECT_EQ(parts.state.calls.size(), 2U);
        EXPECT_EQ(awaits_call(parts.state), !had_ended);
        expect_honest_log(parts);
    }
}

std::string refusal(const std::string& agents, const std::string& step, const std::string& model = "") {
    const auto why = why_not_call_by_call(*parse_workflow(fmt::format(R"yaml(
version: 1
name: w
models: {{m: {{provider: scripted{}, answers: [{{text: "42", repeat: true}}]}}}}
tools: {{calc: {{command: [calc]}}}}
agents: {{a: {{model: m}}{}}}
steps: {}
)yaml",
                                                                      model, agents, step)));
    return why.value_or("nothing");
}

TEST(CallByCall, RefusesWorkflowsWhoseCallsDoNotFollowOneAnother) {
    EXPECT_EQ(refusal("", "[{id: s, prompt: q, agent: a}]"), "nothing");
    EXPECT_THAT(refusal("", "[{id: s, prompt: q, agent: a}, {id: t, prompt: q, agent: a}]"), HasSubstr("other steps"));
    EXPECT_THAT(refusal("", "[{id: s, for_each: [1], prompt: q, agent: a}]"), HasSubstr("other steps"));
    EXPECT_THAT(refusal("", "[{id: s, prompt: q, panel: {agents: [a, a]}}]"), HasSubstr("has a panel"));
    EXPECT_THAT(refusal(", b: {model: m, tools: [calc]}", "[{id: s, prompt: q, agent: b}]"), HasSubstr("of agent 'b'"));
    EXPECT_THAT(refusal("", "[{id: s, prompt: q, agent: a, gate: {signal: judge, judge: a, accept: 0.5}}]"),
                HasSubstr("judged by agent 'a'"));
    EXPECT_THAT(refusal("", "[{id: s, prompt: q, agent: a}]", ", hedge: {after: 1s}"), HasSubstr("hedges requests"));
}

Task<void> run_refused(asio::any_io_executor executor, std::string* message) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: w
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: q, panel: {agents: [a, a]}}]
)yaml");
    Engine engine(workflow, executor);
    RunOptions options;
    options.granted_calls = 1;
    try {
        Task<RunState> running = engine.run(nlohmann::json::object(), std::move(options));
        co_await std::move(running);
    } catch (const std::invalid_argument& error) {
        *message = error.what();
    }
}

TEST(CallByCall, IsRefusedBeforeAnythingIsAsked) {
    std::string message;
    run_with([&](asio::any_io_executor executor) { return run_refused(executor, &message); });
    EXPECT_THAT(message, HasSubstr("can't be granted its calls one by one: it has a panel"));
}

TEST(CallByCall, OfAHostileLogFailsTheRun) {
    RunState state(parse_workflow(R"yaml(
version: 1
name: w
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: q, panel: {agents: [a, a]}}]
)yaml"),
                   "r");
    RunStarted start;
    start.workflow = "w";
    start.inputs = nlohmann::json::object();
    start.granted_calls = 0;
    step(state, RunTime{}, start);
    EXPECT_EQ(state.status, Status::failed);
}

}  // namespace
}  // namespace enough::test
