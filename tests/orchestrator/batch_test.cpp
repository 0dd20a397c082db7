// Batches at work: what is run, what is gone on with, and what happens when something goes wrong.

#include "orchestrator/batch_fixture.hpp"
#include "orchestrator/counting_agent.hpp"

#include <enough/sqlite/database.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

/// Later items end earlier.
Task<ItemResult> the_last_first(BatchItem item, EventSink&) {
    co_await pause(std::chrono::milliseconds(3 - item.id.get<int>() % 4));
    co_return ended_as(Status::accepted);
}

TEST_F(BatchTest, WritesWhatEndsInTheOrderOfTheData) {
    const auto batch = open(lines_of(200), settings());
    EXPECT_THAT(run_told(*batch, the_last_first), SizeIs(200));
    EXPECT_THAT(ids("out.jsonl.part"), UnorderedElementsAreArray(numbers(0, 200)));
    EXPECT_NE(ids("out.jsonl.part"), numbers(0, 200)) << "as they end";
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(ids(), numbers(0, 200));
    EXPECT_EQ(lines("out.jsonl").at(0), json::parse(R"({"id":0,"status":"accepted"})"));
    EXPECT_FALSE(exists("out.jsonl.part"));
    EXPECT_TRUE(batch_status(settings().files).complete);
}

/// Counts how many run at once.
class CountsRunning final : public ItemRunner {
public:
    explicit CountsRunning(std::size_t& most) : most_(most) {}
    Task<ItemResult> run(BatchItem item, EventSink& record) override {
        most_ = std::max(most_, ++running_);
        ItemResult result = co_await the_last_first(std::move(item), record);
        --running_;
        co_return result;
    }

private:
    std::size_t& most_;
    std::size_t running_ = 0;
};

TEST_F(BatchTest, RunsSoManyAtOnceAndNoMore) {
    for (const std::size_t limit : {1U, 7U}) {
        std::filesystem::remove(folder_.file("out.jsonl.state"));
        BatchSettings bounded = settings();
        bounded.concurrency = limit;
        std::size_t most = 0;
        const auto batch = open(lines_of(100), bounded);
        run(*batch, [&](const auto&, const auto&) { return std::make_unique<CountsRunning>(most); });
        EXPECT_EQ(most, limit);
    }
}

TEST(UsefulConcurrency, IsWhatTheModelsAllow) {
    const auto of = [](const std::string& small, const std::string& large) {
        return useful_concurrency(*parse_workflow(fmt::format(R"yaml(
version: 1
name: two
models:
  small: {{provider: scripted, answers: [{{text: "1"}}]{}}}
  large: {{provider: scripted, answers: [{{text: "2"}}]{}}}
agents: {{a: {{model: small}}, b: {{model: large}}}}
steps: [{{id: s, prompt: q, ladder: [{{agent: a, gate: {{signal: entropy.mean, accept: 1}}}}, {{agent: b}}]}}]
)yaml",
                                                              small, large)),
                                  16);
    };
    EXPECT_EQ(of(", limits: {concurrency: 3}", ", limits: {concurrency: 2}"), 5U);
    EXPECT_EQ(of(", limits: {concurrency: 3}", ""), 16U);
    EXPECT_EQ(of(", limits: {concurrency: 30}", ", limits: {concurrency: 2}"), 16U);
}

TEST_F(BatchTest, TriesFailedItemsAgainAndCountsWhatTheyCost) {
    const auto odd_ones_fail = [](BatchItem item, EventSink&) -> Task<ItemResult> {
        const int id = item.id.get<int>();
        co_return ended_as(id % 2 == 1 ? Status::failed : id == 2 ? Status::unresolved : Status::accepted, 0.25);
    };
    {
        const auto batch = open(lines_of(6), settings());
        run_told(*batch, odd_ones_fail);
        EXPECT_EQ(batch->counts().failed, 3);
        EXPECT_EQ(batch->counts().unresolved, 1);
        ASSERT_TRUE(batch->write_output()) << "a failed item has its line, too";
        EXPECT_EQ(lines("out.jsonl").at(1).at("status"), "failed");
    }
    const auto batch = open(lines_of(6), resumed());
    EXPECT_EQ(batch->counts().failed, 0);
    EXPECT_EQ(batch->counts().earlier.calls, 3);
    EXPECT_EQ(batch->counts().earlier.usd, 0.75);
    EXPECT_FALSE(batch_status(settings().files).complete) << "what is there is of the earlier try";
    EXPECT_THAT(run_told(*batch), UnorderedElementsAreArray(json::parse("[1, 3, 5]")));
    EXPECT_EQ(batch->counts().used.usd, 0.75);
    EXPECT_EQ(batch->counts().usd(), 1.5);
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(ids(), numbers(0, 6));
    EXPECT_EQ(batch_status(settings().files).counts.earlier.usd, 0.75);
}

constexpr const char* limited = "limits: {usd: 0.125}\n";

/// A workflow whose runs may cost an eighth of a dollar.
std::string limited_workflow() {
    std::string text = one_call;
    text.replace(text.find("repeat: true}]"), 14, "repeat: true}], price: {input: 1, output: 1}");
    text.replace(text.find("agents: {a: {model: m}}"), 23, "agents: {a: {model: m, max_tokens: 20}}");
    return text + limited;
}

Task<ItemResult> a_32nd(BatchItem, EventSink&) {
    co_await pause(std::chrono::milliseconds(1));
    co_return ended_as(Status::accepted, 0.03125);
}

TEST_F(BatchTest, BeginsNothingThatCouldBreakTheBudgetAndEverythingElse) {
    BatchSettings poor = settings();
    poor.max_usd = 1;
    {
        const auto batch = open(lines_of(100), poor, limited_workflow());
        std::vector<json> asked;
        EXPECT_EQ(run(*batch, [&](const auto&, const auto&) { return std::make_unique<ToldRunner>(a_32nd, asked); }),
                  BatchEnd::over_budget);
        // Items are begun while what is spent and an eighth are within 1: up to 28 / 32 spent.
        EXPECT_EQ(batch->counts().ended(), 29);
        EXPECT_FALSE(batch->write_output());
    }
    poor.resume = true;
    EXPECT_THAT(run_told(*open(lines_of(100), poor, limited_workflow())), IsEmpty()) << "what was spent stays spent";
    poor.max_usd = 5;
    const auto batch = open(lines_of(100), poor, limited_workflow());
    EXPECT_THAT(run_told(*batch, a_32nd), SizeIs(71));
    EXPECT_TRUE(batch->write_output());
}

TEST_F(BatchTest, WithoutLimitsOfRunsStopsWhenTheBudgetIsSpent) {
    BatchSettings poor = settings();
    poor.max_usd = 0.25;
    poor.concurrency = 1;
    const auto batch = open(lines_of(100), poor);
    EXPECT_THAT(run_told(*batch, a_32nd), SizeIs(8));
    EXPECT_EQ(batch->counts().usd(), 0.25);
}

TEST_F(BatchTest, EndsWithWhatARunnerThrowsAndKeepsTheRest) {
    const auto breaks = [](BatchItem item, EventSink&) -> Task<ItemResult> {
        if (item.id == 30) throw std::logic_error("a bug");
        co_await pause(std::chrono::milliseconds(1));
        co_return ended_as(Status::accepted);
    };
    {
        const auto batch = open(lines_of(60), settings());
        try {
            run_told(*batch, breaks);
            FAIL() << "nothing was thrown";
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "item 30: a bug");
        }
        EXPECT_FALSE(batch->write_output());
    }
    const auto batch = open(lines_of(60), resumed());
    const auto before = static_cast<std::size_t>(batch->counts().ended());
    EXPECT_GE(before, 14U) << "30 less those that were under way";
    EXPECT_THAT(run_told(*batch), SizeIs(60 - before));
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(ids(), numbers(0, 60));
}

/// Is interrupted at item 50; what runs then ends in order, as an engine's runs do.
class InterruptedAt50 final : public ItemRunner {
public:
    InterruptedAt50(std::function<void()> cancel, std::size_t& asked) : cancel_(std::move(cancel)), asked_(asked) {}
    Task<ItemResult> run(BatchItem item, EventSink&) override {
        ++asked_;
        if (item.id == 50) cancel_();
        Status status = Status::accepted;
        try {
            co_await pause(std::chrono::milliseconds(1));
        } catch (const boost::system::system_error&) {
            status = Status::cancelled;
        }
        co_return ended_as(status);
    }

private:
    std::function<void()> cancel_;
    std::size_t& asked_;
};

TEST_F(BatchTest, CancelledItBeginsNothingMore) {
    const auto batch = open(lines_of(200), settings());
    std::size_t asked = 0;
    try {
        run(*batch, [&](const auto&, std::function<void()> cancel) {
            return std::make_unique<InterruptedAt50>(std::move(cancel), asked);
        });
        FAIL() << "it was not cancelled";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), asio::error::operation_aborted);
    }
    EXPECT_LE(asked, 51U + 16) << "what was running, and nothing after it";
    EXPECT_EQ(ids("out.jsonl.part").size(), static_cast<std::size_t>(batch->counts().ended()));
    EXPECT_EQ(batch_status(settings().files).counts.ended(), batch->counts().ended());
}

/// Says that it was asked, and waits until it is cancelled.
class NeverAnswers final : public Agent {
public:
    explicit NeverAnswers(std::function<void()> asked) : asked_(std::move(asked)) {}
    Task<Result<Answer>> ask(Request) override {
        asked_();
        co_await pause(std::chrono::hours(1));
        throw std::logic_error("nobody waits so long");
    }

private:
    std::function<void()> asked_;
};

/// An engine of its own, whose models are counted.
class EngineRunner final : public ItemRunner {
public:
    EngineRunner(std::shared_ptr<const Workflow> workflow, Agents agents)
        : engine_(std::move(workflow), std::move(agents)), runner_(engine_) {}
    Task<ItemResult> run(BatchItem item, EventSink& record) override { return runner_.run(std::move(item), record); }

private:
    Engine engine_;
    LocalRunner runner_;
};

class BatchOfCascades : public BatchTest {
protected:
    /// Cuts the batch off as soon as the large model is asked.
    void cut_off_in_the_middle() {
        const auto batch = open(lines_of(1), settings(), cascade);
        EXPECT_THROW(run(*batch,
                         [&](asio::any_io_executor executor, std::function<void()> cancel) {
                             const auto workflow = parse_workflow(cascade);
                             Agents agents = counted_agents(*workflow, executor, asked_);
                             agents["large"] = std::make_unique<NeverAnswers>(std::move(cancel));
                             return std::make_unique<EngineRunner>(workflow, std::move(agents));
                         }),
                     boost::system::system_error);
        EXPECT_EQ(asked_["small"].size(), 1U);
        EXPECT_EQ(batch_status(settings().files).under_way, 1);
    }

    void run_all(Batch& batch, const std::string& workflow_text = cascade) {
        run(batch, [&](asio::any_io_executor executor, const auto&) {
            const auto workflow = parse_workflow(workflow_text);
            return std::make_unique<EngineRunner>(workflow, counted_agents(*workflow, executor, asked_));
        });
    }

    AskedModels asked_;
};

TEST_F(BatchOfCascades, GoOnWithWhatWasAnswered) {
    cut_off_in_the_middle();
    const auto batch = open(lines_of(1), resumed(), cascade);
    run_all(*batch);
    EXPECT_EQ(asked_["small"].size(), 1U) << "an answer that is there is not asked again";
    EXPECT_EQ(asked_["large"].size(), 1U);
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(lines("out.jsonl").at(0).at("output"), "it is 42");
    EXPECT_EQ(batch_status(settings().files).under_way, 0);
}

TEST_F(BatchOfCascades, GoOnAlthoughOtherDataHaveComeToTheirs) {
    cut_off_in_the_middle();
    const auto batch = open("{\"id\":9,\"inputs\":{\"question\":\"new\"}}\n" + lines_of(1), forced(), cascade);
    run_all(*batch);
    EXPECT_EQ(asked_["small"].size(), 2U) << "of the new item";
    EXPECT_EQ(asked_["large"].size(), 2U);
    ASSERT_TRUE(batch->write_output());
    EXPECT_THAT(ids(), ElementsAre(9, 0));
}

TEST_F(BatchOfCascades, CountWhatAChangedWorkflowMakesUseless) {
    cut_off_in_the_middle();
    std::string other = cascade;
    other.replace(other.find("accept: 0.5"), 11, "accept: 0.4");
    const auto batch = open(lines_of(1), forced(), other);
    EXPECT_EQ(batch->counts().earlier.calls, 2);
    EXPECT_EQ(batch->counts().earlier.output_tokens, 3) << "three words";
    EXPECT_EQ(batch->counts().earlier.usd, 3) << "at a million dollars a million";
    run_all(*batch, other);
    EXPECT_EQ(asked_["small"].size(), 2U);
    EXPECT_TRUE(batch->write_output());
}

TEST_F(BatchOfCascades, AreNotHeldUpByEventsThatCantBeGoneOnWith) {
    cut_off_in_the_middle();
    SqliteDatabase(folder_.file("out.jsonl.state")).execute("DELETE FROM events WHERE number = 2");
    {
        const auto batch = open(lines_of(3), forced(), cascade);
        run_all(*batch);
        EXPECT_EQ(batch->counts().failed, 1);
        EXPECT_EQ(batch->counts().accepted, 2);
        ASSERT_TRUE(batch->write_output());
        EXPECT_THAT(lines("out.jsonl").at(0).at("error").get<std::string>(), HasSubstr("can't be gone on with"));
    }
    const auto batch = open(lines_of(3), resumed(), cascade);
    run_all(*batch);
    EXPECT_EQ(batch->counts().accepted, 3) << "tried again, it is begun anew";
}

}  // namespace
}  // namespace enough::test
