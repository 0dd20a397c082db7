#include <enough/orchestrator/labelled_data.hpp>

#include "support/temporary_folder.hpp"

#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const Workflow> two_inputs() {
    static const auto workflow = parse_workflow(R"yaml(
version: 1
name: two-inputs
inputs: {question: {type: string}, digits: {type: integer, default: 3}}
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: "{{ inputs.question }} {{ inputs.digits }}", agent: a}]
)yaml");
    return workflow;
}

std::optional<Grader> numbers() {
    return Grader::make(GraderKind::number);
}

std::vector<DataItem> read(const std::string& text, Labels labels = Labels::required,
                           const std::optional<Grader>& grader = numbers()) {
    std::istringstream in(text);
    return read_data(in, "items.jsonl", *two_inputs(), labels, grader);
}

/// The lines of what it refuses the text with; empty if it takes it.
std::vector<std::string> faults(const std::string& text, Labels labels = Labels::required,
                                const std::optional<Grader>& grader = numbers()) {
    try {
        read(text, labels, grader);
    } catch (const std::invalid_argument& fault) {
        std::vector<std::string> lines;
        std::istringstream what(fault.what());
        for (std::string line; std::getline(what, line);)
            lines.push_back(line);
        return lines;
    }
    return {};
}

std::string good_line(const std::string& id) {
    return R"({"id":)" + id + R"(,"inputs":{"question":"6*7?"},"expected":42})" + "\n";
}

TEST(LabelledData, FillsInDefaultsAndSkipsEmptyLines) {
    const auto items =
        read("\n" + good_line("\"a\"") + "  \t\r\n" +
             R"({"id":7,"inputs":{"question":"?","digits":5},"expected":"1/2","x-note":"free"})" + "\r\n");
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].id, "a");
    EXPECT_EQ(items[0].inputs, (json{{"question", "6*7?"}, {"digits", 3}}));
    EXPECT_EQ(items[0].expected, 42);
    EXPECT_EQ(items[0].line, 2);
    EXPECT_EQ(items[1].id, 7);
    EXPECT_EQ(items[1].inputs.at("digits"), 5);
    EXPECT_EQ(items[1].line, 4);
}

TEST(LabelledData, TakesALastLineWithoutItsNewline) {
    std::string text = good_line("1");
    text.pop_back();
    EXPECT_EQ(read(text).size(), 1U);
}

struct BadLine {
    const char* name;
    const char* line;
    const char* what;
};

class BadLines : public testing::TestWithParam<BadLine> {};

TEST_P(BadLines, AreRefusedByNumber) {
    const auto lines = faults(good_line("1") + "\n" + GetParam().line + "\n" + good_line("2"));
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines, testing::Each(testing::StartsWith("items.jsonl:3: ")));
    EXPECT_THAT(lines.front(), HasSubstr(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, BadLines,
    testing::Values(
        BadLine{"NoJson", "id: 3", "no JSON"}, BadLine{"Torn", R"({"id":3,"inputs":{"question":"?"})", "no JSON"},
        BadLine{"NotUtf8", "{\"id\":\"\xff\",\"inputs\":{\"question\":\"?\"},\"expected\":1}", "no JSON"},
        BadLine{"List", R"([3,{"question":"?"},1])", "expected an object"},
        BadLine{"NoId", R"({"inputs":{"question":"?"},"expected":1})", "'id'"},
        BadLine{"NullId", R"({"id":null,"inputs":{"question":"?"},"expected":1})", "'id'"},
        BadLine{"ListId", R"({"id":[3],"inputs":{"question":"?"},"expected":1})", "'id'"},
        BadLine{"EqualId", R"({"id":1,"inputs":{"question":"?"},"expected":1})", "id 1 stands on line 1 already"},
        BadLine{"NoInputs", R"({"id":3,"expected":1})", "'inputs'"},
        BadLine{"TextInputs", R"({"id":3,"inputs":"?","expected":1})", "'inputs'"},
        BadLine{"MissingInput", R"({"id":3,"inputs":{"digits":2},"expected":1})", "question"},
        BadLine{"UnknownInput", R"({"id":3,"inputs":{"question":"?","colour":"red"},"expected":1})", "colour"},
        BadLine{"InputOfOtherType", R"({"id":3,"inputs":{"question":"?","digits":"x"},"expected":1})", "digits"},
        BadLine{"UnknownKey", R"({"id":3,"inputs":{"question":"?"},"expected":1,"answer":1})", "unknown key 'answer'"},
        BadLine{"NoLabel", R"({"id":3,"inputs":{"question":"?"}})", "'expected' is missing"},
        BadLine{"NullLabel", R"({"id":3,"inputs":{"question":"?"},"expected":null})", "'expected' is missing"},
        BadLine{"LabelWithoutNumber", R"({"id":3,"inputs":{"question":"?"},"expected":"many"})", "no number"}),
    [](const auto& instance) { return instance.param.name; });

TEST(LabelledData, ComparesIdsAsJsonValues) {
    EXPECT_THAT(faults(good_line("1") + good_line("\"1\"")), ElementsAre()) << "a text is no number";
    EXPECT_THAT(faults(good_line("1") + good_line("1.0")), ElementsAre(HasSubstr("items.jsonl:2: id 1.0")));
    EXPECT_THAT(faults(good_line("\"a\"") + good_line("\"\\u0061\"")), ElementsAre(HasSubstr("id \"a\"")));
    EXPECT_THAT(faults(good_line("\"a\"") + good_line("\"A\"")), ElementsAre());
}

TEST(LabelledData, ListsAllBadLinesAtOnce) {
    const auto lines = faults("nothing\n" + good_line("1") + R"({"id":1,"inputs":{"digits":"x"}})" + "\n[]\n");
    EXPECT_THAT(lines, ElementsAre(HasSubstr("items.jsonl:1: "), HasSubstr("items.jsonl:3: id 1 stands"),
                                   HasSubstr("items.jsonl:3: "), HasSubstr("items.jsonl:3: "),
                                   HasSubstr("items.jsonl:3: 'expected'"), HasSubstr("items.jsonl:4: ")));
}

TEST(LabelledData, CountsWhatItDoesNotList) {
    std::string text;
    for (int i = 0; i < 50; ++i)
        text += "no\n";
    const auto lines = faults(text);
    ASSERT_EQ(lines.size(), 21U);
    EXPECT_THAT(lines[19], HasSubstr("items.jsonl:20: "));
    EXPECT_EQ(lines[20], "… and 30 more");
}

TEST(LabelledData, NeedsLabelsOnlyWhereTheyAreWanted) {
    const std::string unlabelled = R"({"id":1,"inputs":{"question":"?"}})";
    EXPECT_THAT(faults(unlabelled, Labels::optional), ElementsAre());
    EXPECT_TRUE(read(unlabelled, Labels::optional).front().expected.is_null());
    const std::string odd = R"({"id":1,"inputs":{"question":"?"},"expected":"many"})";
    EXPECT_THAT(faults(odd, Labels::optional), ElementsAre(HasSubstr("no number")))
        << "a label that is there must be usable";
    EXPECT_THAT(faults(odd, Labels::required, std::nullopt), ElementsAre()) << "a judge may know what it means";
}

TEST(LabelledData, RefusesFilesWithoutItems) {
    EXPECT_THAT(faults(""), ElementsAre("items.jsonl: there are no items"));
    EXPECT_THAT(faults("\n \n"), ElementsAre("items.jsonl: there are no items"));
    const TemporaryFolder folder;
    const auto read_file = [](const std::filesystem::path& file) {
        read_data(file, *two_inputs(), Labels::optional, std::nullopt);
    };
    EXPECT_THROW(read_file(folder.file("none.jsonl")), std::invalid_argument);
    EXPECT_THROW(read_file(folder.path()), std::invalid_argument) << "a folder is no file";
}

TEST(LabelledData, RefusesValuesNestedWithoutEnd) {
    const auto nested = [](std::size_t depth) {
        return R"({"id":2,"inputs":{"question":"?"},"expected":)" + std::string(depth, '[') + std::string(depth, ']') +
               "}\n";
    };
    EXPECT_THAT(faults(nested(90), Labels::required, std::nullopt), ElementsAre());
    EXPECT_THAT(faults(good_line("1") + nested(200'000), Labels::required, std::nullopt),
                ElementsAre(HasSubstr("items.jsonl:2: values are nested")));
}

TEST(LabelledData, RefusesEndlessLines) {
    const std::string longest(16 << 20, ' ');
    EXPECT_THAT(faults(good_line("1") + longest + " \n"), ElementsAre(HasSubstr("items.jsonl:2: the line is longer")));
    EXPECT_THAT(faults(good_line("1") + longest + "\n"), ElementsAre());
}

}  // namespace
}  // namespace enough::test
