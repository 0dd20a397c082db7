#include <enough/workflows/expression_error.hpp>
#include <enough/workflows/template.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace enough {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json context() {
    return json::parse(R"({"inputs": {"question": "1 + 1?", "n": 3, "half": 0.5, "two": 2.0, "big": 1e21,
        "list": [1, "a"], "yes": true, "none": null}, "steps": {"a": {"text": "line\n"}}})");
}

std::string render(std::string_view text) {
    return Template::parse(text).render(context());
}

TEST(Template, RendersValues) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", ""},
        {"plain", "plain"},
        {"{{ inputs.question }}", "1 + 1?"},
        {"{{inputs.question}}", "1 + 1?"},
        {"{{\n  inputs.question\n}}", "1 + 1?"},
        {"Q: {{ inputs.question }}\nA: {{ steps.a.text }}.", "Q: 1 + 1?\nA: line\n."},
        {"{{ inputs.n }}{{ inputs.n }}", "33"},
        {"[{{ inputs.none }}]", "[]"},
        {"[{{ inputs.unknown }}]", "[]"},
        {"[{{ null }}]", "[]"},
        {"{{ inputs.half }}", "0.5"},
        {"{{ inputs.two }}", "2"},
        {"{{ inputs.big }}", "1e+21"},
        {"{{ 100000.0 }}", "100000"},
        {"{{ 0.1 }}", "0.1"},
        {"{{ -7 }}", "-7"},
        {"{{ 18446744073709551615 }}", "18446744073709551615"},
        {"{{ inputs.yes }} {{ 1 == 2 }}", "true false"},
        {"{{ inputs.list }}", R"([1,"a"])"},
        {"{{ steps.a }}", R"({"text":"line\n"})"},
        {"{{ [1, inputs.n] }}", "[1,3]"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(render(text), expected) << text;
}

TEST(Template, LeavesOtherBracesAlone) {
    for (const char* text :
         {"{", "}", "}}", "a}}b", "{ {x} }", R"(\frac{1}{2})", R"({"a": {"b": 1}})", "{% if %}", "${X}"})
        EXPECT_EQ(render(text), text);
}

TEST(Template, BracesInsideStringsEndNothing) {
    EXPECT_EQ(render(R"({{ "{{" }}x{{ '}}' }})"), "{{x}}");
    EXPECT_EQ(render(R"({{ "a\"}}" }})"), "a\"}}");
    EXPECT_EQ(render(R"({{ 'it\'s }}' }})"), "it's }}");
}

TEST(Template, ErrorsPointIntoTheTemplate) {
    const std::vector<std::tuple<std::string, std::size_t, std::string>> cases = {
        {"ab {{ inputs.x", 3, "'{{' is not closed"},
        {"{{", 0, "'{{' is not closed"},
        {"{{ }}", 0, "expected an expression between '{{' and '}}'"},
        {"x{{}}", 1, "expected an expression between '{{' and '}}'"},
        {"{{ a and }}", 9, "expected a value after 'and'"},
        {"x {{ a }} {{ b == }}", 18, "expected a value after '=='"},
        {"{{ a && b }}", 5, "write 'and'"},
        {"{{ don't }}", 6, "the string is not closed"},
        {"{{{ a }}}", 2, "to write '{{' itself"},
        {"{{{{ a }}}}", 2, "to write '{{' itself"},
        {"é{{ 1 2 }}", 7, "expected an operator or the end"},
        {"{{ name | upper }}", 8, "there are no filters"},
    };
    for (const auto& [text, offset, message] : cases) {
        try {
            Template::parse(text);
            ADD_FAILURE() << "no error in " << text;
        } catch (const ExpressionError& error) {
            EXPECT_EQ(error.offset(), offset) << text << ": " << error.what();
            EXPECT_THAT(error.what(), HasSubstr(message)) << text;
        }
    }
}

TEST(Template, KnowsItsPaths) {
    const Template text = Template::parse("{{ inputs.a }} {{ coalesce(steps.x.text, inputs.a) }} {{ inputs.b }}");
    EXPECT_THAT(text.paths(), ElementsAre(Path{"inputs", "a"}, Path{"steps", "x", "text"}, Path{"inputs", "b"}));
}

TEST(Template, TellsWhatItRead) {
    std::vector<Path> read;
    Template::parse("{{ inputs.n }} {{ coalesce(inputs.question, steps.a.text) }} {{ inputs.n }}")
        .render(context(), read);
    EXPECT_THAT(read, ElementsAre(Path{"inputs", "n"}, Path{"inputs", "question"}));
}

TEST(Template, EmptyMeansNoText) {
    EXPECT_TRUE(Template().empty());
    EXPECT_TRUE(Template::parse("").empty());
    EXPECT_FALSE(Template::parse(" ").empty());
    EXPECT_FALSE(Template::parse("{{ null }}").empty());
    EXPECT_EQ(Template::parse("a {{ b }}").text(), "a {{ b }}");
}

TEST(Template, SurvivesValuesThatJsonCannotHold) {
    json odd;
    odd["bytes"] = "a\xFF";
    odd["list"] = json::array({"a\xFF"});
    odd["nan"] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(Template::parse("{{ bytes }}").render(odd), "a\xFF");
    EXPECT_EQ(Template::parse("{{ list }}").render(odd), "[\"a\xEF\xBF\xBD\"]");
    EXPECT_EQ(Template::parse("[{{ nan }}]").render(odd), "[]");
    EXPECT_EQ(Template::parse("[{{ nan }}]").render(json()), "[]");
}

RC_GTEST_PROP(TemplateProperty, TextWithoutPlaceholdersIsItself, (std::string text)) {
    RC_PRE(text.find("{{") == std::string::npos);
    RC_ASSERT(Template::parse(text).render(json()) == text);
}

RC_GTEST_PROP(TemplateProperty, AnyTextCanBeWrittenAsAString, (std::string text)) {
    std::string quoted;
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    RC_ASSERT(Template::parse("<{{ \"" + quoted + "\" }}>").render(json()) == "<" + text + ">");
}

RC_GTEST_PROP(TemplateProperty, NoTextDoesHarm, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("{{", "}}", "{", "}", "\"", "'", "\\", " ", "a", "and", ".", "[", "]", "(", ")",
                                      "==", "1", "not in", "\n", "\xFF"));
    std::string text;
    for (const std::string& piece : pieces)
        text += piece;
    try {
        Template::parse(text).render(json());
    } catch (const ExpressionError& error) {
        RC_ASSERT(error.offset() <= text.size());
    }
}

TEST(Template, KnowsWhenItIsOneExpression) {
    EXPECT_EQ(Template::parse("{{ inputs.a }}").only_expression()->text(), " inputs.a ");
    for (const char* text : {"", "a", " {{ inputs.a }}", "{{ inputs.a }}{{ inputs.b }}"})
        EXPECT_FALSE(Template::parse(text).only_expression()) << text;
}

}  // namespace
}  // namespace enough
