#include <enough/workflows/inputs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace enough {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

Input required(InputType type) {
    Input input;
    input.type = type;
    return input;
}

Input with_default(InputType type, const std::string& value) {
    Input input = required(type);
    input.default_value = value;
    return input;
}

Workflow four_inputs() {
    Workflow workflow;
    workflow.inputs.emplace_back("question", required(InputType::string));
    workflow.inputs.emplace_back("weight", with_default(InputType::number, "0.5"));
    workflow.inputs.emplace_back("rounds", with_default(InputType::integer, "3"));
    workflow.inputs.emplace_back("strict", with_default(InputType::boolean, "true"));
    return workflow;
}

struct Checked {
    json value;
    std::vector<std::string> faults;
};

Checked check(const char* given) {
    Checked checked;
    checked.value = check_inputs(four_inputs(), json::parse(given), checked.faults);
    return checked;
}

TEST(CheckInputs, FillsInDefaults) {
    const Checked checked = check(R"({"question": "1+1?"})");
    EXPECT_THAT(checked.faults, IsEmpty());
    EXPECT_EQ(checked.value, json::parse(R"({"question": "1+1?", "weight": 0.5, "rounds": 3, "strict": true})"));
}

TEST(CheckInputs, GivenValuesWinOverDefaults) {
    const Checked checked = check(R"({"question": "", "weight": 2, "rounds": 4.0, "strict": false})");
    EXPECT_THAT(checked.faults, IsEmpty());
    EXPECT_EQ(checked.value.dump(), R"({"question":"","rounds":4,"strict":false,"weight":2})");
}

TEST(CheckInputs, ReportsAllFaultsAtOnce) {
    const Checked checked = check(R"({"qestion": "x", "zzzzzz": 1, "weight": "2", "rounds": 2.5, "strict": null})");
    EXPECT_THAT(checked.faults, ElementsAre("unknown input 'qestion'; did you mean 'question'?",  //
                                            "unknown input 'zzzzzz'",                             //
                                            "input 'question' (string) is required and was not given",
                                            "input 'weight' must be a number, not a string",
                                            "input 'rounds' must be a whole number, not a number",
                                            "input 'strict' must be true or false, not null"));
}

TEST(CheckInputs, SaysWhatOtherValuesAre) {
    EXPECT_THAT(check(R"({"question": 5})").faults, ElementsAre("input 'question' must be a string, not a number"));
    EXPECT_THAT(check(R"({"question": []})").faults, ElementsAre("input 'question' must be a string, not a list"));
    EXPECT_THAT(check(R"({"question": {}})").faults, ElementsAre("input 'question' must be a string, not an object"));
    EXPECT_THAT(check(R"({"question": "", "rounds": true})").faults,
                ElementsAre("input 'rounds' must be a whole number, not a boolean"));
}

TEST(CheckInputs, WantsAnObject) {
    for (const char* given : {"null", "[]", "\"question\"", "3"})
        EXPECT_EQ(check(given).faults.size(), 1U) << given;
    EXPECT_THAT(check("[]").faults, ElementsAre("inputs must be an object that maps names to values, not a list"));
}

TEST(CheckInputs, SaysThatAWorkflowTakesNone) {
    std::vector<std::string> faults;
    check_inputs(Workflow(), json::parse(R"({"a": 1})"), faults);
    EXPECT_THAT(faults, ElementsAre("unknown input 'a'; the workflow takes none"));
}

TEST(CheckInputs, AppendsToTheFaultsThatAreThere) {
    std::vector<std::string> faults = {"earlier"};
    check_inputs(four_inputs(), json::object(), faults);
    EXPECT_EQ(faults.size(), 2U);
    EXPECT_EQ(faults.front(), "earlier");
}

TEST(CheckInputs, TakesListsAndObjectsAsTheyAre) {
    Workflow workflow;
    workflow.inputs.emplace_back("items", required(InputType::list));
    workflow.inputs.emplace_back("options", with_default(InputType::object, R"({"a":1})"));
    std::vector<std::string> faults;
    EXPECT_EQ(check_inputs(workflow, json::parse(R"({"items": [1, {"b": null}]})"), faults),
              json::parse(R"({"items": [1, {"b": null}], "options": {"a": 1}})"));
    EXPECT_THAT(faults, IsEmpty());
    check_inputs(workflow, json::parse(R"({"items": "[1]", "options": []})"), faults);
    EXPECT_THAT(faults, ElementsAre("input 'items' must be a list, not a string",
                                    "input 'options' must be an object, not a list"));
}

TEST(ParseInput, ReadsListsAndObjectsAsJson) {
    EXPECT_EQ(parse_input(InputType::list, R"( [1, "a", {}] )"), json::parse(R"([1, "a", {}])"));
    EXPECT_EQ(parse_input(InputType::object, R"({"a": [null]})"), json::parse(R"({"a": [null]})"));
    for (const char* text : {"", "a", "[1", "{}", "1,2"})
        EXPECT_THROW(parse_input(InputType::list, text), std::invalid_argument) << text;
    for (const char* text : {"", "a", "[]", "{a: 1}", "null"})
        EXPECT_THROW(parse_input(InputType::object, text), std::invalid_argument) << text;
}

TEST(ParseInput, RefusesWhatIsNestedDeeperThanTheStackAllows) {
    const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
    EXPECT_THROW(parse_input(InputType::list, nested(200'000)), std::invalid_argument);
    EXPECT_EQ(parse_input(InputType::list, nested(100)).dump(), nested(100));
}

TEST(ParseInput, ReadsEachType) {
    EXPECT_EQ(parse_input(InputType::string, " 42 "), json(" 42 "));
    EXPECT_EQ(parse_input(InputType::string, ""), json(""));
    EXPECT_EQ(parse_input(InputType::number, "3.5"), json(3.5));
    EXPECT_EQ(parse_input(InputType::number, "42").dump(), "42");
    EXPECT_EQ(parse_input(InputType::number, "-1e3"), json(-1000.0));
    EXPECT_EQ(parse_input(InputType::integer, " -7 ").dump(), "-7");
    EXPECT_EQ(parse_input(InputType::integer, "+7").dump(), "7");
    EXPECT_EQ(parse_input(InputType::boolean, "true"), json(true));
    EXPECT_EQ(parse_input(InputType::boolean, "false"), json(false));
}

TEST(ParseInput, RefusesTheRest) {
    const std::vector<std::pair<InputType, const char*>> bad = {
        {InputType::number, ""},      {InputType::number, "abc"},   {InputType::number, "1,5"},
        {InputType::number, "nan"},   {InputType::number, "inf"},   {InputType::number, "0x10"},
        {InputType::number, "1e999"}, {InputType::integer, "3.5"},  {InputType::integer, "99999999999999999999"},
        {InputType::integer, ""},     {InputType::integer, "+-3"},  {InputType::boolean, "yes"},
        {InputType::boolean, "1"},    {InputType::boolean, "True"},
    };
    for (const auto& [type, text] : bad)
        EXPECT_THROW(parse_input(type, text), std::invalid_argument) << name(type) << " " << text;
}

TEST(ParseInput, SaysWhatWasMeant) {
    try {
        parse_input(InputType::number, "secret");
        FAIL() << "no exception";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "expected a number such as 3.5");
    }
}

}  // namespace
}  // namespace enough
