#include <enough/workflows/expression.hpp>
#include <enough/workflows/expression_error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace enough {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

json context() {
    return json::parse(R"({
        "inputs": {"question": "2 + 2?", "n": 3, "zero": 0, "empty": "", "none": null, "unicode": "größer€😀", "odd name": 1},
        "steps": {
            "solve": {"text": "so 42", "answer": "42", "status": "done", "calls": 2,
                      "signals": {"entropy.mean": 0.5, "entropy": {"max": 3, "mean": 9}, "agreement": 1},
                      "items": [{"text": "first"}, {"text": "last"}], "tags": ["a", "b", 3]},
            "check-2": {"answer": null}
        }})");
}

json value(std::string_view text) {
    return Expression::parse(text).evaluate(context());
}

struct Case {
    const char* text;
    const char* expected;  // as JSON
};

void expect_values(std::initializer_list<Case> cases) {
    for (const Case& each : cases)
        EXPECT_EQ(value(each.text).dump(), json::parse(each.expected).dump()) << each.text;
}

TEST(Expression, Literals) {
    expect_values({
        {"null", "null"},
        {"true", "true"},
        {" false ", "false"},
        {"42", "42"},
        {"-7", "-7"},
        {"0", "0"},
        {"0.5", "0.5"},
        {"-1.5e3", "-1500.0"},
        {"2E+2", "200.0"},
        {"9223372036854775807", "9223372036854775807"},
        {"18446744073709551615", "18446744073709551615"},
        {"'single'", R"("single")"},
        {"\"double\"", R"("double")"},
        {"''", R"("")"},
        {R"('it\'s')", R"("it's")"},
        {R"("a\n\t\"\\\/")", R"("a\n\t\"\\/")"},
        {R"("\u00e9\u20AC\ud83d\ude00")", R"("é€😀")"},
        {"'größer'", R"("größer")"},
        {"'two\nlines'", R"("two\nlines")"},
        {"[]", "[]"},
        {"[1, \"a\", [null]]", R"([1, "a", [null]])"},
        {"[1, 2,]", "[1, 2]"},
        {"[inputs.n, 1 == 1]", "[3, true]"},
        {"(((1)))", "1"},
    });
}

TEST(Expression, Paths) {
    expect_values({
        {"inputs.question", R"("2 + 2?")"},
        {"inputs[\"odd name\"]", "1"},
        {"inputs['n']", "3"},
        {"steps.check-2.answer", "null"},
        {"steps.solve.items[0].text", R"("first")"},
        {"steps.solve.items[ 1 ].text", R"("last")"},
        {"steps.solve.items[-1].text", R"("last")"},
        {"steps.solve.items.1.text", R"("last")"},
        {"steps.solve.items[2].text", "null"},
        {"steps.solve.items[-3].text", "null"},
        {"steps.solve.items.text", "null"},
        {"steps.solve.text.length", "null"},
        {"inputs.none.deeper", "null"},
        {"unknown", "null"},
        {"inputs.unknown.deeper", "null"},
    });
}

TEST(Expression, TheLongestKeyWins) {
    expect_values({
        {"steps.solve.signals.entropy.mean", "0.5"},
        {"steps.solve.signals[\"entropy.mean\"]", "0.5"},
        {"steps.solve.signals[\"entropy\"].mean", "9"},
        {"steps.solve.signals.entropy.max", "3"},
        {"steps.solve.signals.agreement", "1"},
        {"steps.solve.signals.entropy.tail", "null"},
    });
}

TEST(Expression, Equality) {
    expect_values({
        {"steps.solve.answer == 42", "true"},
        {"42 == steps.solve.answer", "true"},
        {"'42.0' == '42'", "true"},
        {"' 42 ' == 42", "true"},
        {"'4.2e1' == 42", "true"},
        {"42 == 42.0", "true"},
        {"0.1 == '0.1'", "true"},
        {"9007199254740993 == 9007199254740992", "false"},
        {"9007199254740993 == '9007199254740992'", "false"},
        {"18446744073709551615 == '18446744073709551615'", "true"},
        {"'a' == 'a'", "true"},
        {"'a' == 'A'", "false"},
        {"'' == 0", "false"},
        {"'abc' == 0", "false"},
        {"'nan' == 'nan'", "true"},
        {"'0x10' == 16", "false"},
        {"true == 1", "false"},
        {"true == true", "true"},
        {"null == null", "true"},
        {"null == 0", "false"},
        {"null == ''", "false"},
        {"null == false", "false"},
        {"null != 0", "true"},
        {"inputs.unknown == null", "true"},
        {"inputs.question != ''", "true"},
        {"[1, 2] == [1, 2]", "true"},
        {"[1, 2] != [2, 1]", "true"},
    });
}

TEST(Expression, Order) {
    expect_values({
        {"1 < 2", "true"},
        {"2 <= 2", "true"},
        {"2 > 2", "false"},
        {"2 >= 3", "false"},
        {"'10' > '9'", "true"},
        {"'10' > 9", "true"},
        {"'b' > 'a'", "true"},
        {"'b10' > 'b9'", "false"},
        {"'z' < 'é'", "true"},
        {"-1 < 0", "true"},
        {"9007199254740993 > 9007199254740992", "true"},
        {"null < 1", "false"},
        {"null >= 1", "false"},
        {"1 > null", "false"},
        {"null <= null", "false"},
        {"'a' < 1", "false"},
        {"'a' > 1", "false"},
        {"[1] < [2]", "false"},
        {"false < true", "false"},
    });
}

TEST(Expression, Membership) {
    expect_values({
        {"'a' in steps.solve.tags", "true"},
        {"'3' in steps.solve.tags", "true"},
        {"'c' in steps.solve.tags", "false"},
        {"'c' not in steps.solve.tags", "true"},
        {"null in [1, null]", "true"},
        {"'n' in inputs", "true"},
        {"'m' in inputs", "false"},
        {"'42' in steps.solve.text", "true"},
        {"'' in 'abc'", "true"},
        {"5 in '15'", "false"},
        {"'a' in null", "false"},
        {"'a' not in null", "true"},
        {"'a' in 5", "false"},
        {"1 in inputs", "false"},
        {"steps.solve.status in ['done', 'skipped']", "true"},
    });
}

TEST(Expression, LogicGivesTheOperandThatDecided) {
    expect_values({
        {"true and 3", "3"},
        {"0 and 3", "0"},
        {"inputs.empty or 'default'", R"("default")"},
        {"'x' or 'y'", R"("x")"},
        {"null or 0", "0"},
        {"1 and 2 and 3", "3"},
        {"0 or '' or null", "null"},
        {"not 0", "true"},
        {"not not 'x'", "true"},
        {"not []", "true"},
        {"not [0]", "false"},
    });
}

TEST(Expression, PrecedenceIsThatOfPython) {
    expect_values({
        {"true or true and false", "true"},
        {"(true or true) and false", "false"},
        {"not false or true", "true"},
        {"not (false or true)", "false"},
        {"not 1 == 2", "true"},
        {"not 'a' in 'abc'", "false"},
        {"1 == 2 or 2 == 2", "true"},
        {"1 < 2 and 2 < 1", "false"},
        {"(1 == 1) == true", "true"},
        {"1 == (not true)", "false"},
    });
}

TEST(Expression, Functions) {
    expect_values({
        {"coalesce(null, inputs.unknown, 'x', 'y')", R"("x")"},
        {"coalesce(steps.check-2.answer, steps.solve.answer)", R"("42")"},
        {"coalesce(null)", "null"},
        {"coalesce(0, 1)", "0"},
        {"coalesce('', 1)", R"("")"},
        {"length(inputs.unicode)", "8"},
        {"length('')", "0"},
        {"length(null)", "0"},
        {"length(steps.solve.items)", "2"},
        {"length(inputs)", "7"},
        {"length(5)", "null"},
        {"length(coalesce(null, [1, 2]))", "2"},
        {"length(steps.solve.text) > 4 and true", "true"},
        {"length", "null"},
    });
}

TEST(Expression, Truth) {
    for (const char* text : {"null", "false", "0", "0.0", "-0.0", "\"\"", "[]", "{}"})
        EXPECT_FALSE(truthy(json::parse(text))) << text;
    for (const char* text : {"true", "1", "-1", "0.1", "\"0\"", "\"false\"", "[null]", R"({"a": null})"})
        EXPECT_TRUE(truthy(json::parse(text))) << text;
}

std::vector<Path> read_by(std::string_view text) {
    std::vector<Path> read;
    Expression::parse(text).evaluate(context(), read);
    return read;
}

TEST(Expression, TellsWhatItActuallyRead) {
    const Path n = {"inputs", "n"}, zero = {"inputs", "zero"}, none = {"inputs", "none"}, unknown = {"unknown"};
    EXPECT_THAT(read_by("1"), IsEmpty());
    EXPECT_THAT(read_by("inputs.n"), ElementsAre(n));
    EXPECT_THAT(read_by("unknown"), ElementsAre(unknown));
    EXPECT_THAT(read_by("inputs.n or inputs.zero"), ElementsAre(n));
    EXPECT_THAT(read_by("inputs.zero or inputs.n"), ElementsAre(zero, n));
    EXPECT_THAT(read_by("inputs.zero and inputs.n"), ElementsAre(zero));
    EXPECT_THAT(read_by("inputs.n and inputs.zero and inputs.none"), ElementsAre(n, zero));
    EXPECT_THAT(read_by("coalesce(inputs.none, inputs.n, inputs.zero)"), ElementsAre(none, n));
    EXPECT_THAT(read_by("[inputs.n, inputs.n]"), ElementsAre(n));
    EXPECT_THAT(read_by("inputs.n in [inputs.zero]"), ElementsAre(n, zero));
    EXPECT_THAT(read_by("steps.solve.items[-1].text"), ElementsAre(Path{"steps", "solve", "items", "-1", "text"}));
}

TEST(Expression, KnowsItsPaths) {
    const Expression expression =
        Expression::parse("a.b == 1 or not c in [d, a.b] and coalesce(null, e['x y'][0]) != length(f.entropy.mean)");
    EXPECT_THAT(expression.paths(),
                ElementsAre(Path{"a", "b"}, Path{"c"}, Path{"d"}, Path{"e", "x y", "0"}, Path{"f", "entropy", "mean"}));
    EXPECT_THAT(Expression::parse("1").paths(), IsEmpty());
}

TEST(Expression, KeepsItsText) {
    EXPECT_EQ(Expression::parse(" a  == 1 ").text(), " a  == 1 ");
}

std::string repeated(const std::string& text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i)
        result += text;
    return result;
}

TEST(Expression, DeepAndWideIsFine) {
    EXPECT_EQ(value(repeated("(", 60) + "1" + repeated(")", 60)), json(1));
    EXPECT_EQ(value(repeated("not ", 60) + "1"), json(true));
    EXPECT_EQ(value("0" + repeated(" or 0", 10'000)), json(0));
    EXPECT_EQ(value("length([1" + repeated(", 1", 10'000) + "])"), json(10'001));
}

TEST(Expression, NeverThrowsForTheValuesItMeets) {
    json odd;
    odd["nan"] = std::numeric_limits<double>::quiet_NaN();
    odd["bytes"] = "a\xFF";
    odd["binary"] = json::binary({1, 2});
    const auto of = [&odd](std::string_view text) { return Expression::parse(text).evaluate(odd); };
    EXPECT_EQ(of("nan == nan"), json(false));
    EXPECT_EQ(of("nan < 1 or nan >= 1"), json(false));
    EXPECT_EQ(of("length(bytes)"), json(2));
    EXPECT_EQ(of("binary == 1"), json(false));
    for (const json& root : {json(), json(3), json("text"), json::array({1}), json::object()})
        EXPECT_TRUE(Expression::parse("a.b[0]").evaluate(root).is_null());
}

TEST(Expression, CopiesShareTheirTree) {
    const Expression copy = [] {
        const Expression original = Expression::parse("inputs.n == 3");
        return Expression(original);
    }();
    EXPECT_EQ(copy.evaluate(context()), json(true));
}

// Builds a random expression twice: as sparingly and as fully parenthesised as can be.
struct Written {
    std::string sparing, full;
    int binding;  // 0 or, 1 and, 2 not, 3 comparison, 4 value
};

std::string wrapped(const Written& inner, int least) {
    return inner.binding < least ? "(" + inner.sparing + ")" : inner.sparing;
}

Written random_expression(int depth) {
    const int kind = depth == 0 ? 4 : *rc::gen::inRange(0, 5);
    if (kind == 4) {
        const auto leaf = *rc::gen::element<std::string>("null", "0", "1", "'a'", "''", "inputs.n", "inputs.empty",
                                                         "steps.solve.answer", "unknown", "[1, 'a']", "true");
        return {leaf, leaf, 4};
    }
    const Written left = random_expression(depth - 1);
    if (kind == 2) return {"not " + wrapped(left, 2), "(not " + left.full + ")", 2};
    const Written right = random_expression(depth - 1);
    if (kind == 3) {
        const auto sign = *rc::gen::element<std::string>("==", "!=", "<", "<=", ">", ">=", "in", "not in");
        return {wrapped(left, 4) + " " + sign + " " + wrapped(right, 4),
                "(" + left.full + " " + sign + " " + right.full + ")", 3};
    }
    const std::string word = kind == 0 ? " or " : " and ";
    return {wrapped(left, kind) + word + wrapped(right, kind + 1), "(" + left.full + word + right.full + ")", kind};
}

RC_GTEST_PROP(ExpressionProperty, SparingParenthesesMeanTheSame, ()) {
    const Written written = random_expression(4);
    Expression sparing = Expression::parse("null"), full = sparing;
    try {
        sparing = Expression::parse(written.sparing);
    } catch (const ExpressionError& error) {
        RC_FAIL(written.sparing + ": " + error.what());
    }
    try {
        full = Expression::parse(written.full);
    } catch (const ExpressionError& error) {
        RC_FAIL(written.full + ": " + error.what());
    }
    RC_ASSERT(sparing.evaluate(context()) == full.evaluate(context()));
    RC_ASSERT(Expression::parse(sparing.text()).evaluate(context()) == sparing.evaluate(context()));
}

RC_GTEST_PROP(ExpressionProperty, NoTextDoesHarm, (std::string text)) {
    try {
        Expression::parse(text).evaluate(context());
    } catch (const ExpressionError& error) {
        RC_ASSERT(error.offset() <= text.size());
    }
}

RC_GTEST_PROP(ExpressionProperty, NoTokensDoHarm, ()) {
    const auto tokens = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", ".b", "[0]", "[", "]", "(", ")", ",", "not", " in ", "and", " or ", "==", "<", "1", "-", "'x'", "\"",
        "\\u00e9", "null", " ", "length(", "coalesce(", "\xC3\xA9", "\xFF"));
    std::string text;
    for (const std::string& token : tokens)
        text += token;
    try {
        Expression::parse(text).evaluate(context());
    } catch (const ExpressionError& error) {
        RC_ASSERT(error.offset() <= text.size());
    }
}

TEST(Expression, AConstantIsItself) {
    const json value = json::parse(R"([1, {"a": null}])");
    const Expression expression = Expression::constant(value);
    EXPECT_EQ(expression.evaluate(json::object()), value);
    EXPECT_EQ(expression.text(), R"([1,{"a":null}])");
    EXPECT_TRUE(expression.paths().empty());
}

}  // namespace
}  // namespace enough
