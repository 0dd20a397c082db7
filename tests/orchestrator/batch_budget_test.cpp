// Batches with a budget of calls: one for each item first, what is left to the neediest.

#include "orchestrator/budget_tries.hpp"

#include "support/random_ladder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace enough::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(BatchBudget, GivesWhatSureItemsSaveToTheNeediest) {
    Tries tries(question_workflow("0.5"), data_of(six), "1.5");
    ASSERT_TRUE(tries.run());
    EXPECT_TRUE(tries.complete);
    EXPECT_THAT(tries.order(), ElementsAre("sure a", "low b", "high c", "silent d", "middle e", "sure f",  // one each
                                           "silent d", "high c", "middle e"))
        << "9 calls in all: the silent one is neediest, then 2.0 and 1.5 bits";
    EXPECT_THAT(fields(tries.reports(), "status"),
                ElementsAre("accepted", "unresolved", "accepted", "accepted", "accepted", "accepted"));
    EXPECT_THAT(fields(tries.reports(), "output"), ElementsAre("1", "3", "2", "2", "2", "1"));
    EXPECT_THAT(tries.passes, ElementsAre(HasSubstr("round 1: 6 item(s) wait for a call, 9 call(s) are left"),
                                          HasSubstr("round 2: 4 item(s) wait for a call, 3 call(s) are left"),
                                          HasSubstr("the 9 calls are spent; 1 item(s) end")));
}

TEST(BatchBudget, GoesRoundByRoundUntilItIsSpent) {
    Tries tries(question_workflow("0.1"), data_of(six), "2");
    ASSERT_TRUE(tries.run());
    // 12 calls: 6, then the 4 unsure ones, neediest first; after it all four have 0.4 bits: the first two of the data.
    const std::vector<std::string> order = tries.order();
    EXPECT_THAT(std::vector<std::string>(order.begin() + 6, order.end()),
                ElementsAre("silent d", "high c", "middle e", "low b", "low b", "high c"));
    EXPECT_EQ(tries.counts.unresolved, 4);
    EXPECT_EQ(tries.budget["calls_made"], 12);
}

TEST(BatchBudget, LeavesOverWhatNobodyNeeds) {
    Tries tries(question_workflow("0.5"), data_of(six), "10");
    ASSERT_TRUE(tries.run());
    EXPECT_EQ(tries.budget["calls_made"], 10) << "the four unsure ones are accepted at their second";
    EXPECT_EQ(tries.budget["calls_allowed"], 60);
    EXPECT_EQ(tries.counts.accepted, 6);
}

TEST(BatchBudget, SaysHowItWasMovedAndWhatItBought) {
    Tries tries(question_workflow("0.5"), data_of(six, {1, 2, 2, 6, 7, 0}), "1.5");
    ASSERT_TRUE(tries.run());
    const json& budget = tries.budget;
    EXPECT_EQ(budget["calls_per_item"], 1.5);
    EXPECT_EQ(budget["items"], 6);
    EXPECT_EQ(budget["calls_allowed"], 9);
    EXPECT_EQ(budget["calls_made"], 9);
    EXPECT_EQ(budget["calls_left"], 0);
    EXPECT_EQ(budget["accepted_on_first_call"], 2);
    EXPECT_EQ(budget["items_by_calls"],
              json::parse(R"([{"calls": 1, "items": 3, "accepted": 2}, {"calls": 2, "items": 3, "accepted": 3}])"));
    EXPECT_EQ(budget["calls_saved"], 1.5) << "three items took half a call less";
    EXPECT_EQ(budget["calls_moved"], 1.5) << "and three half a call more";
    // First answers 1 3 4 6 5 1 against 1 2 2 6 7 0: right a, d. In the end 1 3 2 2 2 1: right a, c.
    const json& accuracy = budget["accuracy"];
    EXPECT_EQ(accuracy["first_call"]["right"], 2);
    EXPECT_EQ(accuracy["end"]["right"], 2);
    EXPECT_EQ(accuracy["end"]["n"], 6);
    EXPECT_EQ(accuracy["wrong_right"], 1);
    EXPECT_EQ(accuracy["right_wrong"], 1);
    EXPECT_EQ(accuracy["difference"]["value"], 0.0);
    EXPECT_LT(accuracy["difference"]["low"].get<double>(), 0);
    EXPECT_GT(accuracy["difference"]["high"].get<double>(), 0);
    EXPECT_EQ(accuracy["mcnemar_p"], 1.0);
}

TEST(BatchBudget, EndsTheSameWhereverItIsInterrupted) {
    Tries whole(question_workflow("0.5"), data_of(six), "1.5");
    ASSERT_TRUE(whole.run());
    int interrupted = 0;
    for (std::uint64_t cut = 1; cut < 60; cut += 2) {
        SCOPED_TRACE(fmt::format("interrupted at event {}", cut));
        Tries tries(question_workflow("0.5"), data_of(six), "1.5");
        if (!tries.run(cut)) {
            ++interrupted;
            ASSERT_TRUE(tries.run());
        }
        EXPECT_EQ(fields(tries.reports(), "output"), fields(whole.reports(), "output"));
        EXPECT_EQ(fields(tries.reports(), "status"), fields(whole.reports(), "status"));
        EXPECT_EQ(tries.budget["calls_made"], 9);
        EXPECT_LE(tries.order().size(), 9U + 1U) << "what was in flight is asked again, nothing else";
    }
    EXPECT_GT(interrupted, 15);
}

TEST(BatchBudget, EndsTheSameWhereverItsProcessIsKilled) {
    Tries whole(question_workflow("0.5"), data_of(six), "1.5");
    ASSERT_TRUE(whole.run());
    int killed = 0;
    for (std::uint64_t after = 1; after < 60; after += 7) {
        SCOPED_TRACE(fmt::format("killed at event {}", after));
        Tries tries(question_workflow("0.5"), data_of(six), "1.5");
        killed += tries.killed(after) ? 1 : 0;
        killed += tries.killed(5) ? 1 : 0;
        ASSERT_TRUE(tries.run());
        EXPECT_EQ(fields(tries.reports(), "output"), fields(whole.reports(), "output"));
        EXPECT_EQ(fields(tries.reports(), "status"), fields(whole.reports(), "status"));
        EXPECT_EQ(tries.budget["calls_made"], 9);
    }
    EXPECT_GT(killed, 10);
}

TEST(BatchBudget, IsNeverExceededWhateverTheWorkflowAndHoweverOftenItIsInterrupted) {
    int spent = 0;
    int tried = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const std::string text = random_ladder(seed);
        const auto workflow = parse_workflow(text);
        if (why_no_constant_budget(*workflow)) continue;
        ++tried;
        SCOPED_TRACE(fmt::format("seed {}\n{}", seed, text));
        std::mt19937_64 random(seed);
        const auto between = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
        const std::vector<std::string> asked(static_cast<std::size_t>(between(1, 25)), "what");
        const std::string per_item = fmt::format("{}.{}", between(1, 3), between(0, 9));
        Tries tries(workflow, data_of(asked), per_item.c_str());
        tries.settings().concurrency = static_cast<std::size_t>(between(1, 5));
        for (int i = 0; i < 6; ++i)
            if (tries.run(static_cast<std::uint64_t>(between(1, 60)))) break;
        while (!tries.complete)
            tries.run();
        const auto allowed = CallsPerItem::parse(per_item)->for_items(static_cast<std::int64_t>(asked.size()));
        std::int64_t made = tries.budget["calls_of_earlier_tries"].get<std::int64_t>();
        for (const json& report : tries.reports())
            made += static_cast<std::int64_t>(report["steps"]["s"]["calls"].size());
        EXPECT_EQ(tries.reports().size(), asked.size());
        EXPECT_EQ(tries.budget["calls_made"], made);
        EXPECT_LE(made, allowed);
        spent += made == allowed ? 1 : 0;
    }
    EXPECT_GT(tried, 30);
    EXPECT_GT(spent, 10) << "the budget must be within reach, or the property says little";
}

TEST(BatchBudget, CountsTheCallsOfItemsThatFailedAndAreTriedAgain) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: broken
inputs: {q: {type: string}}
models:
  broken: {provider: scripted, answers: [{text: x, error: bad_request, repeat: true}]}
agents: {a: {model: broken}}
steps:
  - id: s
    prompt: "{{ inputs.q }}"
    ladder: [{agent: a, gate: {signal: entropy.mean, accept: 0.5}, refine: {max_steps: 2, prompt: Review.}}]
)yaml");
    Tries tries(workflow, data_of({"a", "b"}), "1.5");
    ASSERT_TRUE(tries.run());
    EXPECT_EQ(tries.counts.failed, 2);
    EXPECT_EQ(tries.budget["calls_made"], 2);
    std::filesystem::remove(tries.settings().files.output);
    ASSERT_TRUE(tries.run());
    EXPECT_EQ(tries.counts.failed, 2);
    EXPECT_EQ(tries.budget["calls_made"], 3) << "3 calls in all: one item is not asked a second time";
    EXPECT_EQ(tries.asked.at("broken").size(), 3U);
    EXPECT_THAT(tries.reports()[1]["error"].get<std::string>(), HasSubstr("budget of calls is spent"));
}

std::string refusal(Tries& tries) {
    try {
        tries.run();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "nothing";
}

TEST(BatchBudget, IsKeptWhenABatchGoesOn) {
    Tries tries(question_workflow("0.5"), data_of(six), "1.5");
    ASSERT_FALSE(tries.run(10));
    tries.settings().calls_per_item.reset();
    EXPECT_THAT(refusal(tries), HasSubstr("go on with --calls-per-item 1.5"));
    tries.settings().calls_per_item = CallsPerItem::parse("2");
    EXPECT_THAT(refusal(tries), HasSubstr("go on with --calls-per-item 1.5"));
    Tries without(question_workflow("0.5"), data_of(six), nullptr);
    ASSERT_FALSE(without.run(10));
    without.settings().calls_per_item = CallsPerItem::parse("2");
    EXPECT_THAT(refusal(without), HasSubstr("begun without --calls-per-item"));
}

std::string why_not(const std::string& steps) {
    return why_no_constant_budget(*parse_workflow("version: 1\nname: w\n"
                                                  "models: {m: {provider: scripted, answers: [{text: x}]}}\n"
                                                  "agents: {a: {model: m}, b: {model: m}}\nsteps: " +
                                                  steps))
        .value_or("nothing");
}

TEST(BatchBudget, RefusesWorkflowsInWhichItCannotBeMoved) {
    const std::string gate = "gate: {signal: entropy.mean, accept: 0.5}";
    EXPECT_EQ(why_not("[{id: s, prompt: q, ladder: [{agent: a, " + gate + "}, {agent: b}]}]"), "nothing");
    EXPECT_THAT(why_not("[{id: s, prompt: q, agent: a}]"), HasSubstr("no gate on agent 'a'"));
    EXPECT_THAT(why_not("[{id: s, prompt: q, agent: a, " + gate + "}]"), HasSubstr("makes one call"));
    EXPECT_THAT(why_not("[{id: s, prompt: q, panel: {agents: [a, b]}}]"), HasSubstr("has a panel"));
    EXPECT_THAT(why_not("[{id: s, prompt: q, ladder: [{agent: a, " + gate +
                        "}, {agent: b, gate: {signal: logprob.mean, accept: -1}}]}]"),
                HasSubstr("different signals (entropy.mean, logprob.mean)"));
}

}  // namespace
}  // namespace enough::test
