// What a batch takes in, what it sets aside, and which state it goes on with.

#include "orchestrator/batch_fixture.hpp"

#include <enough/sqlite/database.hpp>

#include <gmock/gmock.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class BatchIntake : public BatchTest {
protected:
    /// The fault of a line that stands between two good ones, and the line as it is kept.
    json set_aside(const std::string& bad) {
        for (const char* name : {"out.jsonl.state", "out.jsonl.rejected"})
            std::filesystem::remove(folder_.file(name));
        const auto batch = open(R"({"id":"a","inputs":{"question":"?"}})"
                                "\n" +
                                    bad +
                                    "\n"
                                    R"({"id":"b","inputs":{"question":"?"}})"
                                    "\n",
                                settings());
        EXPECT_EQ(batch->counts().items, 2) << bad;
        EXPECT_EQ(batch->counts().set_aside, 1) << bad;
        const auto kept = lines("out.jsonl.rejected");
        if (kept.size() != 1) throw std::logic_error("not one line was set aside");
        EXPECT_EQ(kept[0]["line"], 2);
        return kept[0];
    }
};

TEST_F(BatchIntake, SetsEveryKindOfBadLineAsideAsItIs) {
    const std::vector<std::pair<std::string, std::string>> bad{
        {"no json", "this is no JSON"},
        {R"({"id":1,"inputs":{"question":"?"})", "this is no JSON"},
        {"[1]", "expected an object"},
        {R"({"inputs":{"question":"?"}})", "'id' must be a text or a number"},
        {R"({"id":null,"inputs":{"question":"?"}})", "'id' must be a text or a number"},
        {R"({"id":true,"inputs":{"question":"?"}})", "'id' must be a text or a number"},
        {R"({"id":1})", "'inputs' must be an object"},
        {R"({"id":1,"inputs":{}})", "question"},
        {R"({"id":1,"inputs":{"question":5}})", "question"},
        {R"({"id":1,"inputs":{"question":"?","colour":"red"}})", "colour"},
        {R"({"id":1,"inputs":{"question":"?"},"lable":1})", "unknown key 'lable'"},
        {R"({"id":"a","inputs":{"question":"?"}})", "id \"a\" stands on line 1 already"},
        {R"({"id":1,"inputs":{"question":)" + std::string(200, '[') + std::string(200, ']') + "}}", "nested more"},
    };
    for (const auto& [line, fault] : bad) {
        const json kept = set_aside(line);
        EXPECT_THAT(kept["fault"].get<std::string>(), HasSubstr(fault)) << line;
        EXPECT_EQ(kept["text"], line);
        EXPECT_FALSE(kept.contains("hex"));
    }
}

TEST_F(BatchIntake, TakesNoLineForWhatItBeginsWith) {
    // A file system may leave zero bytes where a machine went down.
    const std::string torn = R"({"id":1,"inputs":{"question":"?"}})" + std::string("\0\0 and more", 11);
    const json kept = set_aside(torn);
    EXPECT_THAT(kept["fault"].get<std::string>(), HasSubstr("zero byte"));
    EXPECT_EQ(kept["text"], torn);
}

TEST_F(BatchIntake, KeepsEveryByteOfWhatIsNoUtf8) {
    const json kept = set_aside("{\"id\":1,\"inputs\":{\"question\":\"caf\xe9\"}}");
    EXPECT_THAT(kept["fault"].get<std::string>(), HasSubstr("no JSON"));
    EXPECT_THAT(kept["text"].get<std::string>(), HasSubstr("caf\ufffd"));
    EXPECT_THAT(kept["hex"].get<std::string>(), AllOf(HasSubstr("636166e9"), testing::StartsWith("7b22")));
}

TEST_F(BatchIntake, HoldsNoMoreOfALineThanMayBe) {
    const std::string longest = "\xc3\xa4" + std::string(17 << 20, 'x');
    const json kept = set_aside(longest);
    EXPECT_THAT(kept["fault"].get<std::string>(),
                AllOf(HasSubstr("longer than 16 MiB"), HasSubstr("17825794 bytes")));  // 17 * 2^20 + 2
    EXPECT_LE(kept["text"].get<std::string>().size(), 64U << 10);
    EXPECT_TRUE(longest.starts_with(kept["text"].get<std::string>()));
}

TEST_F(BatchIntake, TellsLinesApartHoweverTheyEnd) {
    const auto batch = open(
        "\r\n\n   \n"
        R"({"id":"crlf","inputs":{"question":"1"}})"
        "\r\n\t\n"
        R"({"id":"last","inputs":{"question":"2"}})",
        settings());
    EXPECT_EQ(batch->counts().items, 2);
    EXPECT_EQ(batch->counts().set_aside, 0);
    EXPECT_FALSE(exists("out.jsonl.rejected"));
    run_told(*batch);
    ASSERT_TRUE(batch->write_output());
    EXPECT_THAT(ids(), ElementsAre("crlf", "last"));
}

TEST_F(BatchIntake, FindsLinesOfEveryLengthAtTheEdgesOfItsPieces) {
    constexpr std::size_t piece = 64 << 10;
    std::string data;
    const std::string frame = R"({"id":00,"inputs":{"question":""}})";
    for (std::size_t i = 10; i < 20; ++i) {
        const std::size_t length = (i % 2 + 1) * piece + i / 2 - 8;  // around one and two pieces
        std::string line = R"({"id":)" + std::to_string(i) + R"(,"inputs":{"question":")";
        line += std::string(length - frame.size(), 'q') + R"("}})";
        ASSERT_EQ(line.size(), length);
        data += line + "\n";
    }
    const auto batch = open(data, settings());
    EXPECT_EQ(batch->counts().items, 10);
    EXPECT_EQ(batch->counts().set_aside, 0);
}

TEST_F(BatchIntake, ComparesIdsAsJsonValues) {
    std::string data;
    for (const char* id : {"5", "5.0", "\"5\"", "5e0", "5.5", "\"\\u0061\"", "\"a\"", "-0.0", "0"})
        data += std::string(R"({"id":)") + id + R"(,"inputs":{"question":"?"}})" + "\n";
    const auto batch = open(data, settings());
    const auto asked = run_told(*batch);
    EXPECT_THAT(asked, ElementsAre(5, "5", 5.5, "a", 0));
    EXPECT_THAT(batch->faults(10),
                ElementsAre("line 2: id 5.0 stands on line 1 already", "line 4: id 5.0 stands on line 1 already",
                            "line 7: id \"a\" stands on line 6 already", "line 9: id 0 stands on line 8 already"));
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(lines("out.jsonl").front().begin().key(), "id");
}

TEST_F(BatchIntake, RefusesDataWithoutItemsAndLeavesNothing) {
    EXPECT_THAT(refusal("", settings()), HasSubstr("there are no items in the data"));
    EXPECT_THAT(refusal("\n\n", settings()), HasSubstr("there are no items in the data"));
    EXPECT_THAT(refusal("x\ny\n", settings()),
                AllOf(HasSubstr("no line of the data can be run"), HasSubstr("line 2: this is no JSON")));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(BatchIntake, StrictlyRefusesWhatItWouldSetAside) {
    BatchSettings strict = settings();
    strict.strict = true;
    EXPECT_THAT(refusal("x\n" + lines_of(2), strict), HasSubstr("line 1: this is no JSON"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    open("x\n" + lines_of(2), settings());
    strict.resume = true;
    EXPECT_THAT(refusal("x\n" + lines_of(2), strict), HasSubstr("line 1: this is no JSON"));
}

/// Comes to a bad end after some bytes.
class BrokenFile final : public std::streambuf {
public:
    explicit BrokenFile(std::string text) : text_(std::move(text)) {
        setg(text_.data(), text_.data(), text_.data() + text_.size());
    }
    int_type underflow() override { throw std::runtime_error("the disk is broken"); }

private:
    std::string text_;
};

TEST_F(BatchIntake, DoesNotTakeABrokenFileForAShortOne) {
    BrokenFile file(lines_of(3));
    std::istream data(&file);
    EXPECT_THROW(Batch(parse_workflow(one_call), data, settings()), std::runtime_error);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(BatchIntake, RefusesAStateAndAnOutputThatAreThere) {
    open(lines_of(2), settings());
    EXPECT_THAT(refusal(lines_of(2), settings()), AllOf(HasSubstr("from an earlier try"), HasSubstr("--resume")));
    std::filesystem::remove(folder_.file("out.jsonl.state"));
    EXPECT_THAT(refusal(lines_of(2), resumed()), HasSubstr("there is no"));
    std::ofstream(folder_.file("out.jsonl")) << "precious\n";
    EXPECT_THAT(refusal(lines_of(2), settings()), HasSubstr("out.jsonl is there already"));
}

TEST_F(BatchIntake, ForgetsWhatAnEarlierBatchSetAside) {
    open("x\n" + lines_of(2), settings());
    EXPECT_TRUE(exists("out.jsonl.rejected"));
    std::filesystem::remove(folder_.file("out.jsonl.state"));
    open(lines_of(2), settings());
    EXPECT_FALSE(exists("out.jsonl.rejected"));
}

TEST_F(BatchIntake, BelongsToOneProcessAtATime) {
    const auto batch = open(lines_of(2), settings());
    EXPECT_THAT(refusal(lines_of(2), resumed()), HasSubstr("in use by another batch"));
    EXPECT_EQ(batch_status(settings().files).counts.items, 2) << "but anybody may look";
}

TEST_F(BatchIntake, CanBeLookedAtWhileAnotherWrites) {
    open(lines_of(2), settings());
    SqliteDatabase other(folder_.file("out.jsonl.state"));
    const SqliteTransaction writing(other);  // the intake of a million lines takes a while
    EXPECT_EQ(batch_status(settings().files).counts.items, 2);
}

TEST_F(BatchIntake, RefusesFilesOfSomethingElse) {
    std::ofstream(folder_.file("out.jsonl.state")) << "Dear Sir or Madam, this is no database at all.";
    EXPECT_THAT(refusal(lines_of(2), resumed()), HasSubstr("no SQLite database"));
    EXPECT_TRUE(exists("out.jsonl.state")) << "it is somebody's";
    EXPECT_ANY_THROW(batch_status(settings().files));
    std::filesystem::remove(folder_.file("out.jsonl.state"));
    SqliteDatabase(folder_.file("out.jsonl.state")).execute("CREATE TABLE recipes (name TEXT)");
    EXPECT_THAT(refusal(lines_of(2), resumed()), HasSubstr("database of something else"));
    EXPECT_ANY_THROW(batch_status(settings().files));
}

TEST_F(BatchIntake, SaysThatAStateIsDamaged) {
    open(lines_of(2'000), settings());
    const std::string file = folder_.file("out.jsonl.state");
    {
        std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(4096);
        out << std::string(std::filesystem::file_size(file) - 4096, '\xff');
    }
    EXPECT_THAT(refusal(lines_of(2'000), resumed()), HasSubstr("is damaged"));
}

TEST_F(BatchIntake, GoesOnWithTheSameDataOnly) {
    run_told(*open(lines_of(2), settings()));
    EXPECT_THAT(refusal(lines_of(3), resumed()), AllOf(HasSubstr("belongs to other data"), HasSubstr("--force")));
    const std::string other = std::string(one_call) + "description: changed\n";
    EXPECT_THAT(refusal(lines_of(2), resumed(), other), AllOf(HasSubstr("another workflow"), HasSubstr("--force")));
    EXPECT_THAT(run_told(*open(lines_of(2), resumed())), IsEmpty());
}

TEST_F(BatchIntake, DoesNotReadAPipeAgain) {
    BatchSettings pipe = settings();
    pipe.data_passes_once = true;
    open(lines_of(3), pipe);
    pipe.resume = true;
    EXPECT_THAT(run_told(*open("", pipe)), ElementsAre(0, 1, 2));
}

/// Item 0 costs 0.5, item 1 0.25 and so on.
Task<ItemResult> dear(BatchItem item, EventSink&) {
    co_return ended_as(Status::accepted, 0.5 / (1 << item.id.get<int>()));
}

TEST_F(BatchIntake, KeepsTheResultsOfItemsThatAreStillInOtherData) {
    run_told(*open(lines_of(3), settings()), dear);
    const std::string other = R"({"id":2,"inputs":{"question":"item 2?"}})"
                              "\n"
                              R"({"id":1,"inputs":{"question":"another one?"}})"
                              "\n"
                              R"({"id":7,"inputs":{"question":"item 7?"}})"
                              "\n";
    auto batch = open(other, forced());
    EXPECT_EQ(batch->counts().items, 3);
    EXPECT_EQ(batch->counts().accepted, 1);
    EXPECT_EQ(batch->counts().used.usd, 0.125);
    EXPECT_EQ(batch->counts().earlier.usd, 0.75) << "it was spent all the same";
    EXPECT_THAT(run_told(*batch), ElementsAre(1, 7));
    ASSERT_TRUE(batch->write_output());
    EXPECT_THAT(ids(), ElementsAre(2, 1, 7));
    batch.reset();
    EXPECT_THAT(run_told(*open(other, resumed())), IsEmpty()) << "from now on it is this data's";
}

TEST_F(BatchIntake, ChecksTheInputsThatAreLeftAgainstAChangedWorkflow) {
    open(lines_of(2), settings());
    std::string other = one_call;
    other.replace(other.find("tone: {type: string, default: plain}"), 36, "depth: {type: integer}");
    EXPECT_THAT(refusal(lines_of(2), forced(), other), AllOf(HasSubstr("item 0 can't be run"), HasSubstr("tone")));
    other.replace(other.find("depth: {type: integer}"), 22,
                  "tone: {type: string, default: sharp}, depth: {type: integer, default: 3}");
    std::vector<json> inputs;
    run_told(*open(lines_of(2), forced(), other), [&](BatchItem item, EventSink& record) {
        inputs.push_back(item.inputs);
        return accepted(std::move(item), record);
    });
    EXPECT_THAT(inputs, SizeIs(2));
    EXPECT_EQ(inputs.at(0), json::parse(R"({"question":"item 0?","tone":"plain","depth":3})"));
}

}  // namespace
}  // namespace enough::test
