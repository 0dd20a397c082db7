#include <enough/workflows/extract.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace enough {
namespace {

using testing::HasSubstr;

// An empty expectation means that there is no value.
using Table = std::vector<std::pair<std::string, std::string>>;

void expect_values(const Extractor& extract, const Table& table) {
    for (const auto& [text, expected] : table)
        EXPECT_EQ(extract(text).value_or(""), expected) << text;
}

TEST(Extract, Text) {
    EXPECT_EQ(Extractor().kind(), ExtractKind::text);
    expect_values(Extractor(), {
                                   {"", ""},
                                   {" \n\t ", ""},
                                   {"  two words \n", "two words"},
                                   {"größer", "größer"},
                               });
    EXPECT_EQ(Extractor()(" \n"), std::nullopt);
}

TEST(Extract, Boxed) {
    expect_values(Extractor::make(ExtractKind::boxed), {
                                                           {"\\boxed{42}", "42"},
                                                           {"so \\boxed{1} and \\boxed{ 2 }.", "2"},
                                                           {"\\fbox{3}", "3"},
                                                           {"\\boxed{1} \\fbox{3}", "3"},
                                                           {"\\fbox{3} \\boxed{1}", "1"},
                                                           {"\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"},
                                                           {"\\boxed{\\boxed{3}}", "3"},
                                                           {"\\boxed {5}", "5"},
                                                           {"\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"},
                                                           {"\\boxed{a\\}b}", "a\\}b"},
                                                           {"\\boxed{x", ""},
                                                           {"\\boxed{1} then \\boxed{2", ""},
                                                           {"\\boxed{1} then \\boxed", "1"},
                                                           {"\\boxed{}", ""},
                                                           {"\\boxed{  }", ""},
                                                           {"\\boxed 5", ""},
                                                           {"boxed{5}", ""},
                                                           {"", ""},
                                                       });
}

TEST(Extract, Choice) {
    expect_values(Extractor::make(ExtractKind::choice), {
                                                            {"B", "B"},
                                                            {"(C)", "C"},
                                                            {"The answer is (B).", "B"},
                                                            {"The answer is B because A is wrong.", "B"},
                                                            {"Answer: C", "C"},
                                                            {"Answer: **C**", "C"},
                                                            {"**Answer:** C", "C"},
                                                            {"Final answer: \\boxed{D}", "D"},
                                                            {"the correct option is E, not A", "E"},
                                                            {"The answer is option D. Option A fails.", "D"},
                                                            {"The answer is (b).", "B"},
                                                            {"ANSWER IS D", "D"},
                                                            {"Answer: B\n\n**A** is wrong, **C** too.", "B"},
                                                            {"The answer is A. Wait, no: the answer is D.", "D"},
                                                            {"\\boxed{A}", "A"},
                                                            {"\\boxed{\\text{(C)}}", "C"},
                                                            {"\\boxed{B) 42}", "B"},
                                                            {"\\boxed{a} and not B", "A"},
                                                            {"\\boxed{A}... no, the answer is C", "C"},
                                                            {"The answer is C, so \\boxed{A}", "A"},
                                                            {"\\boxed{42} is option C", "C"},
                                                            {"It must be **D**.", "D"},
                                                            {"**B) Paris** fits, unlike A", "B"},
                                                            {"A or B? I take B", "B"},
                                                            {"C is right. A train is not.", "C"},
                                                            {"A train leaves at noon.", ""},
                                                            {"Answer: A train leaves at noon. So D", "D"},
                                                            {"A is correct.", "A"},
                                                            {"The answer is A because it fits.", "A"},
                                                            {"I chose E. It was an E-mail", "E"},
                                                            {"D, as the C++ code shows at 25 °C", "D"},
                                                            {"C. The D.C. area", "C"},
                                                            {"CAB", ""},
                                                            {"F", ""},
                                                            {"é", ""},
                                                            {"no choice", ""},
                                                            {"", ""},
                                                        });
}

TEST(Extract, Json) {
    expect_values(Extractor::make(ExtractKind::json),
                  {
                      {R"({"a": 1})", R"({"a":1})"},
                      {R"(Here: {"a": 1} and {"b": [1, 2]}. Done.)", R"({"b":[1,2]})"},
                      {"```json\n{\"a\": 1}\n```", R"({"a":1})"},
                      {"```\n[1, 2]\n```\n", "[1,2]"},
                      {R"({"outer": {"inner": 1}})", R"({"outer":{"inner":1}})"},
                      {R"({"text": "a } b ] \" {"})", R"({"text":"a } b ] \" {"})"},
                      {R"({"done": 1} {"cut": )", R"({"done":1})"},
                      {R"({"cut": {"done": 1}, "more": )", R"({"done":1})"},
                      {R"([{"x": "[1]"}, oops)", R"({"x":"[1]"})"},
                      {R"(use {x} or {"y": 2} like {z})", R"({"y":2})"},
                      {R"({ "unclosed {"a": 1})", R"({"a":1})"},
                      {R"({"a": "cut {"b": 2})", R"({"b":2})"},
                      {"{\"a\": \"new\nline\"} [3]", "[3]"},
                      {"42", "42"},
                      {"\"word\"", "word"},
                      {"```json\n\"word\"\n```", "word"},
                      {"true", "true"},
                      {"The answer is 42", ""},
                      {"null", ""},
                      {"{'a': 1}", ""},
                      {R"({"a": 01})", ""},
                      {R"({"a": 1,})", ""},
                      {R"({"a": "\x"})", ""},
                      {"[1, 2", ""},
                      {"{", ""},
                      {"", ""},
                  });
}

TEST(Extract, JsonPointer) {
    const std::string text =
        R"(So: {"answer": "B", "items": [{"n": 1.50}], "a/b": true, "none": null, "obj": {"k": []}})";
    const auto at = [&text](const char* pointer) { return Extractor::make(ExtractKind::json, pointer)(text); };
    EXPECT_EQ(at("/answer"), "B");
    EXPECT_EQ(at("/items/0/n"), "1.5");
    EXPECT_EQ(at("/a~1b"), "true");
    EXPECT_EQ(at("/obj"), R"({"k":[]})");
    for (const char* pointer : {"/none", "/unknown", "/items/1", "/items/x", "/items/-", "/items/01", "/answer/0"})
        EXPECT_EQ(at(pointer), std::nullopt) << pointer;
}

TEST(Extract, Regex) {
    expect_values(Extractor::make(ExtractKind::regex, R"(x = (\d+))"), {
                                                                           {"x = 1, x = 22", "22"},
                                                                           {"y = 1", ""},
                                                                           {"", ""},
                                                                       });
    expect_values(Extractor::make(ExtractKind::regex, R"(\d+)"), {{"1 and 22 end", "22"}});
    expect_values(Extractor::make(ExtractKind::regex, R"(\d*)"), {{"1 and 22 end", "22"}, {"none", ""}});
    expect_values(Extractor::make(ExtractKind::regex, R"(a|(b))"), {{"b a", "a"}, {"a b", "b"}});
    expect_values(Extractor::make(ExtractKind::regex, R"((?m)^#### (.+)$)"), {{"work\n#### 18\n", "18"}});
    expect_values(Extractor::make(ExtractKind::regex, "é*"), {{"aéé€b", "éé"}});
}

TEST(Extract, RefusesBadArguments) {
    const std::vector<std::pair<ExtractKind, std::string>> bad = {
        {ExtractKind::regex, ""},      {ExtractKind::regex, "("},
        {ExtractKind::regex, "(?=x)"}, {ExtractKind::json, "answer"},
        {ExtractKind::json, "/a~2"},   {ExtractKind::text, "x"},
        {ExtractKind::number, "x"},    {ExtractKind::boxed, "x"},
        {ExtractKind::choice, "x"},    {ExtractKind::regex, "((a{100}){100}){100}"},
    };
    for (const auto& [kind, argument] : bad)
        EXPECT_THROW(Extractor::make(kind, argument), std::invalid_argument) << name(kind) << " " << argument;
    try {
        Extractor::make(ExtractKind::regex, "(");
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), HasSubstr("missing )"));
    }
}

TEST(Extract, KnowsItsKinds) {
    for (const char* text : {"text", "number", "boxed", "choice", "json", "regex"}) {
        ASSERT_TRUE(extract_kind_named(text)) << text;
        EXPECT_EQ(name(*extract_kind_named(text)), text);
    }
    EXPECT_EQ(extract_kind_named("letter"), std::nullopt);
    const Extractor regex = Extractor::make(ExtractKind::regex, "a");
    EXPECT_EQ(regex.kind(), ExtractKind::regex);
    EXPECT_EQ(regex.argument(), "a");
}

std::string repeated(const std::string& text, std::size_t bytes) {
    std::string result;
    while (result.size() < bytes)
        result += text;
    return result;
}

// A quadratic rule would take minutes on any of these; the bound leaves a hundredfold for sanitizers and busy machines.
// Quadratic work on these would run for hours, into the time limit that every test has.
TEST(Extract, HostileTextComesToAnEnd) {
    for (const char* piece :
         {"[", "{", "[{\"", "{\"a\":[", "\"",  "{\"",        "\\boxed{",   "\\boxed ", "}",   "1,", "1/", "1.",
          "-", "9", "$",    "A ",       "**A", "answer is ", "answer: ( ", "\\frac{1", "10^", "\\", "e9", "[\"[\","}) {
        const std::string text = repeated(piece, 64 * 1024);
        for (const ExtractKind kind : {ExtractKind::number, ExtractKind::boxed, ExtractKind::choice, ExtractKind::json})
            Extractor::make(kind)(text);
        Extractor::make(ExtractKind::regex, "(a|aa)+$")(text);
    }
}

TEST(Extract, LooksAtTheEndOfVeryLongText) {
    const std::string padding(1024 * 1024, ' ');
    EXPECT_EQ(Extractor::make(ExtractKind::number)("1" + padding + "2"), "2");
    EXPECT_EQ(Extractor::make(ExtractKind::number)("1" + padding), std::nullopt);
}

TEST(Extract, DeepJsonDoesNotOverflow) {
    const std::string deep = repeated("[", 200'000) + repeated("]", 200'000);
    EXPECT_TRUE(Extractor::make(ExtractKind::json)(deep).has_value());
}

TEST(Extract, BytesThatAreNotUtf8) {
    EXPECT_EQ(Extractor::make(ExtractKind::number)("\xFF 42 \xFE"), "42");
    EXPECT_EQ(Extractor::make(ExtractKind::json)("{\"a\": \"\xFF\"}"), std::nullopt);
    EXPECT_EQ(Extractor::make(ExtractKind::regex, "b+")("\xFF"
                                                        "bb"),
              "bb");
}

RC_GTEST_PROP(ExtractProperty, NoTextDoesHarm, (std::string text)) {
    for (const ExtractKind kind :
         {ExtractKind::text, ExtractKind::number, ExtractKind::boxed, ExtractKind::choice, ExtractKind::json})
        if (const auto value = Extractor::make(kind)(text)) RC_ASSERT(!value->empty() || kind == ExtractKind::json);
}

}  // namespace
}  // namespace enough
