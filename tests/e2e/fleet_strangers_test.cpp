// Others on the same server: a second batch, workers that can't serve, jobs put there twice, and plain nonsense.

#include "e2e/fleet_fixture.hpp"
#include "e2e/nats_stranger.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

class FleetStrangers : public FleetTest {
protected:
    std::string id_of_batch() const {
        std::string id;
        EXPECT_TRUE(becomes_true([&] {
            const auto seen = enough({"batch", "--status", "--nats", url_, "--json"});
            const json document = json::parse(seen.out, nullptr, false);
            if (!document.is_object() || document.at("batches").empty()) return false;
            id = document.at("batches").at(0).at("id");
            return true;
        }));
        return id;
    }
};

TEST_F(FleetStrangers, AJobThatIsThereTwiceCountsOnce) {
    constexpr std::size_t count = 12;
    items(count);
    write("w.yaml", one_call);
    serve_model();
    NatsStranger stranger(server_.port());
    stranger.listen("enough.jobs.>");
    const auto running = batch();
    std::vector<NatsStranger::Heard> jobs;
    while (jobs.size() < count) {
        const auto heard = stranger.next();
        ASSERT_TRUE(heard) << running->said();
        jobs.push_back(*heard);
    }
    for (const NatsStranger::Heard& job : jobs)
        stranger.publish(job.subject, job.payload);
    const auto first = worker("first", {"-c", "4"});
    const auto second = worker("second", {"-c", "4"});
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), count);
    EXPECT_LE(requests(), 2 * count);  // two workers may have had an item's two jobs at the same time
    EXPECT_LE(summary.at("wasted_usage").at("calls"), requests() - count);
}

TEST_F(FleetStrangers, ABatchKilledRightAfterItOfferedItsItemsOffersThemOnce) {
    constexpr std::size_t count = 20;
    items(count);
    write("w.yaml", one_call);
    serve_model();
    NatsStranger stranger(server_.port());
    stranger.listen("enough.jobs.>");
    {
        const auto running = batch();
        for (std::size_t heard = 0; heard < count; ++heard)
            ASSERT_TRUE(stranger.next()) << running->said();
        running->kill();
    }
    const auto resumed = batch({"--resume"});
    const auto first = worker("first");
    summary_of(*resumed);
    expect_all(count);
    EXPECT_EQ(requests(), count);
}

TEST_F(FleetStrangers, NonsenseEverywhereHarmsNobody) {
    constexpr int count = 6;
    items(count);
    write("w.yaml", one_call);
    serve_model();
    const auto running = batch();
    const std::string id = id_of_batch();
    const std::vector<std::string> nonsense{
        "",
        "{",
        "null",
        std::string("\0\xff\xfe\x80 binary", 11),
        std::string(500'000, '['),
        R"({"workers":7,"cancelled":"no"})",
        R"({"aside":{"sha256":"../../etc","bytes":18446744073709551615,"chunks":4294967295}})",
        R"({"aside":)",
        R"({"worker":"x","slots":1e99,"busy":-1,"refusal":1,"leaving":0})",
        "{\"x\":" + std::string(700'000, '1') + "}"};
    NatsStranger stranger(server_.port());
    const std::vector<std::string> places{"enough.beat." + id,
                                          "enough.news." + id,
                                          "enough.beat.nobody",
                                          "enough.beat.a.b",
                                          "enough.jobs.small." + id + ".999",
                                          "$KV.enough_batches.nobody",
                                          "$KV.enough_runs_" + id + ".1",
                                          "$KV.enough_runs_" + id + ".x",
                                          "$KV.enough_results_" + id + ".nobody",
                                          "$KV.enough_results_" + id + ".99999999999999999999",
                                          "$KV.enough_results_" + id + ".waste/1/x/1/1"};
    for (const std::string& place : places)
        for (const std::string& text : nonsense)
            stranger.publish(place, text);
    const auto first = worker("first", {"-c", "2"});
    const json summary = summary_of(*running, 90s, 0);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), count);
    EXPECT_EQ(requests(), count);
    EXPECT_THAT(running->said(), HasSubstr("somebody says what no worker would"));
    first->signal(SIGTERM);
    EXPECT_EQ(first->wait(20s).code, 0) << first->said();
}

TEST_F(FleetStrangers, AResultThatNobodyCanReadIsAFailedItem) {
    items(3);
    write("w.yaml", one_call);
    serve_model();
    const auto running = batch();
    NatsStranger(server_.port()).publish("$KV.enough_results_" + id_of_batch() + ".2", "{\"worker\":[");
    const auto first = worker("first");
    const json summary = summary_of(*running, 60s, 1);
    EXPECT_EQ(summary.at("accepted"), 2);
    EXPECT_EQ(summary.at("failed"), 1);
    EXPECT_EQ(lines().size(), 3);
    EXPECT_THAT(lines().at(1).dump(), HasSubstr("its result can't be read"));
    const auto resumed = batch({"--resume"});
    summary_of(*resumed);
    expect_all(3);
}

TEST_F(FleetStrangers, TwoBatchesShareTheWorkers) {
    items(30);
    items(20, "other.jsonl");
    write("w.yaml", one_call);
    write("two.yaml", two_calls);
    serve_model();
    const auto first = worker("first", {"-c", "4"});
    const auto second = worker("second", {"-c", "4"});
    const auto one = batch();
    const auto other = batch({}, "two.yaml", "other.jsonl", "other-out.jsonl");
    summary_of(*one);
    summary_of(*other);
    expect_all(30);
    expect_all(20, "other-out.jsonl");
    EXPECT_EQ(requests(), 30 + 2 * 20);
}

TEST_F(FleetStrangers, AWorkerThatCanNotServeSaysWhyAndGetsNothing) {
    items(4);
    write("w.yaml", one_call);
    serve_model();
    const auto running = batch();
    const auto picky = worker("picky", {"--models", "large,huge"});
    auto elsewhere = environment();
    elsewhere["URL"] = "http://127.0.0.1:9/v1";
    const Child different(folder_.file("different.log"),
                          {ENOUGH_PROGRAM, "worker", "--nats", url_, "--name", "different"}, elsewhere, folder_.path());
    EXPECT_TRUE(becomes_true([&] {
        return running->has_said(
                   "worker picky does not serve this batch: it needs the model 'small', which this worker does not") &&
               running->has_said("worker different does not serve this batch: ");
    })) << running->said();
    EXPECT_EQ(requests(), 0);
    const auto able = worker("able", {"--models", "small"});
    summary_of(*running);
    expect_all(4);
    EXPECT_EQ(requests(), 4);
}

TEST_F(FleetStrangers, AWorkerWithoutTheModelsFileIsNotGivenItems) {
    items(1);
    write("w.yaml",
          "version: 1\nname: local\ninputs: {question: {type: string}}\nmodels: {m: {provider: llama, path: \""
          "${MODEL}\"}}\nagents: {a: {model: m}}\nsteps: [{id: s, prompt: \"{{ inputs.question }}\", agent: a}]\n");
    write("here.gguf", "not really");
    const auto at = [&](const std::string& log, std::vector<std::string> command) {
        command.insert(command.begin(), ENOUGH_PROGRAM);
        return std::make_unique<Child>(folder_.file(log), command,
                                       std::map<std::string, std::string>{{"MODEL", folder_.file("here.gguf")}},
                                       folder_.path());
    };
    const auto running = at("batch.log", {"batch", "w.yaml", "data.jsonl", "-o", "out.jsonl", "--nats", url_});
    EXPECT_TRUE(becomes_true([&] { return running->has_said("0 ended before"); }));
    std::filesystem::remove(folder_.file("here.gguf"));
    const auto without = at("without.log", {"worker", "--nats", url_, "--name", "without"});
    EXPECT_TRUE(becomes_true([&] {
        return running->has_said(
            "worker without does not serve this batch: the file of the model 'm' is not on its machine");
    })) << running->said()
        << without->said();
}

// The limit is the model's, whoever asks it.
TEST_F(FleetStrangers, WorkersShareAModelsLimit) {
    constexpr int count = 60;
    items(count);
    std::string limited = one_call;
    const std::string price = "price: {";
    limited.replace(limited.find(price), price.size(), "limits: {concurrency: 4}, price: {");
    write("w.yaml", limited);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    serve_model([&](FakeExchange& exchange) {
        const int asking = ++now;
        for (int seen = most; seen < asking && !most.compare_exchange_weak(seen, asking);) {
        }
        exchange.pause(20ms);
        --now;
        answer(exchange);
    });
    const auto first = worker("first");
    const auto second = worker("second");
    const auto third = worker("third");
    const auto running = batch();
    summary_of(*running);
    expect_all(count);
    EXPECT_EQ(requests(), count);
    EXPECT_LE(most, 4);
    EXPECT_GE(most, 2);
}

}  // namespace
}  // namespace enough::test
