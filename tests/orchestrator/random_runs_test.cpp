// Properties that hold for every workflow: many random ones are run with scripted models.

#include "support/random_workflow.hpp"
#include "support/run_workflow.hpp"
#include "support/trace.hpp"

#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace enough::test {
namespace {

/// Runs to the end; cancels at the event of that number if there is one.
Outcome run_once(std::shared_ptr<const Workflow> workflow, std::uint64_t cancel_at) {
    return run_workflow(std::move(workflow), nlohmann::json::object(),
                        {.cancel_at = [cancel_at](const Event& event) { return event.number == cancel_at; }});
}

std::string log_of(const std::vector<Event>& events) {
    std::string text;
    for (const Event& event : events)
        text += to_json(event).dump() + "\n";
    return text;
}

/// The call that came back with this event; 0 if none did.
CallId settled_call(const EventBody& body) {
    if (const auto* answered = std::get_if<CallAnswered>(&body)) return answered->call;
    if (const auto* failed = std::get_if<CallFailed>(&body)) return failed->call;
    if (const auto* aborted = std::get_if<CallAborted>(&body)) return aborted->call;
    return 0;
}

void expect_in_order(const Outcome& outcome) {
    std::set<CallId> open;
    for (std::size_t i = 0; i < outcome.events.size(); ++i) {
        const EventBody& body = outcome.events[i].body;
        EXPECT_EQ(outcome.events[i].number, i + 1);
        EXPECT_EQ(std::holds_alternative<RunFinished>(body), i + 1 == outcome.events.size());
        if (const auto* asked = std::get_if<CallRequested>(&body)) open.insert(asked->call);
        const CallId settled = settled_call(body);
        EXPECT_EQ(open.erase(settled), settled == 0 ? 0U : 1U) << "call " << settled;
    }
    EXPECT_TRUE(open.empty()) << "a call outlived its run";
    EXPECT_TRUE(is_final(outcome.state.status));
    for (const StepState& step : outcome.state.steps())
        EXPECT_TRUE(is_final(step.status));
}

void expect_within_budget(const Outcome& outcome) {
    const Budget& budget = outcome.state.budget();
    const RunLimits& limits = budget.limits();
    const std::int64_t tokens = budget.used().input_tokens + budget.used().output_tokens;
    EXPECT_LE(budget.calls(), limits.calls.value_or(budget.calls()));
    EXPECT_LE(tokens, limits.tokens.value_or(tokens));
    EXPECT_LE(budget.used_usd(), limits.usd.value_or(budget.used_usd()) * (1 + 1e-12));
}

/// No verdict accepts what may not be accepted.
void expect_sound_verdicts(const Outcome& outcome) {
    for (const CallRecord& call : outcome.state.calls) {
        if (!call.judgement || call.judgement->verdict != Verdict::accept) continue;
        EXPECT_EQ(call.finish_reason, FinishReason::stop);
        EXPECT_TRUE(call.answer.has_value());
        if (call.signal.empty()) continue;
        ASSERT_TRUE(call.judgement->value && call.judgement->threshold);
        EXPECT_LE(*call.judgement->value, *call.judgement->threshold);
    }
}

void expect_same_when_folded(const Outcome& outcome) {
    std::istringstream log(log_of(outcome.events));
    EXPECT_TRUE(fold(outcome.state.workflow, read_event_log(log)) == outcome.state);
}

void check(std::uint64_t seed, std::uint64_t cancel_at, std::map<Status, int>& seen) {
    const std::string text = random_workflow(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    const LoadResult loaded = load_workflow_text(text, "random.yaml");
    for (const Problem& problem : loaded.problems)
        ASSERT_NE(problem.severity, Severity::error) << to_string(problem);
    const Outcome outcome = run_once(loaded.workflow, cancel_at);
    expect_in_order(outcome);
    expect_within_budget(outcome);
    expect_sound_verdicts(outcome);
    expect_same_when_folded(outcome);
    ++seen[outcome.state.status];
}

/// A block of that many seeds is a test of its own, so that they run beside each other.
constexpr std::uint64_t block = 250;

class RandomRuns : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomRuns, EndInOrderWithinBudgetAndFoldToTheSameState) {
    std::map<Status, int> seen;
    for (std::uint64_t i = 1; i <= block && !HasFailure(); ++i)
        check(GetParam() * block + i, 0, seen);
    // The generator must reach every way to end, or the property says little.
    for (const Status status : {Status::accepted, Status::unresolved, Status::failed, Status::over_budget})
        EXPECT_GT(seen[status], 0) << name(status);
}

INSTANTIATE_TEST_SUITE_P(Block, RandomRuns, testing::Range<std::uint64_t>(0, 8));

class CancelledRandomRuns : public testing::TestWithParam<std::uint64_t> {};

TEST_P(CancelledRandomRuns, EndInOrderWhereverTheyAreCancelled) {
    std::map<Status, int> seen;
    for (std::uint64_t i = 1; i <= block && !HasFailure(); ++i)
        check(GetParam() * block + i, 1 + i % 23, seen);
    EXPECT_GT(seen[Status::cancelled], 0);
}

INSTANTIATE_TEST_SUITE_P(Block, CancelledRandomRuns, testing::Range<std::uint64_t>(0, 3));

TEST(Budget, OfAThousandTokensIsNeverExceededByTwoHundredWorkflows) {
    std::int64_t most = 0;
    for (std::uint64_t seed = 10'001; seed <= 10'200; ++seed) {
        const std::string text = random_workflow(seed, 1000);
        const Outcome outcome = run_once(parse_workflow(text), 0);
        const Usage& used = outcome.state.budget().used();
        most = std::max(most, used.input_tokens + used.output_tokens);
        ASSERT_LE(used.input_tokens + used.output_tokens, 1000) << "seed " << seed << "\n" << text;
    }
    EXPECT_GT(most, 500) << "the limit must be within reach, or the property says little";
}

TEST(Fold, NoticesAConclusionThatWasChanged) {
    const auto workflow = parse_workflow(random_workflow(1));
    Outcome outcome = run_once(workflow, 0);
    for (Event& event : outcome.events)
        if (auto* judged = std::get_if<CallJudged>(&event.body)) judged->judgement.reason = "because";
    EXPECT_THROW(fold(workflow, outcome.events), AuditError);
}

TEST(Fold, ResumesFromEveryPrefix) {
    const auto workflow = parse_workflow(random_workflow(3));
    const Outcome outcome = run_once(workflow, 0);
    for (std::size_t size = 1; size <= outcome.events.size(); ++size) {
        const std::vector<Event> prefix(outcome.events.begin(),
                                        outcome.events.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NO_THROW(fold(workflow, prefix)) << size;
    }
}

TEST(Fold, RefusesWhatIsNoLogOfThisWorkflow) {
    const auto workflow = parse_workflow(random_workflow(1));
    const Outcome outcome = run_once(workflow, 0);
    EXPECT_THROW(fold(parse_workflow(random_workflow(2)), outcome.events), std::invalid_argument);
    EXPECT_THROW(fold(workflow, {}), std::invalid_argument);
    std::vector<Event> headless(outcome.events.begin() + 1, outcome.events.end());
    EXPECT_THROW(fold(workflow, headless), std::invalid_argument);
    std::vector<Event> twice = outcome.events;
    twice.push_back(twice.front());
    EXPECT_THROW(fold(workflow, twice), std::invalid_argument);
}

}  // namespace
}  // namespace enough::test
