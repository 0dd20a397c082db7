#include <enough/workflows/answer_schema.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

std::string refused(const std::string& schema) {
    try {
        AnswerSchema::compile(schema);
        return "compiles";
    } catch (const std::invalid_argument& fault) {
        return fault.what();
    }
}

std::string fault(const std::string& schema, const std::string& value) {
    return AnswerSchema::compile(schema).fault(value).value_or("fits");
}

// The vocabulary of draft-07, each keyword with a value that fits and one that does not.
TEST(AnswerSchema, knows_the_keywords) {
    struct Case {
        const char* schema;
        const char* fits;
        const char* does_not;
    };
    const std::vector<Case> cases{
        {R"({"type": "integer"})", "3", "3.5"},
        {R"({"type": ["string", "null"]})", "null", "1"},
        {R"({"const": {"a": [1]}})", R"({"a": [1]})", R"({"a": [2]})"},
        {R"({"enum": ["a", 1, null]})", "1", "2"},
        {R"({"minimum": 1, "maximum": 3})", "3", "4"},
        {R"({"exclusiveMinimum": 1})", "1.5", "1"},
        {R"({"multipleOf": 0.5})", "1.5", "1.7"},
        {R"({"minLength": 2, "maxLength": 3})", R"("äb")", R"("abcd")"},
        {R"({"pattern": "^[a-z]+-[0-9]{2}$"})", R"("ab-12")", R"("ab-1")"},
        {R"({"minItems": 1, "uniqueItems": true})", "[1, 2]", "[1, 1]"},
        {R"({"items": {"type": "string"}})", R"(["a"])", R"(["a", 1])"},
        {R"({"items": [{"type": "string"}], "additionalItems": false})", R"(["a"])", R"(["a", 1])"},
        {R"({"contains": {"const": 1}})", "[2, 1]", "[2]"},
        {R"({"required": ["a"], "properties": {"a": {"type": "number"}}})", R"({"a": 1})", R"({"b": 1})"},
        {R"({"properties": {"a": true}, "additionalProperties": false})", R"({"a": 1})", R"({"b": 1})"},
        {R"({"patternProperties": {"^n_": {"type": "number"}}})", R"({"n_a": 1})", R"({"n_a": "x"})"},
        {R"({"propertyNames": {"maxLength": 2}})", R"({"ab": 1})", R"({"abc": 1})"},
        {R"({"minProperties": 1})", R"({"a": 1})", "{}"},
        {R"({"dependencies": {"a": ["b"]}})", R"({"a": 1, "b": 2})", R"({"a": 1})"},
        {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "2", "3"},
        {R"({"anyOf": [{"const": 1}, {"const": 2}]})", "2", "3"},
        {R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "1", "3"},
        {R"({"not": {"const": 1}})", "2", "1"},
        {R"({"if": {"type": "number"}, "then": {"minimum": 1}, "else": {"type": "string"}})", R"("a")", "0"},
        {R"({"definitions": {"n": {"type": "number"}}, "items": {"$ref": "#/definitions/n"}})", "[1]", R"(["a"])"},
        {R"({"$defs": {"n": {"type": "number"}}, "items": {"$ref": "#/$defs/n"}})", "[1]", R"(["a"])"},
        {R"({"properties": {"child": {"$ref": "#"}, "n": {"type": "integer"}}})", R"({"child": {"child": {"n": 1}}})",
         R"({"child": {"child": {"n": "x"}}})"},
        {R"({"$id": "http://127.0.0.1/a.json", "$schema": "x", "title": "t", "format": "date", "type": "integer"})",
         "1", R"("2020-01-01")"},
        {"true", "1", ""},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(fault(one.schema, one.fits), "fits") << one.schema;
        EXPECT_NE(fault(one.schema, one.does_not), "fits") << one.schema;
    }
}

TEST(AnswerSchema, says_what_is_wrong_and_where) {
    const std::string schema = R"({"type": "object", "required": ["n", "list"], "properties":
        {"n": {"type": "integer"}, "list": {"type": "array", "items": {"properties": {"x": {"maximum": 3}}}}}})";
    EXPECT_EQ(fault(schema, R"({"n": 1})"), "missing required property 'list'");
    EXPECT_EQ(fault(schema, R"({"n": "1", "list": []})"), "at /n: value type not permitted by 'type' constraint");
    EXPECT_EQ(fault(schema, R"({"n": 1, "list": [{}, {"x": 4}]})"),
              "at /list/1/x: expected number less than or equal to 3.000000");
    EXPECT_EQ(fault(schema, "{"), "it is no JSON");
    EXPECT_EQ(fault(schema, ""), "it is no JSON");
}

TEST(AnswerSchema, gives_its_text_back_compact) {
    EXPECT_EQ(AnswerSchema::compile("{ \"type\" :\n\"object\", \"title\": \"t\" }").text(),
              R"({"title":"t","type":"object"})");
}

TEST(AnswerSchema, refuses_what_is_no_schema) {
    const std::string no = "this is no JSON Schema: ";
    EXPECT_EQ(refused("{"), "this is no JSON");
    EXPECT_EQ(refused("3"), no + "expected a schema: an object, true or false");
    EXPECT_EQ(refused(R"({"type": "text"})"), no + "at /type: there is no type 'text'");
    EXPECT_EQ(refused(R"({"type": []})"), no + "at /type: this value does not fit the keyword");
    EXPECT_EQ(refused(R"({"items": {"minItems": -1}})"),
              no + "at /items/minItems: this value does not fit the keyword");
    EXPECT_EQ(refused(R"({"multipleOf": 0})"), no + "at /multipleOf: this value does not fit the keyword");
    EXPECT_EQ(refused(R"({"allOf": []})"), no + "at /allOf: expected a list of schemas");
    EXPECT_EQ(refused(R"({"properties": {"a/b": 3}})"),
              no + "at /properties/a~1b: expected a schema: an object, true or false");
    EXPECT_EQ(refused(R"({"pattern": "("})").substr(0, no.size() + 32), no + "at /pattern: not a valid pattern");
    EXPECT_EQ(refused(R"({"dependencies": {"a": [1]}})"),
              no + "at /dependencies/a: this value does not fit the keyword");
}

TEST(AnswerSchema, follows_no_reference_that_leads_outside_or_round_in_circles) {
    const std::string no = "this is no JSON Schema: ";
    const std::string outside = "only references within the schema are followed ('#/…')";
    EXPECT_EQ(refused(R"({"$ref": "http://127.0.0.1:9/x"})"), no + "at /$ref: " + outside);
    EXPECT_EQ(refused(R"({"items": {"$ref": "file:///etc/passwd"}})"), no + "at /items/$ref: " + outside);
    EXPECT_EQ(refused(R"({"$ref": "other.json#/a"})"), no + "at /$ref: " + outside);
    EXPECT_EQ(refused(R"({"$ref": 3})"), no + "at /$ref: " + outside);
    EXPECT_EQ(refused(R"({"$ref": "#/definitions/a"})"), no + "at /$ref: there is no '#/definitions/a'");
    EXPECT_EQ(refused(R"({"$ref": "#"})"), no + "at /$ref: the schema refers to itself without end");
    EXPECT_EQ(refused(R"({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"not": {"$ref": "#/definitions/a"}}},
                          "items": {"$ref": "#/definitions/a"}})")
                  .substr(0, no.size()),
              no);
}

TEST(AnswerSchema, is_bounded) {
    std::string deep = "true";
    for (int i = 0; i < 40; ++i)
        deep = R"({"items": )" + deep + "}";
    EXPECT_EQ(refused(deep), "compiles");
    for (int i = 0; i < 40; ++i)
        deep = R"({"items": )" + deep + "}";
    EXPECT_EQ(refused(deep), "this is no JSON Schema: nested more than 64 levels deep");
    EXPECT_EQ(refused(std::string(300'000, ' ') + "true"), "this JSON Schema is larger than 256 KiB");

    std::string doubling = R"({"definitions": {"d20": true)";
    for (int i = 0; i < 20; ++i)
        doubling += R"(, "d)" + std::to_string(i) + R"(": {"allOf": [{"$ref": "#/definitions/d)" +
                    std::to_string(i + 1) + R"("}, {"$ref": "#/definitions/d)" + std::to_string(i + 1) + R"("}]})";
    EXPECT_NE(refused(doubling + R"(}, "$ref": "#/definitions/d0"})").find("too many schemas apply to one value"),
              std::string::npos);

    const AnswerSchema schema = AnswerSchema::compile(R"({"items": {"$ref": "#"}})");
    EXPECT_EQ(schema.fault(std::string(50, '[') + std::string(50, ']')), std::nullopt);
    EXPECT_EQ(schema.fault(std::string(100'000, '[')), "it is nested more than 64 levels deep");
    EXPECT_EQ(schema.fault(std::string(100'000, '[') + std::string(100'000, ']')),
              "it is nested more than 64 levels deep");
}

// The validator matches patterns with std::regex, which tries.
TEST(AnswerSchema, takes_no_pattern_that_may_take_for_ever) {
    const std::string never =
        "this is no JSON Schema: at /pattern: a repeated group with repetition or choice inside may "
        "take for ever";
    for (const char* pattern : {"(a+)+$", "(a|aa)*", "((a*)b)+", "(?:x?y)*", "([a-z]+,){3}", "(a{1,5}){2,}"})
        EXPECT_EQ(refused(std::string(R"({"pattern": ")") + pattern + R"("})"), never) << pattern;
    for (const char* pattern : {"^(abc)+$", "[(a+)+]+", "\\\\(a+\\\\)+", "(a{3}){2}", "(yes|no)", "^[^]|]+$"})
        EXPECT_EQ(refused(std::string(R"({"pattern": ")") + pattern + R"("})"), "compiles") << pattern;
    EXPECT_NE(refused(R"({"pattern": "a*b*c*d*e*"})"), "compiles");
    const AnswerSchema schema = AnswerSchema::compile(R"({"pattern": "^a+$"})");
    EXPECT_EQ(schema.fault("\"" + std::string(900, 'a') + "\""), std::nullopt);
    EXPECT_EQ(schema.fault("\"" + std::string(100'000, 'a') + "\""),
              "it holds a text of more than 1000 characters, too long for the schema's patterns");
}

}  // namespace
}  // namespace enough
