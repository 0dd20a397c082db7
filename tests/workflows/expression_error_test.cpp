#include <enough/workflows/expression.hpp>
#include <enough/workflows/expression_error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

using testing::HasSubstr;

struct Fault {
    std::string text;
    std::size_t offset;
    const char* message;  // a part of it
};

void expect_faults(const std::vector<Fault>& faults) {
    for (const Fault& fault : faults) {
        try {
            Expression::parse(fault.text);
            ADD_FAILURE() << "no error in " << fault.text.substr(0, 100);
        } catch (const ExpressionError& error) {
            EXPECT_EQ(error.offset(), fault.offset) << fault.text.substr(0, 100) << ": " << error.what();
            EXPECT_THAT(error.what(), HasSubstr(fault.message)) << fault.text.substr(0, 100);
        }
    }
}

TEST(ExpressionError, WhatIsMissing) {
    expect_faults({
        {"", 0, "expected an expression"},
        {"   ", 0, "expected an expression"},
        {"a and", 5, "expected a value after 'and'"},
        {"a and ", 6, "expected a value after 'and'"},
        {"a == == b", 5, "expected a value after '==', found '=='"},
        {"and a", 0, "expected a value, found 'and'"},
        {"not", 3, "expected a value after 'not'"},
        {"a not b", 6, "expected 'in' after 'not', found 'b'"},
        {"a == not b", 5, "put the 'not' in parentheses"},
        {"(a", 0, "'(' is not closed"},
        {"1 == (a or (b)", 5, "'(' is not closed"},
        {"[1, 2", 0, "'[' is not closed"},
        {"[1 2]", 3, "expected , or ] after '1', found '2'"},
        {"[,]", 1, "expected a value after '[', found ','"},
        {"(a b)", 3, "expected ) after 'a', found 'b'"},
        {"()", 1, "expected a value after '(', found ')'"},
        {"a)", 1, "')' closes nothing"},
        {"a b", 2, "expected an operator or the end after 'a', found 'b'"},
        {"a true", 2, "expected an operator or the end after 'a', found 'true'"},
        {"a.", 2, "expected a name after '.'"},
        {"a..b", 2, "expected a name after '.'"},
        {"a[", 2, "expected a string or a whole number after '['"},
        {"a[b]", 2, "expected a string or a whole number after '['"},
        {"a[1", 1, "'[' is not closed"},
        {"a[1 2]", 4, "expected ']'"},
        {"a[1.5]", 3, "expected ']'"},
        {"a[12345678901]", 2, "too large for an index"},
        {"1 < 2 < 3", 6, "comparisons do not chain; join two of them with 'and'"},
        {"a == b in c", 7, "comparisons do not chain"},
    });
}

TEST(ExpressionError, HabitsFromOtherLanguages) {
    expect_faults({
        {"a && b", 2, "'&&' is not an operator; write 'and'"},
        {"a || b", 2, "'||' is not an operator; write 'or'"},
        {"!a", 0, "'!' is not an operator; write 'not'"},
        {"a = 1", 2, "'=' compares nothing; write '=='"},
        {"a === 1", 2, "write '=='"},
        {"a !== 1", 2, "write '!='"},
        {"a <> 1", 2, "write '!='"},
        {"a => 1", 2, "write '>='"},
        {"a + 1", 2, "expressions do no arithmetic"},
        {"a - 1", 2, "expressions do no arithmetic"},
        {"a -1", 2, "expected an operator or the end after 'a', found '-1'"},
        {"a * 1", 2, "expressions do no arithmetic"},
        {"a | upper", 2, "there are no filters"},
        {"a == “x”", 5, "typographic quotes"},
        {"a == None", 5, "'None' is not a value; write 'null'"},
        {"a == True", 5, "'True' is not a value; write 'true'"},
        {"a ? b : c", 2, "unexpected '?'"},
        {"{a: 1}", 0, "'{' starts nothing here"},
        {"é", 0, "unexpected 'é'"},
        {"a\x01", 1, "unexpected"},
        {"a\xFF", 1, "a byte that is not UTF-8"},
        {std::string("a\0b", 3), 1, "unexpected"},
    });
}

TEST(ExpressionError, Functions) {
    expect_faults({
        {"len(a)", 0, "unknown function 'len'; did you mean 'length'?"},
        {"1 == coalsece(a)", 5, "unknown function 'coalsece'; did you mean 'coalesce'?"},
        {"upper(a)", 0, "unknown function 'upper'; there are 'coalesce' and 'length'"},
        {"a.length()", 0, "unknown function 'a.length'"},
        {"length()", 0, "'length' takes exactly one value"},
        {"length(1, 2)", 0, "'length' takes exactly one value"},
        {"coalesce()", 0, "'coalesce' takes at least one value"},
        {"length(a", 6, "'(' is not closed"},
        {"length(a b)", 9, "expected , or ) after 'a', found 'b'"},
    });
}

TEST(ExpressionError, NumbersAndStrings) {
    expect_faults({
        {"12abc", 0, "'12abc' is not a number"},
        {"a == 1.", 5, "'1.' is not a number"},
        {"1.2.3", 0, "'1.2.3' is not a number"},
        {"007", 0, "'007' is not a number"},
        {"1e", 0, "'1e' is not a number"},
        {"1e999", 0, "'1e999' is too large for a number"},
        {"a == 'x", 5, "the string is not closed; it lacks a '"},
        {"\"x'", 0, "the string is not closed; it lacks a \""},
        {R"('\')", 0, "the string is not closed"},
        {R"('ab\q')", 3, R"(unknown escape '\q')"},
        {R"('\u12G4')", 1, "four hexadecimal digits"},
        {R"('\ud800')", 1, "half a character"},
        {R"('\ud800\u0041')", 1, "half a character"},
        {R"('\udc00')", 1, "half a character"},
    });
}

std::string repeated(const std::string& text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i)
        result += text;
    return result;
}

TEST(ExpressionError, BombsAreRefused) {
    const std::string tail = " x";
    const int many = 20'000;
    for (const char* opening : {"(", "[", "not ", "length(", "coalesce(1, ", "1 == (", "a and (", "[[1],"}) {
        const std::string bomb = repeated(opening, many / 8) + tail;
        try {
            Expression::parse(bomb);
            ADD_FAILURE() << "no error for many " << opening;
        } catch (const ExpressionError& error) {
            EXPECT_THAT(error.what(), HasSubstr("nested more than 64 levels deep")) << opening;
        }
    }
    expect_faults({
        {std::string(70'000, ' ') + "1", 65536, "at most 65536 bytes"},
        {"a" + repeated(".b", 200), 0, "at most 64 parts"},
    });
}

}  // namespace
}  // namespace enough
