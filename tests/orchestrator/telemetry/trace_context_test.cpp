#include <enough/orchestrator/trace_context.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace enough::test {
namespace {

const std::string trace = "12345678901234567890123456789012";
const std::string parent = "1234567890123456";
const std::string good = "00-" + trace + "-" + parent + "-01";

TEST(TraceContext, ReadsAndWrites) {
    const auto context = read_trace_context(good, "foo=1,bar=2");
    ASSERT_TRUE(context);
    EXPECT_EQ(context->trace_id, trace);
    EXPECT_EQ(context->span_id, parent);
    EXPECT_TRUE(context->sampled());
    EXPECT_EQ(context->state, "foo=1,bar=2");
    EXPECT_EQ(traceparent(*context), good);
}

TEST(TraceContext, BlanksAroundItDontCount) {
    EXPECT_TRUE(read_trace_context(" \t" + good + " "));
}

// The cases of the standard's own test suite, https://github.com/w3c/trace-context/blob/main/test/test.py.
TEST(TraceContext, RefusesWhatTheStandardRefuses) {
    const std::string ids = trace + "-" + parent;
    for (const std::string& bad : {
             std::string(),
             std::string("00"),
             std::string("foo"),
             "ff-" + ids + "-01",  // version 255 is forbidden
             ".0-" + ids + "-01",
             "0.-" + ids + "-01",
             "0-" + ids + "-01",
             "000-" + ids + "-01",
             "00-" + ids + "-01.",
             "00-" + ids + "-01-what-the-future-will-be-like",  // version 00 has four fields
             "cc-" + ids + "-01.what-the-future-will-be-like",
             "00-" + std::string(32, '0') + "-" + parent + "-01",
             "00-" + trace + "-" + std::string(16, '0') + "-01",
             "00-.2345678901234567890123456789012-" + parent + "-01",
             "00-1234567890123456789012345678901.-" + parent + "-01",
             "00-ABCDEF78901234567890123456789012-" + parent + "-01",  // lower case only
             "00-" + trace.substr(1) + "-" + parent + "-01",
             "00-" + trace + "3-" + parent + "-01",
             "00-" + trace + "-.234567890123456-01",
             "00-" + trace + "-123456789012345-01",
             "00-" + ids + "-.0",
             "00-" + ids + "-0.",
             "00-" + ids + "-1",
             "00-" + ids + "-001",
             "00-" + ids,
         })
        EXPECT_FALSE(read_trace_context(bad)) << bad;
}

TEST(TraceContext, ReadsTheFirstFourFieldsOfVersionsToCome) {
    EXPECT_TRUE(read_trace_context("cc-" + trace + "-" + parent + "-01"));
    EXPECT_TRUE(read_trace_context("cc-" + trace + "-" + parent + "-01-what-the-future-will-be-like"));
    const auto context = read_trace_context("cc-" + trace + "-" + parent + "-ff");
    ASSERT_TRUE(context);
    EXPECT_EQ(traceparent(*context),
              "00-" + trace + "-" + parent + "-03");  // flags that are not known are not passed on
}

std::string state_of(const std::string& given) {
    return read_trace_context(good, given)->state;
}

TEST(TraceContext, TheStateIsTidied) {
    EXPECT_EQ(state_of("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3");
    EXPECT_EQ(state_of("foo=1,"), "foo=1");
    EXPECT_EQ(state_of(",,foo=1,,,bar=2"), "foo=1,bar=2");
    EXPECT_EQ(state_of("t61rcwkgmze@vendor=00f067aa0ba902b7"), "t61rcwkgmze@vendor=00f067aa0ba902b7");
    EXPECT_EQ(state_of("a" + std::string(255, 'b') + "=1"), "a" + std::string(255, 'b') + "=1");
}

TEST(TraceContext, ABrokenStateAloneIsLeftOut) {
    for (const std::string& bad :
         {std::string("foo"), std::string("=1"), std::string("foo="), std::string("FOO=1"), std::string("foo =1"),
          std::string("@foo=1"), std::string("foo=1=2"), std::string("foo=1,foo=2"), std::string("foo=\x01"),
          "a" + std::string(256, 'b') + "=1", "foo=" + std::string(257, 'x')}) {
        EXPECT_EQ(state_of(bad), "") << bad;
        EXPECT_TRUE(read_trace_context(good, bad)) << bad;
    }
}

TEST(TraceContext, AStateHas32MembersAtMost) {
    std::string list;
    for (int i = 0; i < 32; ++i)
        list += fmt::format("{}k{}=1", i ? "," : "", i);
    EXPECT_EQ(state_of(list), list);
    EXPECT_EQ(state_of(list + ",more=1"), "");
}

TEST(TraceContext, ALongStateLosesItsLastMembers) {
    const std::string member = std::string(250, 'x');
    EXPECT_EQ(state_of("a=" + member + ",b=" + member + ",c=" + member), "a=" + member + ",b=" + member);
}

TEST(RunTrace, IdsAreWellFormedAndPure) {
    const RunTrace one = own_trace("run-1", std::nullopt, true);
    EXPECT_EQ(one, own_trace("run-1", std::nullopt, true));
    EXPECT_TRUE(std::regex_match(traceparent(one.context), std::regex("00-[0-9a-f]{32}-[0-9a-f]{16}-01")));
    EXPECT_NE(one.context.trace_id, own_trace("run-2", std::nullopt, true).context.trace_id);
    EXPECT_EQ(one.parent_span, "");
    EXPECT_EQ(traceparent(own_trace("run-1", std::nullopt, false).context).substr(53), "00");
}

TEST(RunTrace, EachCallHasASpanOfItsOwnInTheParentsTrace) {
    const auto asked = read_trace_context(good, "foo=1");
    const RunTrace own = own_trace("run-1", asked, true);
    EXPECT_EQ(own.context.trace_id, trace);
    EXPECT_EQ(own.parent_span, parent);
    const TraceContext first = call_context(own, "run-1", 1);
    EXPECT_EQ(first.trace_id, trace);
    EXPECT_EQ(first.state, "foo=1");
    EXPECT_NE(first.span_id, own.context.span_id);
    EXPECT_NE(first.span_id, call_context(own, "run-1", 2).span_id);
    EXPECT_NE(first.span_id, call_context(own, "run-2", 1).span_id);
}

TEST(RunTrace, WithoutSpansTheCallersContextIsPassedOnAsItCame) {
    const auto asked = read_trace_context(good, "foo=1");
    EXPECT_EQ(call_context(RunTrace{*asked, "", false}, "run-1", 1), *asked);
}

}  // namespace
}  // namespace enough::test
