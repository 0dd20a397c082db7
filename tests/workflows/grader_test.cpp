#include <enough/workflows/grader.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <stdexcept>
#include <string>

namespace enough {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Graded {
    const char* name;
    GraderKind kind;
    const char* expected;  ///< JSON
    const char* output;
    bool right;
    const char* pointer = "";
};

class Grading : public testing::TestWithParam<Graded> {};

TEST_P(Grading, TellsRightFromWrong) {
    const Graded& graded = GetParam();
    const Grader grader = Grader::make(graded.kind, graded.pointer);
    const json expected = json::parse(graded.expected);
    EXPECT_EQ(grader.fault(expected), std::nullopt);
    EXPECT_EQ(grader(expected, graded.output), graded.right);
    EXPECT_FALSE(grader(expected, std::nullopt)) << "no output is never right";
}

constexpr auto exact = GraderKind::exact;
constexpr auto number = GraderKind::number;
constexpr auto choice = GraderKind::choice;
constexpr auto regex = GraderKind::regex;
constexpr auto as_json = GraderKind::json;

const Graded graded_cases[] = {
    {"exact_equal", exact, R"("Paris")", "Paris", true},
    {"exact_trims_both", exact, R"("  Paris\n")", "\tParis ", true},
    {"exact_case_counts", exact, R"("Paris")", "paris", false},
    {"exact_inner_space_counts", exact, R"("New York")", "New  York", false},
    {"exact_part_is_not_enough", exact, R"("Paris")", "It is Paris", false},
    {"exact_empty_output", exact, R"("Paris")", "", false},
    {"exact_number", exact, "42", "42", true},
    {"exact_boolean", exact, "true", " true ", true},
    {"exact_unicode", exact, R"("Zürich")", "Zürich", true},

    {"number_from_number", number, "42", "It is 42.", true},
    {"number_from_text", number, R"("42")", "It is 42.", true},
    {"number_from_sentence", number, R"("6 times 7 is 42")", "42", true},
    {"number_the_last_counts", number, "42", "6 * 7 = 42", true},
    {"number_not_the_first", number, "6", "6 * 7 = 42", false},
    {"number_by_size", number, "42", "42.000", true},
    {"number_real", number, "0.5", "The probability is 1/2", true},
    {"number_fraction_expected", number, R"("1/2")", "0.50", true},
    {"number_latex_fraction", number, R"("3/4")", R"(\frac{3}{4})", true},
    {"number_other_fraction", number, R"("1/3")", "0.3333", false},
    {"number_separators", number, "1234567", "1,234,567", true},
    {"number_negative", number, "-3", "x = -3", true},
    {"number_sign_counts", number, "3", "x = -3", false},
    {"number_tiny", number, "1e-7", "0.0000001", true},
    {"number_huge", number, "1e21", "1000000000000000000000", true},
    {"number_large_integer", number, "9007199254740993", "9007199254740993", true},
    {"number_large_integer_off_by_one", number, "9007199254740993", "9007199254740992", false},
    {"number_none_in_output", number, "42", "forty-two", false},
    {"number_empty_output", number, "42", "", false},

    {"choice_letter", choice, R"("B")", "The answer is (B).", true},
    {"choice_other_letter", choice, R"("B")", "The answer is (C).", false},
    {"choice_from_sentence", choice, R"j("The answer is (D)")j", "D", true},
    {"choice_a_alone", choice, R"("A")", "A", true},
    {"choice_no_letter", choice, R"("B")", "none of them", false},
    {"choice_last_one_counts", choice, R"("C")", "Not B. The correct option is C.", true},

    {"regex_somewhere", regex, R"("colou?r")", "many colors", true},
    {"regex_no_match", regex, R"("^red$")", "dark red", false},
    {"regex_anchored", regex, R"("^\\s*red\\s*$")", " red\n", true},
    {"regex_flags", regex, R"("(?i)paris")", "PARIS", true},

    {"json_object", as_json, R"({"a":1,"b":[true,null]})", "Here: {\"b\": [true, null], \"a\": 1}", true},
    {"json_other_value", as_json, R"({"a":1})", R"({"a":2})", false},
    {"json_more_keys", as_json, R"({"a":1})", R"({"a":1,"b":2})", false},
    {"json_numbers_by_value", as_json, R"({"a":1})", R"({"a":1.0})", true},
    {"json_list_order_counts", as_json, "[1,2]", "[2,1]", false},
    {"json_pointer", as_json, "42", R"({"result":{"value":42}})", true, "/result/value"},
    {"json_pointer_to_text", as_json, R"("red")", R"({"colour":"red"})", true, "/colour"},
    {"json_pointer_to_list_item", as_json, R"({"x":1})", R"([{"x":0},{"x":1}])", true, "/1"},
    {"json_pointer_finds_nothing", as_json, "42", R"({"results":42})", false, "/result"},
    {"json_pointer_to_null", as_json, "42", R"({"result":null})", false, "/result"},
    {"json_none_in_output", as_json, R"({"a":1})", "no idea", false},
    {"json_the_last_counts", as_json, R"({"a":2})", R"(first {"a":1}, then {"a":2})", true},
    {"json_expected_as_text", as_json, R"("{\"a\": 1}")", R"({"a":1})", true},
    {"json_expected_as_other_text", as_json, R"("{\"a\": 1}")", R"({"a":2})", false},
    {"json_boolean", as_json, "true", R"({"ok":true})", true, "/ok"},
};

INSTANTIATE_TEST_SUITE_P(Each, Grading, testing::ValuesIn(graded_cases),
                         [](const auto& each) { return std::string(each.param.name); });

std::string fault_of(GraderKind kind, const char* expected) {
    return Grader::make(kind).fault(json::parse(expected)).value_or("");
}

TEST(Grader, SaysWhatItCannotExpect) {
    for (const GraderKind kind : {exact, number, choice, regex, as_json})
        EXPECT_THAT(fault_of(kind, "null"), HasSubstr("null")) << name(kind);
    EXPECT_THAT(fault_of(number, R"("forty-two")"), HasSubstr("no number"));
    EXPECT_THAT(fault_of(number, "{}"), HasSubstr("no number"));
    EXPECT_THAT(fault_of(choice, R"("X")"), HasSubstr("no letter"));
    EXPECT_THAT(fault_of(choice, "7"), HasSubstr("no letter"));
    EXPECT_THAT(fault_of(regex, R"("(")"), HasSubstr("no pattern"));
    EXPECT_THAT(fault_of(regex, R"("(?<=a)b")"), HasSubstr("no pattern"));
    EXPECT_EQ(fault_of(exact, "0"), "");
    EXPECT_EQ(fault_of(number, "0"), "");
    EXPECT_EQ(fault_of(as_json, "{}"), "");
}

TEST(Grader, NeverCallsRightWhatItCannotExpect) {
    EXPECT_FALSE(Grader::make(regex)(json("("), "("));
    EXPECT_FALSE(Grader::make(number)(json("forty-two"), "forty-two"));
    EXPECT_FALSE(Grader::make(choice)(json("X"), "X"));
    EXPECT_FALSE(Grader::make(exact)(json(nullptr), "null"));
    EXPECT_FALSE(Grader::make(as_json)(json(nullptr), "null"));
    EXPECT_FALSE(Grader::make(regex)(json(nullptr), "null"));
}

// A pattern that would take a backtracking matcher for ever.
TEST(Grader, SurvivesHostilePatternsAndOutputs) {
    EXPECT_FALSE(Grader::make(regex)(json("^(a+)+$"), std::string(100'000, 'a') + "b"));
    EXPECT_FALSE(Grader::make(as_json)(json::object(), std::string(100'000, '[')));
    EXPECT_FALSE(Grader::make(exact)(json("a"), std::string("\xff\xfe")));
}

TEST(Grader, GradesAloneOnlyWhatIsPure) {
    for (const GraderKind kind : {GraderKind::judge, GraderKind::command}) {
        EXPECT_FALSE(is_pure(kind));
        EXPECT_THROW(Grader::make(kind), std::invalid_argument);
    }
    for (const GraderKind kind : {exact, number, choice, regex, as_json})
        EXPECT_TRUE(is_pure(kind));
    EXPECT_THROW(Grader::make(as_json, "result"), std::invalid_argument) << "a pointer begins with a slash";
}

TEST(Grader, NamesGoBothWays) {
    for (const GraderKind kind : {exact, number, choice, regex, as_json, GraderKind::judge, GraderKind::command})
        EXPECT_EQ(grader_kind_named(name(kind)), kind);
    EXPECT_FALSE(grader_kind_named("numbers"));
}

}  // namespace
}  // namespace enough
