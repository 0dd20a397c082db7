#include <enough/workflows/extract.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

// An empty expectation means that there is no value.
using Table = std::vector<std::pair<std::string, std::string>>;

void expect_values(const Extractor& extract, const Table& table) {
    for (const auto& [text, expected] : table)
        EXPECT_EQ(extract(text).value_or(""), expected) << text;
}

TEST(ExtractNumber, NumbersThatCount) {
    expect_values(Extractor::make(ExtractKind::number), {
                                                            {"42", "42"},
                                                            {"The answer is 42.", "42"},
                                                            {"first 1, then 2, then 3!", "3"},
                                                            {"pi is 3.14.", "3.14"},
                                                            {"1,234,567", "1234567"},
                                                            {"1,234.50", "1234.5"},
                                                            {"12,345", "12345"},
                                                            {"1,2", "2"},
                                                            {"1,23", "23"},
                                                            {"1234,567", "567"},
                                                            {"1,234,56", "56"},
                                                            {"1,2345", "2345"},
                                                            {"1{,}234", "1234"},
                                                            {"1,\\!234", "1234"},
                                                            {"+7", "7"},
                                                            {"-3", "-3"},
                                                            {"\xE2\x88\x92"
                                                             "3",
                                                             "-3"},
                                                            {"x = -3.5", "-3.5"},
                                                            {"(-5)", "-5"},
                                                            {"10-3", "3"},
                                                            {"5 - 3", "3"},
                                                            {"5-10 apples", "10"},
                                                            {"5–10 apples", "10"},
                                                            {"042", "42"},
                                                            {"0", "0"},
                                                            {"000", "0"},
                                                            {"-0", "0"},
                                                            {"-0.0", "0"},
                                                            {".5", "0.5"},
                                                            {"-.5", "-0.5"},
                                                            {"so...5", "5"},
                                                            {"42...", "42"},
                                                            {"0.50", "0.5"},
                                                            {"42.0", "42"},
                                                            {"42.", "42"},
                                                            {"50%", "50"},
                                                            {"50\\%", "50"},
                                                            {"$1,200", "1200"},
                                                            {"-$5", "-5"},
                                                            {"$-5", "-5"},
                                                            {"\\$5", "5"},
                                                            {"€7.50", "7.5"},
                                                            {"-€7", "-7"},
                                                            {"$x = 8$", "8"},
                                                            {"**42**", "42"},
                                                            {"#### 18", "18"},
                                                            {"\\boxed{-5}", "-5"},
                                                            {"Answer:9", "9"},
                                                            {"12km", "12"},
                                                            {"12 km", "12"},
                                                            {"90°", "90"},
                                                            {"25 m^2", "25"},
                                                            {"25m^2", "25"},
                                                            {"12cm²", "12"},
                                                            {"1e5", "1e5"},
                                                            {"1E+05", "1e5"},
                                                            {"1.50e-07", "1.5e-7"},
                                                            {"1e0", "1e0"},
                                                            {"3 × 10^8 m/s", "3e8"},
                                                            {"3 \\times 10^{-8}", "3e-8"},
                                                            {"3*10^8", "3e8"},
                                                            {"10^5", "1e5"},
                                                            {"10^{-2}", "1e-2"},
                                                            {"-10^2", "-1e2"},
                                                            {"12345678901234567890123", "12345678901234567890123"},
                                                        });
}

TEST(ExtractNumber, Fractions) {
    expect_values(Extractor::make(ExtractKind::number), {
                                                            {"3/4", "3/4"},
                                                            {"-3/4", "-3/4"},
                                                            {"it is 03/04.", "3/4"},
                                                            {"0/4", "0"},
                                                            {"6/8", "6/8"},
                                                            {"\\frac{1}{2}", "1/2"},
                                                            {"\\dfrac{10}{3}$", "10/3"},
                                                            {"\\tfrac12", "1/2"},
                                                            {"-\\frac12", "-1/2"},
                                                            {"\\frac{-1}{2}", "-1/2"},
                                                            {"-\\frac{-1}{2}", "1/2"},
                                                            {"x=\\frac{3}{-4}", "-3/4"},
                                                            {"1 1/2", "3/2"},
                                                            {"-1 1/2", "-3/2"},
                                                            {"1\\frac{1}{2}", "3/2"},
                                                            {"20 3/2", "3/2"},
                                                            {"12/4 = 3", "3"},
                                                            {"12 / 4", "4"},
                                                            {"3/4/2020", "2020"},
                                                            {"7 of 1/0", "0"},
                                                            {"\\frac{1}{0}", "0"},
                                                            {"1.5/2", "2"},
                                                            {"5 km/h", "5"},
                                                        });
}

TEST(ExtractNumber, NumbersThatAreNone) {
    const Extractor number = Extractor::make(ExtractKind::number);
    for (const char* text :
         {"",      "none",  "x2",          "H2O",  "GPT-4", "2nd",          "3D", "2x", "x_1", "x_{12}", "m^2",
          "10:30", "1.2.3", "192.168.0.1", "a1b2", "5e",    "\\frac{a}{b}", "-",  "$",  ".",   "2^8"})
        EXPECT_EQ(number(text), std::nullopt) << text;
    expect_values(number, {
                              {"42 is my 2nd try with GPT-4", "42"},
                              {"so 42 at 10:30", "42"},
                              {"7 with H2O", "7"},
                              {"x_1 = 5", "5"},
                              {"2^{10} = 1024", "1024"},
                          });
}

TEST(SameAnswer, ComparesByKind) {
    struct Pair {
        ExtractKind kind;
        const char* a;
        const char* b;
        bool same;
    };
    const std::vector<Pair> pairs = {
        {ExtractKind::number, "42", "42.0", true},
        {ExtractKind::number, "42", "42 ", true},
        {ExtractKind::number, "1,200", "1200", true},
        {ExtractKind::number, "$5", "5", true},
        {ExtractKind::number, "1/2", "0.5", true},
        {ExtractKind::number, "1/10", "0.1", true},
        {ExtractKind::number, "\\frac12", "1/2", true},
        {ExtractKind::number, "2/4", "1/2", true},
        {ExtractKind::number, "1e3", "1000", true},
        {ExtractKind::number, "1/3", "0.333", false},
        {ExtractKind::number, "42", "43", false},
        {ExtractKind::number, "42", "-42", false},
        {ExtractKind::number, "9007199254740993", "9007199254740992", false},
        {ExtractKind::number, "forty", "Forty ", true},
        {ExtractKind::number, "forty", "40", false},
        {ExtractKind::text, " Paris", "paris", true},
        {ExtractKind::text, "Paris", "Rome", false},
        {ExtractKind::text, "42", "42.0", false},
        {ExtractKind::choice, "A", "a", true},
        {ExtractKind::choice, "A", "B", false},
        {ExtractKind::regex, "x", " X", true},
        {ExtractKind::boxed, "0.5", "\\frac{1}{2}", true},
        {ExtractKind::boxed, "x + 1", "x+1", true},
        {ExtractKind::boxed, "x", "X", false},
        {ExtractKind::boxed, "x+1", "y+1", false},
        {ExtractKind::boxed, "(1, 2)", "(3, 2)", false},
        {ExtractKind::json, R"({"a":1,"b":2})", R"({"b": 2, "a": 1})", true},
        {ExtractKind::json, "1", "1.0", true},
        {ExtractKind::json, R"({"a":1})", R"({"a":2})", false},
        {ExtractKind::json, "word", "word", true},
        {ExtractKind::json, "word", "Word", false},
    };
    for (const Pair& pair : pairs) {
        EXPECT_EQ(same_answer(pair.kind, pair.a, pair.b), pair.same)
            << name(pair.kind) << ": " << pair.a << " | " << pair.b;
        EXPECT_EQ(same_answer(pair.kind, pair.b, pair.a), pair.same)
            << name(pair.kind) << ": " << pair.b << " | " << pair.a;
    }
}

RC_GTEST_PROP(ExtractNumberProperty, WholeNumbersAreFoundAsTheyAre, (int number)) {
    RC_ASSERT(Extractor::make(ExtractKind::number)("so x = " + std::to_string(number) + ".") == std::to_string(number));
}

RC_GTEST_PROP(ExtractNumberProperty, ACanonicalNumberStaysItself, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "1", "20", ",", ".", "-", "/", "e", " ", "x", "$", "%", "^", "{", "}", "\\frac", "000"));
    std::string text;
    for (const std::string& piece : pieces)
        text += piece;
    const Extractor extract = Extractor::make(ExtractKind::number);
    const auto number = extract(text);
    RC_PRE(number.has_value());
    RC_ASSERT(extract(*number) == number);
    RC_ASSERT(same_answer(ExtractKind::number, text, *number));
}

}  // namespace
}  // namespace enough
