// `enough batch`, as a person or a script uses it: what it writes, says and refuses.

#include "e2e/batch_fixture.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(CliBatch, WritesOneLinePerLineInTheirOrder) {
    write("data.jsonl", data(100));
    const auto ended = batch({"--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto out = lines();
    ASSERT_THAT(out, SizeIs(100));
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(out[static_cast<std::size_t>(i)].at("id"), i);
    EXPECT_THAT(text_of("out.jsonl"), StartsWith("{\"id\":0,\"run_id\":")) << "the id first, then the report";
    EXPECT_EQ(out[7].at("output"), "42");
    EXPECT_FALSE(exists("out.jsonl.part"));
    EXPECT_FALSE(exists("out.jsonl.rejected"));
    const json summary = json::parse(ended.out);
    EXPECT_EQ(summary["complete"], true);
    EXPECT_EQ(summary["items"], 100);
    EXPECT_EQ(summary["accepted"], 100);
    EXPECT_EQ(summary["usage"]["calls"], 100);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("100 of 100 item(s) ended"), HasSubstr("written to out.jsonl"),
                                 HasSubstr("100 % accepted")));
}

TEST_F(CliBatch, QuietlySaysNothingWhenAllIsWell) {
    const auto ended = batch({"-q"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.out + ended.err, "");
}

TEST_F(CliBatch, SetsBadLinesAsideAndSaysSo) {
    write("data.jsonl", data(2) + "oops\n" + R"({"id":0,"inputs":{"question":"?"}})" + "\n");
    const auto strict = batch({"--strict"});
    EXPECT_EQ(strict.code, 2);
    EXPECT_THAT(strict.err, AllOf(HasSubstr("line 3: this is no JSON"), HasSubstr("line 4: id 0 stands on line 1")));
    EXPECT_FALSE(exists("out.jsonl.state"));
    const auto ended = batch({"--json"});
    EXPECT_EQ(ended.code, 1) << "not every line has its line";
    EXPECT_THAT(ended.err, AllOf(HasSubstr("set aside: 2 line(s)"), HasSubstr("line 3: this is no JSON"),
                                 HasSubstr("line 4: id 0 stands on line 1 already")));
    EXPECT_THAT(ids(), ElementsAre(0, 1));
    EXPECT_EQ(json::parse(ended.out)["set_aside"], 2);
    EXPECT_EQ(lines("out.jsonl.rejected").at(0), json::parse(R"({"line":3,"fault":"this is no JSON","text":"oops"})"));
    EXPECT_EQ(batch({"--resume", "-q"}).code, 1);
}

TEST_F(CliBatch, SaysHowItStands) {
    const auto nothing = enough({"batch", "-o", "out.jsonl", "--status"});
    EXPECT_EQ(nothing.code, 2);
    EXPECT_THAT(nothing.err, HasSubstr("no batch has been begun with this output"));
    EXPECT_FALSE(exists("out.jsonl.state")) << "looking makes nothing";
    batch();
    const auto ended = enough({"batch", "-o", "out.jsonl", "--status"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("scripted, begun 20"), HasSubstr("3 of 3 item(s) ended"),
                                 HasSubstr("written to out.jsonl")));
    EXPECT_EQ(status()["workflow"], "scripted");
    write("out.jsonl.state", "Dear Sir or Madam, this is no database at all.");
    EXPECT_EQ(enough({"batch", "-o", "out.jsonl", "--status"}).code, 2);
}

TEST_F(CliBatch, BeginsNothingThatIsNotPaidFor) {
    FakeServer upstream([](FakeExchange& exchange) { stream(exchange, {"it is 42", 2}); });
    // Ten prompt tokens and three of the answer: 13 millionths of a dollar an item.
    const auto poor = enough(arguments("cascade.yaml", {"--max-usd", "0.00002", "-c", "1"}), environment(upstream));
    EXPECT_EQ(poor.code, 1);
    EXPECT_THAT(poor.err, AllOf(HasSubstr("--max-usd 2e-05 leaves nothing for the 1 item(s)"), HasSubstr("--resume")));
    EXPECT_FALSE(exists("out.jsonl"));
    EXPECT_EQ(enough(arguments("cascade.yaml", {"--resume"}), environment(upstream)).code, 0);
    EXPECT_EQ(upstream.requests().size(), 3U);
}

TEST_F(CliBatch, NeedsForceForChangedFiles) {
    batch();
    write("data.jsonl", data(4));
    EXPECT_EQ(batch({"--resume"}).code, 2);
    EXPECT_EQ(batch({"--resume", "--force"}).code, 0);
    EXPECT_THAT(ids(), SizeIs(4));
    write("w.yaml", std::string(scripted) + "description: other\n");
    EXPECT_EQ(batch({"--resume"}).code, 2);
    EXPECT_EQ(batch({"--resume", "--force"}).code, 0);
}

TEST_F(CliBatch, ExplainsBadUse) {
    const auto refused = [&](const std::vector<std::string>& arguments, const std::string& why) {
        const auto ended = enough(arguments);
        EXPECT_EQ(ended.code, 2) << why;
        EXPECT_THAT(ended.err + ended.out, HasSubstr(why));
    };
    refused({"batch", "w.yaml", "data.jsonl"}, "-o");
    refused({"batch", "-o", "out.jsonl"}, "a workflow file and a file of data are needed");
    refused({"batch", "w.yaml", "-o", "out.jsonl"}, "a workflow file and a file of data are needed");
    refused(arguments("w.yaml", {"--concurency", "3"}), "--concurency");
    refused(arguments("w.yaml", {"-c", "0"}), "--concurrency");
    refused(arguments("w.yaml", {"-c", "many"}), "--concurrency");
    refused(arguments("w.yaml", {"--max-usd", "-1"}), "--max-usd");
    refused(arguments("w.yaml", {"--resume"}), "there is no out.jsonl.state to go on with");
    refused({"batch", "w.yaml", "nowhere.jsonl", "-o", "out.jsonl"}, "cannot read nowhere.jsonl");
    refused({"batch", "w.yaml", ".", "-o", "out.jsonl"}, "cannot read .");
    refused({"batch", "nowhere.yaml", "data.jsonl", "-o", "out.jsonl"}, "nowhere.yaml");
    refused({"batch", "w.yaml", "data.jsonl", "-o", "/proc/nowhere/out.jsonl"}, "cannot write into the folder");
    refused({"batch", "w.yaml", "data.jsonl", "-o", "."}, "is a folder");
    refused({"batch", "w.yaml", "data.jsonl", "-o", "data.jsonl"}, "data.jsonl is there already");
    EXPECT_FALSE(exists("out.jsonl.state"));
    EXPECT_EQ(text_of("data.jsonl"), data(3));
    write("out.jsonl", "precious\n");
    refused(arguments("w.yaml"), "out.jsonl is there already");
    EXPECT_EQ(text_of("out.jsonl"), "precious\n");
    std::filesystem::remove(folder_.file("out.jsonl"));
    write("-", "a file by that name");
    refused({"batch", "w.yaml", "-", "-o", "out.jsonl"}, "there are no items in the data");
}

TEST_F(CliBatch, RecordsAndReplays) {
    json recorded;
    {
        FakeServer upstream([](FakeExchange& exchange) { stream(exchange, {"it is 42", 2}); });
        ASSERT_EQ(enough(arguments("cascade.yaml", {"--record", "calls.jsonl"}), environment(upstream)).code, 0);
        recorded = lines();
        std::filesystem::remove(folder_.file("out.jsonl"));
        std::filesystem::remove(folder_.file("out.jsonl.state"));
        const auto ended = enough(arguments("cascade.yaml", {"--replay", "calls.jsonl"}), environment(upstream));
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_EQ(upstream.requests().size(), 3U);
    }
    const json replayed = lines();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(replayed[i]["id"], recorded[i]["id"]);
        EXPECT_EQ(replayed[i]["output"], recorded[i]["output"]);
        EXPECT_EQ(replayed[i]["usage"], recorded[i]["usage"]);
    }
}

/// KiB at most.
long peak_memory(const std::vector<std::string>& arguments, const std::string& folder) {
    const pid_t child = fork();
    if (child == 0) {
        std::vector<std::string> words{ENOUGH_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (std::string& word : words)
            pointers.push_back(word.data());
        pointers.push_back(nullptr);
        if (chdir(folder.c_str()) == 0) execv(ENOUGH_PROGRAM, pointers.data());
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    EXPECT_EQ(status, 0);
    return usage.ru_maxrss;
}

TEST_F(CliBatch, NeedsNoMoreMemoryForMoreItems) {
    const auto with = [&](int items) {
        for (const char* name : {"out.jsonl", "out.jsonl.state"})
            std::filesystem::remove(folder_.file(name));
        write("data.jsonl", data(items));
        return peak_memory(arguments("w.yaml", {"-q"}), folder_.path());
    };
    const long few = with(4'000);
    const long many = with(30'000);
    // What is kept of an item by mistake would be a report of a kilobyte and a half, or 40 MB here.
    EXPECT_LT(many - few, 8 << 10) << few << " and " << many << " KiB";
    EXPECT_THAT(lines(), SizeIs(30'000));
}

}  // namespace
}  // namespace enough::test
