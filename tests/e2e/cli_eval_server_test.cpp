// `enough eval` with a server that dies, and with Ctrl-C; `--record` and `--replay` of single runs.

#include "e2e/asked_server.hpp"
#include "e2e/verb_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliEvalServer : public VerbTest {
protected:
    void SetUp() override {
        write("workflow.yaml", served_workflow);
        write("data.jsonl", served_data(6));
    }

    static std::vector<std::string> arguments(std::vector<std::string> more = {}) {
        std::vector<std::string> all{"eval", "workflow.yaml", "data.jsonl", "-c", "1", "--replicates", "200"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    Program::Ended eval(const FakeServer& server, std::vector<std::string> more = {}) const {
        return enough(arguments(std::move(more)), {{"URL", server.url("/v1")}});
    }
};

TEST_F(CliEvalServer, MakesEachCallOnce) {
    FakeServer server(answer_by_item);
    EXPECT_EQ(eval(server).code, 0);
    EXPECT_EQ(server.counts().requests, 12U) << "two steps of six items";
    for (const FakeRequest& request : server.requests())
        EXPECT_EQ(json::parse(request.body).at("logprobs"), true) << "the one call must have its evidence";
}

TEST_F(CliEvalServer, ReportsItemsOnWhichTheServerDies) {
    FakeServer server([](FakeExchange& exchange) {
        const auto [item, step] = asked_of(exchange);
        if (item == 2) return exchange.reset();
        if (item == 4 && step == 2) {
            exchange.start_stream();
            exchange.event(word_chunk("it", 2));
            return exchange.close();
        }
        answer_by_item(exchange);
    });
    const auto ended = eval(server, {"--report", "report"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("left out: 2: step 1 of the chain failed: "),
                                 HasSubstr("left out: 4: step 2 of the chain failed: "), HasSubstr("6/6, 2 failed")));
    const json report = json_of("report/report.json");
    EXPECT_EQ(report.at("items"), 4);
    EXPECT_EQ(report.at("failed"), 2);
    EXPECT_EQ(report.at("failures").size(), 2U);
    EXPECT_EQ(report.at("details").size(), 4U);
}

TEST_F(CliEvalServer, WritesNothingWhenTheServerIsDead) {
    FakeServer server([](FakeExchange& exchange) { exchange.answer(503, "down"); });
    const auto ended = eval(server, {"--report", "report", "--json"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("no item could be evaluated; no report was written"));
    EXPECT_THAT(json::parse(ended.out).at("error").at("message").get<std::string>(), HasSubstr("no item"));
    EXPECT_FALSE(exists("report/report.json"));
}

TEST_F(CliEvalServer, GoesOnFromTheCassetteOfAnInterruptedEvaluation) {
    FakeServer server([](FakeExchange& exchange) {
        const auto [item, step] = asked_of(exchange);
        if (item == 3 && step == 1 && !exchange.stall()) return;
        answer_by_item(exchange);
    });
    Program program = start(arguments({"--record", "calls.jsonl", "--report", "report"}), {{"URL", server.url("/v1")}});
    ASSERT_TRUE(server.wait_until([](const FakeServer::Counts& counts) { return counts.requests == 7; }));
    program.signal(SIGINT);
    const auto ended = program.wait();
    EXPECT_EQ(ended.code, 130) << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("no report was written"), HasSubstr("--replay calls.jsonl")));
    EXPECT_FALSE(exists("report/report.json"));
    EXPECT_TRUE(server.wait_until_client_closed());

    server.release();
    EXPECT_EQ(eval(server, {"--replay", "calls.jsonl", "--record", "all.jsonl", "--report", "report"}).code, 0);
    EXPECT_EQ(server.counts().requests, 7U + 6) << "the first three items are on the cassette";
    EXPECT_EQ(eval(server, {"--replay", "all.jsonl", "--report", "again"}).code, 0);
    EXPECT_EQ(server.counts().requests, 7U + 6);
}

TEST_F(CliEvalServer, ReplaysFailuresToo) {
    FakeServer server([](FakeExchange& exchange) {
        if (asked_of(exchange).item == 1) return exchange.answer(500, R"({"error":{"message":"out of memory"}})");
        answer_by_item(exchange);
    });
    EXPECT_EQ(eval(server, {"--record", "calls.jsonl", "--report", "first"}).code, 1);
    const auto asked = server.counts().requests;
    const auto ended = eval(server, {"--replay", "calls.jsonl", "--report", "second"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("out of memory"));
    EXPECT_EQ(server.counts().requests, asked);
    EXPECT_EQ(text_of("first/report.json"), text_of("second/report.json"));
    EXPECT_EQ(text_of("first/report.html"), text_of("second/report.html"));
}

TEST_F(CliEvalServer, RecordsAndReplaysARun) {
    FakeServer server(answer_by_item);
    const auto run = [&](std::vector<std::string> more) {
        std::vector<std::string> all{"run", "workflow.yaml", "-i", "question=item 0?", "-q"};
        all.insert(all.end(), more.begin(), more.end());
        return enough(all, {{"URL", server.url("/v1")}});
    };
    EXPECT_EQ(run({"--record", "calls.jsonl"}).out, "1\n");
    EXPECT_EQ(server.counts().requests, 2U);
    EXPECT_EQ(run({"--replay", "calls.jsonl"}).out, "1\n");
    EXPECT_EQ(server.counts().requests, 2U);
    const auto missed = run({"--replay", "calls.jsonl", "-i", "question=item 1?"});
    EXPECT_EQ(missed.code, 2) << "an input is given once";
    const auto other = enough({"run", "workflow.yaml", "-i", "question=item 1?", "--replay", "calls.jsonl"},
                              {{"URL", server.url("/v1")}});
    EXPECT_EQ(other.code, 1);
    EXPECT_THAT(other.err, AllOf(HasSubstr("no recording fits"), HasSubstr("nearest recording"), HasSubstr("item 0?")));
    EXPECT_EQ(server.counts().requests, 2U);
    EXPECT_EQ(run({"--replay", "calls.jsonl", "--record", "calls.jsonl"}).code, 2);
    EXPECT_THAT(text_of("calls.jsonl"), Not(HasSubstr("127.0.0.1")));
}

}  // namespace
}  // namespace enough::test
