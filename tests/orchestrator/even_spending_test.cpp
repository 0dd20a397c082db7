// What the same budget of calls gives when it is spent evenly.

#include "orchestrator/budget_tries.hpp"

#include "support/run.hpp"

#include <enough/orchestrator/even_spending.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

Task<void> spend_on(asio::any_io_executor executor, EvenSpending* even, const Workflow* workflow, AskedModels* asked) {
    const Agents agents = counted_agents(*workflow, executor, *asked);
    Task<void> spending = even->run(agents, 2);
    co_await std::move(spending);
}

/// Even spending after a batch; what it asks is in `tries.asked`.
json spend_evenly(Tries& tries, const std::shared_ptr<const Workflow>& workflow, const char* per_item) {
    EvenSpending even(workflow, tries.settings().files, CallsPerItem::parse(per_item).value());
    tries.asked.clear();
    run_with([&](asio::any_io_executor executor) { return spend_on(executor, &even, workflow.get(), &tries.asked); });
    EXPECT_EQ(even.calls_left(), 0);
    return json::parse(even.report().dump());
}

TEST(EvenSpending, SharesTheAnswersThatTheBatchHas) {
    const auto workflow = question_workflow("0.5");
    // In the end the batch says 1 3 2 2 2 1; after one step all say 1 3 4 6 5 1, after two always 2.
    Tries tries(workflow, data_of(six, {1, 2, 2, 2, 2, 0}), "1.5");
    tries.settings().keep_events = true;
    ASSERT_TRUE(tries.run());
    EvenSpending even(workflow, tries.settings().files, *CallsPerItem::parse("1.5"));
    EXPECT_EQ(even.calls_left(), 3) << "a, b and f have had one call";
    const json report = spend_evenly(tries, workflow, "1.5");
    EXPECT_EQ(tries.asked.at("small").size(), 3U) << "what the batch has asked is not asked again";
    EXPECT_EQ(report["steps"], 2);
    EXPECT_EQ(report["share_with_last_step"], 0.5);
    EXPECT_EQ(report["items"], 6);
    EXPECT_EQ(report["extra_calls"], 3);
    // Right after one step: a; after two: b, c, d, e. Half of them get the second. The batch: a, c, d, e.
    EXPECT_DOUBLE_EQ(report["accuracy"]["evenly"].get<double>(), (1 + 4) / 2.0 / 6);
    EXPECT_DOUBLE_EQ(report["accuracy"]["budget"].get<double>(), 4.0 / 6);
    EXPECT_NEAR(report["accuracy"]["difference"]["value"].get<double>(), 1.5 / 6, 1e-12);
    EXPECT_EQ(report["calls"]["budget"], 1.5);
    EXPECT_EQ(report["calls"]["evenly"], 1.5);
    EXPECT_EQ(spend_evenly(tries, workflow, "1.5"), report) << "what was measured is kept";
    EXPECT_THAT(tries.asked["small"], testing::IsEmpty());
}

TEST(EvenSpending, AsksAnewWhatIsNotRecorded) {
    const auto workflow = question_workflow("0.5");
    Tries tries(workflow, data_of(six, {1, 2, 2, 6, 7, 0}), "5");
    ASSERT_TRUE(tries.run());
    const json report = spend_evenly(tries, workflow, "5");
    EXPECT_EQ(tries.asked.at("small").size(), 18U) << "a chain has three steps, whatever is paid for";
    EXPECT_EQ(report["share_with_last_step"], 1.0);
    EXPECT_EQ(report["calls"]["evenly"], 3.0);
}

TEST(EvenSpending, NeedsAChainAndAGrader) {
    EXPECT_EQ(why_not_evenly(*question_workflow("0.5")), std::nullopt);
    const std::string models =
        "version: 1\nname: w\nmodels: {m: {provider: scripted, answers: [{text: x}]}}\n"
        "agents: {a: {model: m}, b: {model: m}}\n";
    const std::string gate = "gate: {signal: entropy.mean, accept: 0.5}";
    EXPECT_THAT(*why_not_evenly(*parse_workflow(models +
                                                "eval: {grader: exact}\nsteps: [{id: s, prompt: q, ladder: "
                                                "[{agent: a, " +
                                                gate + "}, {agent: b}]}]")),
                testing::HasSubstr("agent 'a': it has no 'refine'"));
    EXPECT_THAT(*why_not_evenly(*parse_workflow(models + "steps: [{id: s, prompt: q, ladder: [{agent: a, " + gate +
                                                ", refine: {max_steps: 2}}]}]")),
                testing::HasSubstr("no 'eval'"));
}

}  // namespace
}  // namespace enough::test
