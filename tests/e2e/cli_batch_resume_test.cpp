// `enough batch` killed, interrupted and gone on with, against a server that counts what it is asked.

#include "e2e/batch_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class CliBatchResume : public CliBatch {};

TEST_F(CliBatchResume, KilledInTheMiddleGoesOnWithoutAskingAgain) {
    FakeServer upstream(answer_slowly);
    {
        Program program = start(arguments("cascade.yaml"), environment(upstream));
        reach_the_middle(upstream);
        const json running = status();
        EXPECT_EQ(running["under_way"], 3);
        EXPECT_EQ(running["ended"], 0);
        EXPECT_EQ(running["complete"], false);
        EXPECT_TRUE(exists("out.jsonl.part"));
        EXPECT_FALSE(exists("out.jsonl"));
        const auto second = enough(arguments("cascade.yaml", {"--resume"}), environment(upstream));
        EXPECT_EQ(second.code, 2);
        EXPECT_THAT(second.err, HasSubstr("out.jsonl.state is in use by another batch"));
        program.signal(SIGKILL);
        EXPECT_EQ(program.wait().code, 128 + SIGKILL);
    }
    EXPECT_EQ(status()["under_way"], 3);
    upstream.release();
    const auto ended = enough(arguments("cascade.yaml", {"--resume", "--json"}), environment(upstream));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(small_asked(upstream), 3U) << "an answer that was paid for is not asked again";
    EXPECT_EQ(upstream.requests().size(), 9U) << "three requests were lost with the process";
    EXPECT_THAT(ids(), ElementsAre(0, 1, 2));
    for (const json& line : lines())
        EXPECT_EQ(line.at("output"), "it is 42");
    const json usage = json::parse(ended.out)["usage"];
    EXPECT_EQ(usage["calls"], 6) << "a request that was lost is another attempt of its call";
    EXPECT_GT(usage["input_tokens"], 6 * 10) << "and not free";
    EXPECT_EQ(status()["complete"], true);
}

TEST_F(CliBatchResume, KilledAfterSomeItemsAsksOnlyTheOthers) {
    write("data.jsonl", data(40));
    std::atomic<int> answered = 0;
    FakeServer upstream([&](FakeExchange& exchange) {
        if (!is_small(exchange.request()) && ++answered > 20 && !exchange.stall()) return;
        stream(exchange, {is_small(exchange.request()) ? "perhaps 40" : "it is 42", 4});
    });
    {
        Program program = start(arguments("cascade.yaml", {"-c", "4"}), environment(upstream));
        ASSERT_TRUE(becomes_true([&] { return exists("out.jsonl.part") && ids("out.jsonl.part").size() == 20; }));
        program.signal(SIGKILL);
        program.wait();
    }
    const auto before = static_cast<std::size_t>(status()["ended"]);
    EXPECT_EQ(before, 20U);
    const std::size_t asked = upstream.requests().size();
    upstream.release();
    EXPECT_EQ(enough(arguments("cascade.yaml", {"--resume"}), environment(upstream)).code, 0);
    EXPECT_EQ(ids().size(), 40U);
    EXPECT_LE(upstream.requests().size() - asked, 2 * (40 - before));
    EXPECT_LE(small_asked(upstream), 40U + 4) << "four at most were not written yet";
}

TEST_F(CliBatchResume, InterruptedClosesItsConnectionsAndSaysHowToGoOn) {
    for (const int signal : {SIGINT, SIGTERM}) {
        for (const char* name : {"out.jsonl", "out.jsonl.state"})
            std::filesystem::remove(folder_.file(name));
        FakeServer upstream(answer_slowly);
        Program program = start(arguments("cascade.yaml"), environment(upstream));
        reach_the_middle(upstream);
        program.signal(signal);
        const auto ended = program.wait();
        EXPECT_EQ(ended.code, 130) << ended.err;
        EXPECT_THAT(ended.err, AllOf(HasSubstr("interrupted with 0 of 3 item(s) ended"), HasSubstr("--resume")));
        EXPECT_TRUE(upstream.wait_until([](const auto& counts) { return counts.open == 0; }));
        EXPECT_FALSE(exists("out.jsonl"));
        upstream.release();
        EXPECT_EQ(enough(arguments("cascade.yaml", {"--resume", "-q"}), environment(upstream)).code, 0);
        EXPECT_EQ(small_asked(upstream), 3U);
        EXPECT_EQ(upstream.requests().size(), 9U);
        EXPECT_THAT(ids(), ElementsAre(0, 1, 2));
    }
}

TEST_F(CliBatchResume, TakesStandardInputAndGoesOnWithoutIt) {
    FakeServer upstream(answer_slowly);
    {
        Program program("/bin/sh", {"-c", "exec \"$0\" batch cascade.yaml - -o out.jsonl < data.jsonl", ENOUGH_PROGRAM},
                        environment(upstream), folder_.path());
        reach_the_middle(upstream);
        program.signal(SIGKILL);
        program.wait();
    }
    upstream.release();
    const auto ended = enough({"batch", "cascade.yaml", "-", "-o", "out.jsonl", "--resume"}, environment(upstream));
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ids(), ElementsAre(0, 1, 2));
    EXPECT_EQ(small_asked(upstream), 3U);
}

TEST_F(CliBatchResume, TriesFailedItemsAgain) {
    std::atomic<bool> down = true;
    FakeServer upstream([&](FakeExchange& exchange) {
        if (down && exchange.request().body.find("item 1?") != std::string::npos)
            return exchange.answer(500, R"({"error":{"message":"out of memory"}})");
        stream(exchange, {"it is 42", 2});
    });
    const auto ended = enough(arguments("cascade.yaml"), environment(upstream));
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("1 item(s) failed; --resume tries them again"));
    EXPECT_EQ(lines().at(1).at("status"), "failed");
    EXPECT_THAT(lines().at(1).at("error").get<std::string>(), HasSubstr("out of memory"));
    down = false;
    const auto before = upstream.requests().size();
    const auto again = enough(arguments("cascade.yaml", {"--resume", "--json"}), environment(upstream));
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(upstream.requests().size(), before + 1) << "one item, which is now answered at once";
    EXPECT_GE(json::parse(again.out)["earlier_usage"]["calls"], 1);
    EXPECT_EQ(lines().at(1).at("status"), "accepted");
}

TEST_F(CliBatchResume, KeepsSecretsOutOfItsFiles) {
    const std::string key = "sk-marker-31f0c2";
    FakeServer upstream([&](FakeExchange& exchange) {
        if (is_small(exchange.request())) return stream(exchange, {"perhaps 40", 4});
        if (!exchange.stall()) return;
        const json error{{"error", {{"message", "you sent " + exchange.request().header("Authorization")}}}};
        exchange.answer(500, error.dump());
    });
    std::string text = text_of("cascade.yaml");
    for (std::size_t at = 0; (at = text.find("retry: {", at)) != std::string::npos; at += 40)
        text.insert(at, "api_key: \"{{ secrets.KEY }}\", ");
    write("cascade.yaml", text);
    auto with = environment(upstream);
    with["BATCH_KEY"] = key;
    const auto expect_clean = [&] {
        for (const auto& file : std::filesystem::directory_iterator(folder_.path()))
            EXPECT_EQ(text_of(file.path().filename()).find(key), std::string::npos) << file.path();
    };
    {
        Program program = start(arguments("cascade.yaml"), with);
        reach_the_middle(upstream);
        expect_clean();
        program.signal(SIGKILL);
        program.wait();
    }
    EXPECT_EQ(upstream.requests().at(0).header("Authorization"), "Bearer " + key);
    expect_clean();
    upstream.release();
    EXPECT_EQ(enough(arguments("cascade.yaml", {"--resume"}), with).code, 1);
    expect_clean();
    EXPECT_THAT(text_of("out.jsonl"), HasSubstr("you sent Bearer ***")) << "the server did repeat it";
}

}  // namespace
}  // namespace enough::test
